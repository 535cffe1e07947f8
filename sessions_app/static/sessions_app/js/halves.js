// One half of the view face to face: what was said, in the language of whoever sits there, and a large button.

import { make } from "./elements.js";
import { microphone } from "./icons.js";
import { Follower } from "./scrolling.js";
import { sayFacing } from "./strings_faces.js";

const NOTED = new Set(["failed", "interrupted", "waiting"]);

export class Half {
  place = make("section", { class: "face", role: "group" });
  language = "";
  #shown = new Map(); // entry -> element
  #welcome = make("p", { class: "face-welcome" });
  #list = make("ol", { class: "face-said" });
  #words = make("div", { class: "face-words", tabindex: "0" }, this.#welcome, this.#list);
  #label = make("span", { class: "label" });
  #button = make("button", { class: "face-listen", type: "button", "aria-pressed": "false" }, microphone(), this.#label);
  #follower;

  // `press(language)` is what the button does.
  constructor(press) {
    this.#button.addEventListener("click", () => press(this.language));
    this.place.append(this.#words, this.#button);
    this.#follower = new Follower(this.#words);
  }

  // `isTold`: screen readers are told what comes; one half is enough.
  speak(language, isTold) {
    this.language = language;
    this.place.lang = language;
    this.place.setAttribute("aria-label", this.#say("face.half"));
    this.#welcome.textContent = this.#say("face.welcome");
    this.#words.setAttribute("aria-label", this.#say("face.said"));
    this.#words.setAttribute("role", "region");
    this.#list.setAttribute("aria-live", isTold ? "polite" : "off");
  }

  // `isHeard`: this language, and only this one, is being listened to.
  showState(isHeard) {
    this.#button.setAttribute("aria-pressed", String(isHeard));
    this.#label.textContent = this.#say(isHeard ? "face.stop" : "face.speak");
  }

  showLevel(level) {
    this.#button.style.setProperty("--level", level);
  }

  focus() {
    this.#button.focus();
  }

  // `following` are the entries after it; `spoken` is the language that is listened to, empty: either.
  show(entry, following, spoken) {
    const item = this.#itemOf(entry, entry.language ?? spoken);
    const before = this.#shown.get(entry);
    const after = following.map((other) => this.#shown.get(other)).find(Boolean) ?? null;
    this.#shown.set(entry, item);
    if (before) before.replaceWith(item);
    else this.#list.insertBefore(item, after);
    this.#afterChange();
  }

  remove(entry) {
    this.#shown.get(entry)?.remove();
    this.#shown.delete(entry);
    this.#afterChange();
  }

  clear() {
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#afterChange();
  }

  #afterChange() {
    this.#welcome.hidden = this.#shown.size > 0;
    this.#follower.follow();
  }

  #itemOf(entry, language) {
    const isPartial = entry.state === "hearing";
    const item = make("li", { class: isPartial ? "hearing" : "known" });
    const words = isPartial ? [entry.stable, entry.unstable].filter(Boolean).join(" ") : entry.source;
    const translated = isPartial ? entry.draft : entry.translated;
    const isOwn = language === this.language;
    if (isOwn || !translated || !language) item.append(paragraph(isOwn ? "own" : "heard", language, words || "…"));
    if (!isOwn && translated) item.append(paragraph("theirs", language && this.language, translated));
    if (entry.state === "heard" && !isOwn) item.classList.add("waiting");
    item.append(...this.#notes(entry, isOwn));
    return item;
  }

  #notes(entry, isOwn) {
    const notes = [];
    if (NOTED.has(entry.state)) notes.push(this.#say(`face.${entry.state}`));
    if (entry.gist && entry.translated && !isOwn) notes.push(this.#say("face.gist"));
    return notes.map((text) => make("p", { class: "note" }, text));
  }

  #say(key) {
    return sayFacing(key, this.language || undefined);
  }
}

function paragraph(kind, language, text) {
  return make("p", language ? { class: kind, lang: language } : { class: kind }, text);
}

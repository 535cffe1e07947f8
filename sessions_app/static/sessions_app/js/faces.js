// Face to face: two halves, the far one turned round, each in its own language, with what steers them both in between.

import { make } from "./elements.js";
import { Half } from "./halves.js";
import { cross, microphone, turned, upAndDown } from "./icons.js";
import { keepSetting, setting } from "./settings.js";
import { sayFacing } from "./strings_faces.js";

const OTHER = { es: "en", en: "es" };
const directionOf = (language) => `${language}_to_${OTHER[language]}`;

export class Faces {
  #live;
  #place;
  #far = new Half((language) => this.#press(directionOf(language)));
  #near = new Half((language) => this.#press(directionOf(language)));
  #autoLabel = make("span");
  #auto = make("button", { class: "button auto", type: "button" }, microphone(), this.#autoLabel);
  #turn = signButton("face.turn", turned, () => this.#choose("farIsTurned", !setting("farIsTurned")));
  #swap = signButton("face.swap", upAndDown, () => this.#choose("nearLanguage", this.#far.language));
  #close = signButton("face.close", cross, () => this.#live.view.show("cards"));

  constructor(place, live) {
    this.#place = place;
    this.#live = live;
    const bar = make("div", { class: "face-bar", role: "group", "aria-label": sayFacing("face.both") }, this.#auto, this.#swap, this.#turn, this.#close);
    this.#far.place.classList.add("far");
    this.#near.place.classList.add("near");
    this.#auto.addEventListener("click", () => this.#press("auto"));
    place.replaceChildren(this.#far.place, bar, this.#near.place);
    live.view.addEventListener("change", () => this.#open());
    live.choices.addEventListener("change", () => this.#showState());
    live.listening.addEventListener("state", () => this.#showState());
    live.listening.addEventListener("level", ({ detail }) => this.#showLevel(detail.level));
    document.addEventListener("keydown", (event) => this.#take(event));
  }

  show(entry, following = []) {
    if (!this.#isOpen) return;
    const spoken = this.#spoken;
    this.#halves.forEach((half) => half.show(entry, following, spoken));
  }

  remove(entry) {
    if (this.#isOpen) this.#halves.forEach((half) => half.remove(entry));
  }

  get #isOpen() {
    return this.#live.view.name === "faces";
  }

  get #halves() {
    return [this.#far, this.#near];
  }

  // The language that is listened to; empty: either.
  get #spoken() {
    const { direction } = this.#live.choices;
    return direction === "auto" ? "" : direction.slice(0, 2);
  }

  #open() {
    const wasOpen = !this.#place.hidden;
    this.#place.hidden = !this.#isOpen;
    if (this.#isOpen) this.#fill();
    if (this.#isOpen && !wasOpen) this.#near.focus();
    else if (wasOpen && !this.#isOpen) document.getElementById("listen").focus();
  }

  #fill() {
    const near = OTHER[setting("nearLanguage")] ? setting("nearLanguage") : document.documentElement.lang.slice(0, 2);
    this.#near.speak(near, true);
    this.#far.speak(OTHER[near], false);
    const isTurned = setting("farIsTurned");
    this.#far.place.classList.toggle("turned", isTurned);
    this.#turn.setAttribute("aria-pressed", String(isTurned));
    this.#halves.forEach((half) => half.clear());
    this.#live.journal.entries.forEach((entry) => this.show(entry));
    this.#showState();
  }

  #choose(name, value) {
    keepSetting(name, value);
    this.#fill();
  }

  // Listens in that direction, or not any more.
  #press(direction) {
    const { listening, choices } = this.#live;
    if (listening.isOn && choices.direction === direction) return void listening.stop();
    if (choices.direction !== direction) choices.choose("direction", direction);
    if (!listening.isOn) listening.start();
  }

  #showState() {
    const { isOn } = this.#live.listening;
    const spoken = this.#spoken;
    this.#halves.forEach((half) => half.showState(isOn && spoken === half.language));
    this.#auto.setAttribute("aria-pressed", String(isOn && !spoken));
    this.#autoLabel.textContent = sayFacing(isOn && !spoken ? "face.stop" : "face.auto");
  }

  #showLevel(level) {
    if (this.#isOpen) this.#halves.forEach((half) => half.showLevel(level.toFixed(3)));
  }

  #take(event) {
    if (this.#isOpen && event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) {
      this.#live.view.show("cards");
    }
  }
}

function signButton(key, sign, act) {
  const button = make("button", { class: "icon-button", type: "button", title: sayFacing(key) }, sign(), make("span", { class: "hidden" }, sayFacing(key)));
  button.addEventListener("click", act);
  return button;
}

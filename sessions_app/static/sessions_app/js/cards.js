// Entries of the journal as cards on the page. Text is only ever text.

import { make } from "./elements.js";
import { phraseNote } from "./phrases.js";
import { reasonOf } from "./problems.js";
import { nameOf } from "./speakers.js";
import { say } from "./strings.js";

export class Cards {
  #finals;
  #partials;
  #shown = new Map(); // entry -> element
  #queue = make("p", { class: "queue muted" });
  #acts;

  // `acts` are what a card's buttons do: rename(speaker), sendAgain(entry), fetchBetter(); without one, no button.
  constructor({ finals, partials, acts }) {
    this.#finals = finals;
    this.#partials = partials;
    this.#acts = acts;
  }

  get isEmpty() {
    return this.#shown.size === 0;
  }

  // `following` are the entries after it, where it is one that was missing.
  show(entry, following = []) {
    const isPartial = entry.state === "hearing";
    const card = isPartial ? this.#partialCard(entry) : this.#finalCard(entry);
    const before = this.#shown.get(entry);
    const place = isPartial ? this.#partials : this.#finals;
    this.#shown.set(entry, card);
    if (before?.parentElement === place) {
      refill(before, card);
      this.#shown.set(entry, before);
      this.#gather();
      return;
    }
    before?.remove();
    place.insertBefore(card, isPartial ? null : this.#cardAfter(following));
    this.#gather();
  }

  // What an element of the finals shows.
  entryOf = (element) => [...this.#shown].find(([, card]) => card === element)?.[0];

  remove(entry) {
    this.#shown.get(entry)?.remove();
    this.#shown.delete(entry);
    this.#gather();
  }

  // The first final card of the entries `following`.
  #cardAfter(following) {
    const cards = following.map((entry) => this.#shown.get(entry));
    return cards.find((card) => card?.parentElement === this.#finals) ?? null;
  }

  // Sentences that were said and have no words yet are one line with their number, if they are several.
  #gather() {
    const waiting = [...this.#shown].filter(([entry]) => entry.state === "hearing" && entry.ended && !entry.stable && !entry.unstable);
    const isQueue = waiting.length > 1;
    this.#shown.forEach((card) => (card.hidden = false));
    if (isQueue) waiting.forEach(([, card]) => (card.hidden = true));
    if (isQueue) this.#queue.textContent = say("card.queue", { count: waiting.length });
    if (isQueue && !this.#queue.isConnected) this.#partials.prepend(this.#queue);
    if (!isQueue) this.#queue.remove();
  }

  #partialCard(entry) {
    const isSilent = !entry.stable && !entry.unstable;
    const words = isSilent
      ? make("p", { class: "source waiting" }, make("span", { class: "hidden" }, say("card.speech")))
      : make("p", { class: entry.ended ? "source waiting" : "source" },
          make("span", { class: "stable" }, entry.stable), " ",
          make("span", { class: "unstable" }, entry.unstable));
    const draft = entry.draft ? [make("p", { class: "translated" }, entry.draft)] : [];
    return make("div", { class: "card said partial" }, words, ...draft);
  }

  #finalCard(entry) {
    const { language, state } = entry;
    const isGist = Boolean(entry.gist && entry.translated);
    const card = make("li", { class: `card said pair ${state}${isGist ? " gist" : ""}${entry.recording ? " recorded" : ""}`, "data-state": state });
    card.append(this.#metaLine(entry), make("p", languageOf("source", language), entry.source));
    if (entry.translated) {
      card.append(make("p", languageOf("translated", language === "es" ? "en" : "es"), entry.translated));
    }
    card.append(...this.#notes(entry));
    return card;
  }

  #metaLine(entry) {
    const line = make("div", { class: "meta" });
    if (entry.language) line.append(make("span", { class: `tag ${entry.language}` }, entry.language));
    if (entry.speaker) line.append(this.#speakerButton(entry.speaker));
    if (entry.typed) line.append(make("span", {}, say("card.typed")));
    const moment = new Date(entry.startedAt ?? entry.saidAt);
    line.append(make("time", { datetime: moment.toISOString() }, clockTime(moment)));
    return line;
  }

  #speakerButton(speaker) {
    const name = nameOf(speaker);
    if (!this.#acts.rename) return make("strong", {}, name);
    const title = say("card.rename", { name });
    const button = make("button", { class: "speaker", type: "button", title }, name);
    button.addEventListener("click", () => this.#acts.rename(speaker));
    return button;
  }

  #notes(entry) {
    const notes = [];
    const note = (text, kind = "") => notes.push(make("p", { class: `note ${kind}`.trim() }, text));
    if (entry.state === "heard") note(say("card.heard"), "waiting");
    if (entry.state === "waiting") note(say("card.waiting"), "waiting");
    if (entry.state === "sent") note(say("card.sent"), "waiting");
    if (entry.state === "failed") note(say("card.failed", { reason: entry.reason || say("card.failed.no_reason") }));
    if (entry.state === "interrupted") note(say(entry.typed ? "card.unanswered" : "card.interrupted"));
    if (entry.lost) note(say("card.lost", { reason: entry.lost }));
    if (entry.gist && entry.translated) notes.push(this.#gistNote());
    for (const { engine: other, fault } of entry.translated ? entry.passedOver ?? [] : []) {
      note(say("card.passed_over", { engine: entry.engine, other, reason: reasonOf({ message: fault, fault }) }));
    }
    if (entry.unstored) note(say("card.unstored"), "waiting");
    if (entry.state === "interrupted" && entry.typed) notes.push(this.#againButton(entry));
    if (entry.corrected && entry.corrected !== entry.source) note(say("card.corrected", { text: entry.corrected }));
    notes.push(...(entry.phrases ?? []).map((phrase) => phraseNote(phrase, entry.language)));
    return notes;
  }

  #gistNote() {
    const note = make("p", { class: "note for-gist" }, say("card.gist"));
    if (!this.#acts.fetchBetter) return note;
    const button = make("button", { class: "button better", type: "button" }, say("button.fetch_better"));
    button.addEventListener("click", () => this.#acts.fetchBetter());
    note.append(" ", button);
    return note;
  }

  #againButton(entry) {
    const button = make("button", { class: "button", type: "button" }, say("button.send_again"));
    button.addEventListener("click", () => this.#acts.sendAgain(entry));
    return button;
  }
}

// Changes only what differs, so that screen readers and the focus are left alone.
function refill(card, fresh) {
  card.className = fresh.className;
  Object.assign(card.dataset, fresh.dataset);
  const old = [...card.children];
  const next = [...fresh.children];
  next.forEach((child, i) => {
    if (!old[i]) card.append(child);
    else if (!old[i].isEqualNode(child)) old[i].replaceWith(child);
  });
  old.slice(next.length).forEach((child) => child.remove());
}

function languageOf(kind, language) {
  return language ? { class: kind, lang: language } : { class: kind };
}

function clockTime(moment) {
  return moment.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
}

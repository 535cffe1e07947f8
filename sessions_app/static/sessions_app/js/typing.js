// Typed text: kept until the server has it, sent in the order it was typed.

import { growing } from "./growing.js";
import { isSeen } from "./seen.js";

export class Typing {
  #journal;
  #uplink;

  constructor(journal, uplink) {
    this.#journal = journal;
    this.#uplink = uplink;
    uplink.addEventListener("sent", ({ detail }) => this.#note(detail.key));
  }

  submit(text) {
    const words = text.trim();
    if (!isSeen(words)) return;
    this.#journal.type(words);
    this.send();
  }

  again(entry) {
    this.#journal.mark(entry, { state: "waiting" });
    this.send();
  }

  // What was broken off and is still held is sent by itself.
  waitAgain() {
    const held = this.#journal.entries.filter((entry) => entry.state === "interrupted" && this.#uplink.has(entry.key));
    held.forEach((entry) => this.#journal.mark(entry, { state: "waiting" }));
  }

  // Hands on what waits, as far as it is taken.
  send() {
    const waiting = this.#journal.entries.filter((entry) => entry.state === "waiting" && !this.#uplink.has(entry.key));
    waiting.forEach((entry) => this.#uplink.command({ type: "text_input", text: entry.source }, entry.key));
  }

  #note(key) {
    const entry = this.#journal.entries.find((other) => other.key === key && other.state === "waiting");
    if (entry) this.#journal.mark(entry, { state: "sent", session: this.#journal.session });
  }
}

export function bindTypingForm(form, submit) {
  const field = form.querySelector("textarea");
  const fit = growing(field);
  const hand = () => {
    submit(field.value);
    field.value = "";
    fit();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    hand();
    field.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      hand();
    }
  });
}

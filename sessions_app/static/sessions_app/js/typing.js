// Typed text: kept until the server has it, sent in the order it was typed.

import { isSeen } from "./seen.js";

export class Typing {
  #journal;
  #connection;

  constructor(journal, connection) {
    this.#journal = journal;
    this.#connection = connection;
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

  // Sends what waits, as far as the connection takes it.
  send() {
    const waiting = this.#journal.entries.filter((entry) => entry.state === "waiting");
    waiting.forEach((entry) => {
      if (!this.#connection.send({ type: "text_input", text: entry.source })) return;
      this.#journal.mark(entry, { state: "sent", session: this.#journal.session });
    });
  }
}

export function bindTypingForm(form, submit) {
  const field = form.querySelector("textarea");
  const hand = () => {
    submit(field.value);
    field.value = "";
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

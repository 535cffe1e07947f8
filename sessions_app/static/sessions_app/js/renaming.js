// Asks how a speaker is called.

import { isSeen } from "./seen.js";
import { nameOf } from "./speakers.js";

export class Renaming {
  #dialog;
  #field;
  #onName;
  #speaker = null;

  // `onName(speaker, name)` is told the new name.
  constructor(dialog, onName) {
    this.#dialog = dialog;
    this.#field = dialog.querySelector("input");
    this.#onName = onName;
    dialog.addEventListener("close", () => this.#close());
  }

  ask(speaker) {
    this.#speaker = speaker;
    this.#field.value = nameOf(speaker);
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    this.#field.select();
  }

  #close() {
    const name = this.#field.value.trim();
    if (this.#dialog.returnValue === "save" && isSeen(name)) this.#onName(this.#speaker, name);
  }
}

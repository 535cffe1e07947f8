// Whether the sound of what is said is kept: said before Start and while it is, and chosen for this conversation.
//
// The server's setting is the most that is kept. Without a choice, the one for new conversations holds.

import { recallKeeping, rememberKeeping } from "./memory.js";
import { setting } from "./settings.js";
import { say } from "./strings.js";

export class Keeping {
  #listening;
  #box;
  #mark;
  #chosen = recallKeeping(); // null: nothing was chosen for this conversation
  #isPossible = true;
  #recording; // of the open stream; undefined: the server has not said yet

  // `place` holds a box to tick, and a mark that says what is true just now.
  constructor(listening, place) {
    this.#listening = listening;
    this.#box = place.querySelector("input");
    this.#mark = place.querySelector("[role=status]");
    this.#box.addEventListener("change", () => this.#choose(this.#box.checked));
    listening.addEventListener("state", ({ detail }) => this.#follow(detail.state));
    addEventListener("habla:setting", ({ detail }) => detail.name === "record" && this.#show());
    this.#show();
  }

  // Whether the server keeps sound at all.
  allow(isPossible) {
    this.#isPossible = isPossible;
    this.#show();
  }

  // The server listens, and keeps what it hears under this id; null: it keeps nothing.
  listens(recording) {
    this.#recording = recording;
    this.#show();
  }

  beginConversation() {
    this.#keep(null);
  }

  get #isWanted() {
    return this.#isPossible && (this.#chosen ?? setting("record"));
  }

  #follow(state) {
    if (state !== "listening") this.#recording = undefined;
    this.#show();
  }

  #choose(isWanted) {
    this.#recording = undefined;
    this.#keep(isWanted);
    this.#listening.renew(); // what is asked holds for a stream as a whole
  }

  #keep(chosen) {
    this.#chosen = chosen;
    rememberKeeping(chosen);
    this.#show();
  }

  #show() {
    const isWanted = this.#isWanted;
    const isKept = Boolean(this.#recording);
    this.#listening.isKept = isWanted;
    this.#box.checked = isWanted;
    this.#box.disabled = !this.#isPossible;
    const words = say(`keeping.${this.#key(isWanted, isKept)}`);
    if (this.#mark.textContent !== words) this.#mark.textContent = words;
    this.#mark.classList.toggle("kept", isKept);
  }

  #key(isWanted, isKept) {
    if (!this.#isPossible) return "never";
    if (isKept) return "now";
    return isWanted && this.#recording === undefined ? "from_start" : "not";
  }
}

// What becomes of the sentences that wait for their words, should somebody leave: told before they do.

import { describe } from "./problems.js";

const PATIENCE_SECONDS = 3; // so long a sentence may wait before a word is said of it

export class Leaving {
  #journal;
  #notices;
  #isRecorded = true;
  #patience = 0;
  #isTold = false;

  constructor(journal, notices) {
    this.#journal = journal;
    this.#notices = notices;
    addEventListener("beforeunload", (event) => this.#mayLose() && event.preventDefault());
  }

  // A listening period begins; `recording` is the id under which its sound is kept, or null.
  listens(recording) {
    this.#isRecorded = Boolean(recording);
    this.look();
  }

  // The journal has changed.
  look() {
    const count = this.#waiting();
    if (!count) return void this.#beQuiet();
    if (this.#isTold) this.#tell(count);
    else this.#patience ||= setTimeout(() => this.#tell(this.#waiting()), PATIENCE_SECONDS * 1000);
  }

  #waiting() {
    const { entries, session } = this.#journal;
    return entries.filter((entry) => entry.session === session && entry.state === "hearing" && entry.ended).length;
  }

  #mayLose() {
    return !this.#isRecorded && this.#waiting() > 0;
  }

  #tell(count) {
    this.#patience = 0;
    if (!count) return;
    this.#isTold = true;
    const words = describe(this.#isRecorded ? "heard_later" : "heard_never", { count });
    this.#notices.show({ ...words, code: "leaving", isLasting: true });
  }

  #beQuiet() {
    clearTimeout(this.#patience);
    this.#patience = 0;
    this.#isTold = false;
    this.#notices.hide("leaving");
  }
}

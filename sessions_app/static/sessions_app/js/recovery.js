// Asks the server what became of the sentences that a broken connection left open.
//
// A session that lost its client still finishes what it took: its translations are in the REST
// interface a moment later. Typed text that never arrived is sent again.

const PAUSES_SECONDS = [0, 1, 3, 8];
const MOST_EXCHANGES = 500;

export class Recovery {
  #journal;
  #address;
  #resend;
  #round = 0;

  // `address` is where the sessions are told of; `resend(entry)` sends typed text once more.
  constructor(journal, address, resend) {
    this.#journal = journal;
    this.#address = address;
    this.#resend = resend;
  }

  async begin() {
    const round = (this.#round += 1);
    for (const seconds of PAUSES_SECONDS) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const sessions = new Set(this.#open().map((entry) => entry.session));
      if (!sessions.size || round !== this.#round) return;
      for (const session of sessions) await this.#askFor(session);
    }
  }

  #open() {
    return this.#journal.entries.filter((entry) => entry.state === "interrupted" && entry.session);
  }

  // The state comes first: a session that has ended has no exchange still to come.
  async #askFor(session) {
    const about = await this.#fetch(session);
    const said = await this.#fetch(`${session}/exchanges?limit=${MOST_EXCHANGES}`);
    if (!about || !said) return;
    const open = this.#open().filter((entry) => entry.session === session);
    open.forEach((entry) => this.#resolve(entry, said.items, about.state !== "open"));
  }

  async #fetch(path) {
    try {
      const answer = await fetch(this.#address + path);
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the server is gone again: the next connection asks anew
    }
  }

  #resolve(entry, exchanges, isOver) {
    const exchange = exchanges.find((other) => this.#isOf(entry, other));
    if (exchange) this.#fill(entry, exchange);
    else if (isOver && entry.typed) this.#resend(entry);
  }

  #isOf(entry, exchange) {
    const key = `${exchange.session_id}:${exchange.utterance_id}`;
    if (entry.key === key) return true;
    const isTaken = this.#journal.entries.some((other) => other.key === key);
    return Boolean(entry.typed) && !isTaken && entry.source === exchange.source;
  }

  #fill(entry, exchange) {
    const { source, corrected, translated, language, direction, speaker, phrases, gist, failure } = exchange;
    const key = `${exchange.session_id}:${exchange.utterance_id}`;
    const state = failure ? "failed" : "done";
    this.#journal.mark(entry, { key, source, corrected, translated, language, direction, speaker, phrases, gist, state });
  }
}

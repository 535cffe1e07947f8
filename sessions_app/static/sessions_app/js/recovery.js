// Asks the server what became of the sentences that a broken connection left open, where their session does not tell.
//
// A session that lost its client still finishes what it took: its translations are in the REST
// interface a moment later. Typed text that never arrived is sent again.

const PAUSES_SECONDS = [0, 1, 3, 8];
const MOST_EXCHANGES = 500;

export class Recovery {
  #journal;
  #address;
  #conversations;
  #resend;
  #round = 0;

  // `address` is where the sessions are told of, `conversations` where conversations are; `resend(entry)` sends typed text once more.
  constructor(journal, address, conversations, resend) {
    this.#journal = journal;
    this.#address = address;
    this.#conversations = conversations;
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

  // Adds what the session told when this page was not there to hear it, and does not tell again.
  async fetchMissed(session) {
    for (const seconds of PAUSES_SECONDS) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const about = await this.#fetch(session);
      await this.#addMissed(session);
      if (about && (about.state !== "open" || session === this.#journal.session)) return;
    }
  }

  // Adds what was said in a conversation with which somebody goes on.
  async fetchConversation(id) {
    const said = await this.#fetch(`${id}/exchanges?limit=${MOST_EXCHANGES}`, this.#conversations);
    this.#add((said?.items ?? []).reverse());
  }

  async #addMissed(session) {
    const said = await this.#fetch(`${session}/exchanges?limit=${MOST_EXCHANGES}`);
    this.#add((said?.items ?? []).sort((one, other) => one.utterance_id - other.utterance_id));
  }

  #add(exchanges) {
    const missed = exchanges.filter((one) => !this.#journal.has(one.session_id, one.utterance_id));
    missed.forEach((one) => {
      const { session_id: session, utterance_id: utterance } = one;
      const open = this.#open().find((entry) => this.#isOf(entry, one));
      if (open) this.#fill(open, one);
      else this.#journal.insert({ session, utterance, saidAt: Date.parse(one.said_at), ...fieldsOf(one) });
    });
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
    open.forEach((entry) => this.#resolve(entry, said.items, about.state !== "open" || entry.isHandedOver));
  }

  async #fetch(path, address = this.#address) {
    try {
      const answer = await fetch(address + path);
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
    this.#journal.mark(entry, { key: `${exchange.session_id}:${exchange.utterance_id}`, ...fieldsOf(exchange) });
  }
}

function fieldsOf({ source, corrected, translated, language, direction, speaker, phrases, gist, failure }) {
  return { source, corrected, translated, language, direction, speaker, phrases, gist, state: failure ? "failed" : "done" };
}

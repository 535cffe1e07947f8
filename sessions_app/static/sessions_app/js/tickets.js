// The addresses of a conversation as the server knows them: made, listed and withdrawn.

const MOST_TICKETS = 500;

export class Tickets {
  #sessions;

  // `sessions` is where the sessions are told of.
  constructor(sessions) {
    this.#sessions = sessions;
  }

  // Returns the addresses of a session's conversation at which anybody can read along, or null.
  async good(session) {
    const kept = session && (await this.#ask("GET", session, `?limit=${MOST_TICKETS}`));
    return kept ? kept.items.filter(isGood) : null;
  }

  // Returns the new one with its address, or null.
  make(session) {
    return this.#ask("POST", session, "");
  }

  // Returns whether it is withdrawn.
  async withdraw(session, id) {
    return Boolean(await this.#ask("DELETE", session, `/${id}`));
  }

  // All addresses of the conversation: also those of which this page has forgotten the secret.
  async withdrawAll(session) {
    const good = await this.good(session);
    const answers = await Promise.all((good ?? []).map(({ id }) => this.withdraw(session, id)));
    return Boolean(good) && !answers.includes(false);
  }

  // Returns what the server answered, or null.
  async #ask(method, session, rest) {
    const headers = { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value };
    try {
      const answer = await fetch(`${this.#sessions}${session}/tickets${rest}`, { method, headers });
      if (!answer.ok) return null;
      return answer.status === 204 ? {} : await answer.json();
    } catch {
      return null; // the server is gone
    }
  }
}

function isGood({ withdrawn_at: withdrawnAt, ended_at: endedAt, expires_at: expiresAt }) {
  return !withdrawnAt && !endedAt && new Date(expiresAt) > Date.now();
}

// Lets others read along: makes an address for them, shows and copies it, and withdraws it.

import { make } from "./elements.js";
import { say } from "./strings.js";

export class Watchers {
  #dialog;
  #session;
  #sessions;
  #made = { session: "", address: "" };

  // `sessions` is where the sessions are told of; `session()` returns the id of this one.
  constructor(dialog, sessions, session) {
    this.#dialog = dialog;
    this.#sessions = sessions;
    this.#session = session;
    this.#part("copy").addEventListener("click", () => this.#copy());
    this.#part("withdraw").addEventListener("click", () => this.#withdraw());
    dialog.querySelector("output").addEventListener("click", ({ target }) => select(target));
  }

  async open() {
    this.#tell("");
    this.#dialog.showModal();
    if (this.#made.session !== this.#session()) await this.#make();
    else this.#show(this.#made.address);
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-do=${name}]`);
  }

  #show(address) {
    this.#dialog.querySelector("output").textContent = address;
    for (const name of ["copy", "withdraw"]) this.#part(name).disabled = !address;
  }

  #tell(key) {
    this.#dialog.querySelector("[role=status]").replaceChildren(...(key ? [make("span", {}, say(key))] : []));
  }

  async #make() {
    this.#show("");
    const session = this.#session();
    const ticket = session && (await this.#ask("POST", session, ""));
    if (!ticket) return this.#tell("share.failed");
    this.#made = { session, address: ticket.address };
    return this.#show(ticket.address);
  }

  // All addresses of the session: also those of which this page has forgotten the secret.
  async #withdraw() {
    const { session } = this.#made;
    const kept = await this.#ask("GET", session, "?limit=500");
    const good = (kept?.items ?? []).filter((ticket) => !ticket.withdrawn_at);
    const answers = await Promise.all(good.map((ticket) => this.#ask("DELETE", session, `/${ticket.id}`)));
    if (!kept || answers.includes(null)) return this.#tell("share.not_withdrawn");
    this.#made = { session: "", address: "" };
    this.#show("");
    return this.#tell("share.withdrawn");
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#made.address);
      this.#tell("hint.copied");
    } catch {
      select(this.#dialog.querySelector("output")); // only secure pages have a clipboard
      this.#tell("share.copy_yourself");
    }
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

function select(element) {
  getSelection().selectAllChildren(element);
}

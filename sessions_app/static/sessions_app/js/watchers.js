// Lets others read along: makes an address for them, shows and copies it, withdraws it, and says how many read.
//
// An address is that of a conversation, for a day: it ends with a new one, or when it is withdrawn, here or elsewhere.

import { make } from "./elements.js";
import { recallAddress, rememberAddress } from "./memory.js";
import { say } from "./strings.js";

const NOTHING = { conversation: "", ticket: "", address: "" };
const MOST_TICKETS = 500;

export class Watchers {
  #dialog;
  #counter;
  #sessions;
  #session;
  #conversation = "";
  #made = recallAddress() ?? NOTHING;
  #hasEnded = false; // the address that was shown last
  #toWithdraw = ""; // the session whose conversation was left, which the server does not know

  // `counter` says how many read along. `sessions` is where the sessions are told of; `session()` returns the id of this one.
  constructor(dialog, counter, sessions, session) {
    this.#dialog = dialog;
    this.#counter = counter;
    this.#sessions = sessions;
    this.#session = session;
    this.#part("copy").addEventListener("click", () => this.#copy());
    this.#part("withdraw").addEventListener("click", () => this.#withdraw());
    dialog.querySelector("output").addEventListener("click", ({ target }) => select(target));
    counter.addEventListener("click", () => this.open());
  }

  beginSession(conversation) {
    const left = this.#toWithdraw;
    this.#toWithdraw = "";
    this.#conversation = conversation;
    if (this.#made.conversation !== conversation) this.#keep(NOTHING);
    if (left) this.#withdrawAll(left);
  }

  // The server ends all addresses of a conversation that is left, if it is told so (`isTold`).
  endConversation(conversation, { isTold }) {
    if (!isTold) this.#toWithdraw = this.#session();
    this.#conversation = conversation;
    this.showCount(0);
    if (this.#made.address) this.#end();
  }

  showCount(count) {
    this.#counter.hidden = !count;
    this.#counter.textContent = count ? say(count === 1 ? "viewers.one" : "viewers.many", { count }) : "";
  }

  async open() {
    this.#tell("");
    this.#show("");
    this.#dialog.showModal();
    const good = await this.#goodOf(this.#session());
    if (!good) return this.#tell("share.failed");
    if (this.#made.address && !good.some(({ id }) => id === this.#made.ticket)) this.#end();
    if (this.#made.address) return this.#show(this.#made.address);
    return this.#make(good);
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

  #keep(made) {
    this.#made = made;
    rememberAddress(made);
  }

  #end() {
    this.#keep(NOTHING);
    this.#hasEnded = true;
    this.#show("");
    this.#tell("share.ended");
  }

  // `good` are the conversation's addresses of which this page does not know the secret.
  async #make(good) {
    const conversation = this.#conversation;
    const ticket = await this.#ask("POST", this.#session(), "");
    if (!ticket) {
      this.#part("withdraw").disabled = !good.length;
      return this.#tell(good.length ? "share.enough" : "share.failed");
    }
    this.#keep({ conversation, ticket: ticket.id, address: ticket.address });
    this.#tell(this.#hasEnded ? "share.anew" : "");
    this.#hasEnded = false;
    return this.#show(ticket.address);
  }

  async #withdraw() {
    if (!(await this.#withdrawAll(this.#session()))) return this.#tell("share.not_withdrawn");
    this.#keep(NOTHING);
    this.#show("");
    return this.#tell("share.withdrawn");
  }

  // All addresses of the conversation: also those of which this page has forgotten the secret.
  async #withdrawAll(session) {
    const good = await this.#goodOf(session);
    const answers = await Promise.all((good ?? []).map(({ id }) => this.#ask("DELETE", session, `/${id}`)));
    return Boolean(good) && !answers.includes(null);
  }

  // Returns the addresses of a session's conversation at which anybody can read along, or null.
  async #goodOf(session) {
    const kept = session && (await this.#ask("GET", session, `?limit=${MOST_TICKETS}`));
    return kept ? kept.items.filter(isGood) : null;
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

function isGood({ withdrawn_at: withdrawnAt, ended_at: endedAt, expires_at: expiresAt }) {
  return !withdrawnAt && !endedAt && new Date(expiresAt) > Date.now();
}

function select(element) {
  getSelection().selectAllChildren(element);
}

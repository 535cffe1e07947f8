// Lets others read along: makes an address for them, shows and copies it, lists and withdraws what there is, and says how
// many read.
//
// An address is that of a conversation, for a day: it ends with a new one, or when it is withdrawn, here or elsewhere.

import { make } from "./elements.js";
import { recallAddress, rememberAddress } from "./memory.js";
import { say } from "./strings.js";
import { Tickets } from "./tickets.js";

const NOTHING = { conversation: "", ticket: "", address: "", qr: "", isLocal: false };
const LOOK_MS = 3000; // so often the list is read again while it is open

export class Watchers {
  #dialog;
  #counter;
  #tickets;
  #session;
  #conversation = "";
  #made = { ...NOTHING, ...recallAddress() };
  #hasEnded = false; // the address that was shown last
  #toWithdraw = ""; // the session whose conversation was left, which the server does not know
  #looking = 0;

  // `counter` says how many read along. `sessions` is where the sessions are told of; `session()` returns the id of this one.
  constructor(dialog, counter, sessions, session) {
    this.#dialog = dialog;
    this.#counter = counter;
    this.#tickets = new Tickets(sessions);
    this.#session = session;
    this.#part("copy").addEventListener("click", () => this.#copy());
    this.#part("make").addEventListener("click", () => this.#make());
    this.#part("all").addEventListener("click", () => this.#withdrawAll());
    dialog.querySelector("output").addEventListener("click", ({ target }) => select(target));
    dialog.addEventListener("close", () => clearInterval(this.#looking));
    counter.addEventListener("click", () => this.open({ isMaking: false }));
  }

  beginSession(conversation) {
    const left = this.#toWithdraw;
    this.#toWithdraw = "";
    this.#conversation = conversation;
    if (this.#made.conversation !== conversation) this.#keep(NOTHING);
    if (left) this.#tickets.withdrawAll(left);
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

  // Unless `isMaking`, an address that this page does not know is not replaced by another.
  async open({ isMaking = true } = {}) {
    this.#tell("");
    this.#show(NOTHING);
    this.#list([]);
    this.#dialog.showModal();
    const good = await this.#look();
    if (!good) return this.#tell("share.failed");
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    if (this.#made.address && !good.some(({ id }) => id === this.#made.ticket)) this.#end();
    if (this.#made.address) return this.#show(this.#made);
    if (isMaking || !good.length) return this.#make();
    return this.#tell("share.unknown");
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-do=${name}]`);
  }

  #show({ address, qr, isLocal }) {
    this.#dialog.querySelector("output").textContent = address;
    this.#dialog.querySelector(".invitation").hidden = !address;
    this.#dialog.querySelector(".local").hidden = !isLocal;
    const image = this.#dialog.querySelector("img");
    image.hidden = !qr;
    if (qr) image.src = qr;
    this.#part("copy").disabled = !address;
    this.#part("make").hidden = Boolean(address);
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
    this.#show(NOTHING);
    this.#tell("share.ended");
  }

  async #look() {
    const good = await this.#tickets.good(this.#session());
    if (good) this.#list(good);
    return good;
  }

  #list(good) {
    const list = this.#dialog.querySelector(".tickets ul");
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.ticket : "";
    list.replaceChildren(...good.map((ticket) => this.#line(ticket)));
    list.parentElement.hidden = !good.length;
    this.#part("all").hidden = good.length < 2;
    if (focused) list.querySelector(`[data-ticket="${focused}"]`)?.focus();
  }

  #line({ id, created_at: madeAt, expires_at: expiresAt, viewers }) {
    const words = [
      say(id === this.#made.ticket ? "tickets.this" : "tickets.other", { time: clockTime(new Date(madeAt)) }),
      leftWords(new Date(expiresAt) - Date.now()),
      viewers ? say(viewers === 1 ? "viewers.one" : "viewers.many", { count: viewers }) : say("viewers.none"),
    ];
    const button = make("button", { class: "button", type: "button", "data-ticket": id }, say("tickets.withdraw"));
    button.addEventListener("click", () => this.#withdraw(id));
    return make("li", {}, make("span", {}, words.join(" · ")), button);
  }

  async #make() {
    const conversation = this.#conversation;
    const ticket = await this.#tickets.make(this.#session());
    const good = await this.#look();
    if (!ticket) return this.#tell(good?.length ? "share.enough" : "share.failed");
    this.#keep({ conversation, ticket: ticket.id, address: ticket.address, qr: ticket.qr, isLocal: ticket.is_local });
    this.#tell(this.#hasEnded ? "share.anew" : "");
    this.#hasEnded = false;
    this.#list(good ?? []);
    return this.#show(this.#made);
  }

  async #withdraw(id) {
    const isDone = await this.#tickets.withdraw(this.#session(), id);
    if (isDone && id === this.#made.ticket) this.#forget();
    const good = await this.#look();
    this.#tellWithdrawn(isDone, good);
  }

  async #withdrawAll() {
    const isDone = await this.#tickets.withdrawAll(this.#session());
    if (isDone) this.#forget();
    this.#tellWithdrawn(isDone, await this.#look());
  }

  #tellWithdrawn(isDone, good) {
    if (!isDone || !good) return this.#tell("share.not_withdrawn");
    return this.#tell(good.length ? "share.withdrawn_one" : "share.withdrawn");
  }

  #forget() {
    this.#keep(NOTHING);
    this.#show(NOTHING);
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
}

export function leftWords(ms) {
  const minutes = Math.max(1, Math.floor(ms / 60_000));
  return minutes < 60 ? say("tickets.minutes", { minutes }) : say("tickets.hours", { hours: Math.floor(minutes / 60) });
}

function clockTime(moment) {
  return moment.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
}

function select(element) {
  getSelection().selectAllChildren(element);
}

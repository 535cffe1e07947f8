// The page of those who read along: they hear of everything, and say nothing.

import { Cards } from "./cards.js";
import { Connection } from "./connection.js";
import { Journal } from "./journal.js";
import { Notices } from "./notices.js";
import { describe, reasonOf } from "./problems.js";
import { Follower } from "./scrolling.js";
import { say } from "./strings.js";
import { WakeLock } from "./wakelock.js";

const byId = (id) => document.getElementById(id);

class Watch {
  #live = new Set(); // the sessions in which somebody may speak
  #cut = new Set(); // entries that stayed without a translation when their session, or the connection, was gone

  constructor(place) {
    this.place = place;
    this.notices = new Notices(byId("notices"), byId("scroller"));
    this.cards = new Cards({ finals: byId("finals"), partials: byId("partials"), acts: {} });
    this.follower = new Follower(byId("scroller"), byId("newest"));
    this.journal = new Journal({
      changed: (entry) => this.#show(entry),
      removed: (entry) => this.cards.remove(entry),
    });
    this.connection = new Connection(() => this.#address(), ["watching"]);
    this.screen = new WakeLock();
  }

  begin() {
    this.connection.addEventListener("message", ({ detail }) => this.#take(detail));
    this.connection.addEventListener("state", ({ detail }) => this.#follow(detail));
    this.connection.open();
  }

  #take(message) {
    if (this.journal.take(message)) return;
    const session = message.session_id;
    if (message.type === "watching") this.#begin(message);
    else if (message.type === "session_resumed") this.#resume(session);
    else if (message.type === "session_paused") this.#pause(session);
    else if (message.type === "session_ended") this.connection.finish("session_ended");
    else if (typeof message.about === "number") this.journal.fail(message.about, reasonOf(message), session);
  }

  #begin({ session_id: session, is_live: isLive }) {
    this.#live = new Set([session]); // one that is not there is told of as paused
    if (isLive) this.#dropCut(session);
  }

  #resume(session) {
    if (!this.#live.size) this.screen.hold();
    this.#live.add(session);
    this.#dropCut(session);
    this.#setState("live");
  }

  #pause(session) {
    this.#live.delete(session);
    this.#keepWords(session);
    if (this.#live.size) return;
    this.#setState("paused");
    this.screen.release();
  }

  #follow({ state, reason }) {
    if (state === "ready") {
      this.#setState("live");
      this.screen.hold();
    } else if (state === "waiting" || state === "refused") {
      this.#setState(state === "waiting" ? "waiting" : "over");
      this.#keepWords();
      if (state === "refused") this.#end(reason);
    }
  }

  // Words without a translation stay as they are; it may still come, with the next connection too.
  #keepWords(session) {
    const open = this.journal.interrupt(session).filter((entry) => entry.source);
    open.forEach((entry) => {
      this.journal.mark(entry, { state: "done" });
      this.#cut.add(entry);
    });
  }

  // The session goes on: what is still to be translated of it is told again, or heard again under another id.
  #dropCut(session) {
    const cut = [...this.#cut].filter((entry) => entry.session === session);
    cut.forEach((entry) => {
      this.#cut.delete(entry);
      this.journal.remove(entry);
    });
  }

  #end(reason) {
    this.screen.release();
    this.notices.show({ ...describe(reason), level: "calm" });
  }

  #setState(key) {
    byId("state").textContent = say(`watch.${key}`);
  }

  #show(entry) {
    byId("welcome").hidden = true;
    this.#cut.delete(entry);
    this.cards.show(entry);
    this.follower.follow();
  }

  #address() {
    const address = new URL(this.place.dataset.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    return address;
  }
}

new Watch(byId("watch")).begin();

// Whether another tab of this browser listens, too: each that does holds a lock, which ends with it.

import { describe } from "./problems.js";
import { say } from "./strings.js";

const PREFIX = "habla.listening.";

export class OtherTabs {
  #listening;
  #notices;
  #own = PREFIX + crypto.getRandomValues(new Uint32Array(2)).join("-");
  #channel = new BroadcastChannel("habla.listening");
  #others = new Set();
  #release = null;

  constructor(listening, notices) {
    this.#listening = listening;
    this.#notices = notices;
    if (!navigator.locks) return; // nor a microphone: the page is not secure
    listening.addEventListener("state", () => this.#note());
    this.#channel.addEventListener("message", ({ data }) => this.#take(data));
    this.#look();
  }

  async #look() {
    const { held } = await navigator.locks.query();
    held.forEach(({ name }) => name.startsWith(PREFIX) && this.#watch(name));
  }

  #note() {
    if (!this.#listening.isOn) {
      this.#release?.();
      this.#release = null;
    } else if (!this.#release) {
      const over = new Promise((resolve) => (this.#release = resolve));
      navigator.locks.request(this.#own, () => {
        this.#channel.postMessage({ listens: this.#own });
        return over;
      });
    }
  }

  #take({ listens, stop }) {
    if (listens) this.#watch(listens);
    if (stop === this.#own) this.#listening.stop();
  }

  // Until its lock is free.
  #watch(name) {
    if (name === this.#own || this.#others.has(name)) return;
    this.#others.add(name);
    this.#tell();
    navigator.locks.request(name, { mode: "shared" }, () => {
      this.#others.delete(name);
      this.#tell();
    });
  }

  #tell() {
    if (!this.#others.size) return void this.#notices.hide("other_tab");
    const run = () => this.#others.forEach((stop) => this.#channel.postMessage({ stop }));
    this.#notices.show({ ...describe("other_tab"), action: { label: say("button.stop_there"), run }, canHide: true });
  }
}

// The line that says how it goes: connected, listening, and how much of what was said the server does not have yet.

import { say } from "./strings.js";

const LOOK_MS = 250;
const BEHIND_SECONDS = 3; // of sound that is not acknowledged: less is on its way at any time
const CAUGHT_UP_SECONDS = 1.5;
const LEAST_SECONDS = 2; // of what is told to be held: the server has less than that as a rule, and could not say so

export class StateWords {
  #live;
  #line;
  #count;
  #key = "connecting"; // while nothing is held
  #isBehind = false;

  // `line` is announced when it changes; `count`, which changes every second, is only there to be read.
  constructor(live, line, count) {
    this.#live = live;
    this.#line = line;
    this.#count = count;
    setInterval(() => this.#show(), LOOK_MS);
    live.listening.addEventListener("state", () => this.#show());
  }

  set(key) {
    this.#key = key;
    this.#show();
  }

  #show() {
    const { key, seconds } = this.#now();
    const isHeld = key !== this.#key;
    write(this.#line, say(`state.${key}`));
    write(this.#count, isHeld && seconds ? say(key === "sending" ? "held.left" : "held.count", { seconds }) : "");
    this.#line.parentElement.classList.toggle("holding", isHeld);
  }

  #now() {
    const { uplink, connection, listening } = this.#live;
    const isAway = !connection.isReady;
    const held = Math.floor(uplink.heldSeconds);
    if (isAway && uplink.isHolding && listening.isOn) return { key: "held", seconds: held };
    if (isAway && held >= LEAST_SECONDS) return { key: "held_rest", seconds: held };
    const left = connection.isReady ? uplink.leftSeconds : 0;
    this.#isBehind = left > (this.#isBehind ? CAUGHT_UP_SECONDS : BEHIND_SECONDS);
    return this.#isBehind ? { key: "sending", seconds: Math.ceil(left) } : { key: this.#key, seconds: 0 };
  }
}

// Only what differs: what is announced should not be told twice.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

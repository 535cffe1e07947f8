// A playback in the session: how far it is, and the buttons that steer it.

import { make } from "./elements.js";
import { say } from "./strings.js";

const OVER = new Set(["finished", "stopped", "failed"]);

export class Playing {
  #place;
  #bar = make("progress", { max: "1", value: "0" });
  #time = make("span", { class: "muted time" });
  #pause = make("button", { class: "button", type: "button" });
  #stop = make("button", { class: "button", type: "button" });
  #isPaused = false;

  // `send(message)` takes the commands of the buttons.
  constructor(place, send) {
    this.#place = place;
    const title = say("playing.title");
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", title);
    this.#bar.setAttribute("aria-label", say("playing.progress"));
    this.#pause.addEventListener("click", () => send({ type: this.#isPaused ? "resume_playback" : "pause_playback" }));
    this.#stop.addEventListener("click", () => send({ type: "stop_playback" }));
    this.#stop.textContent = say("playing.stop");
    place.replaceChildren(make("strong", {}, title), this.#bar, this.#time, this.#pause, this.#stop);
  }

  // Takes a message of the server; false: it is not about a playback.
  take(message) {
    if (!message.type.startsWith("playback_")) return false;
    const state = message.type.slice("playback_".length);
    if (OVER.has(state)) this.hide();
    else this.#show(state, message);
    return true;
  }

  hide() {
    this.#place.hidden = true;
  }

  #show(state, { position_seconds: position = 0, duration_seconds: duration = 0 }) {
    this.#place.hidden = false;
    if (state !== "progress") this.#isPaused = state === "paused";
    this.#pause.textContent = say(this.#isPaused ? "playing.resume" : "playing.pause");
    this.#bar.value = duration ? Math.min(1, position / duration) : 0;
    this.#time.textContent = `${clock(position)} / ${clock(duration)}`;
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// The recording in the browser: its waveform, and the buttons to hear it.

import WaveSurfer from "../vendor/wavesurfer/wavesurfer.esm.js";
import { say } from "./strings.js";

const DRAWN_SECONDS = 20 * 60; // what is longer is not decoded here: only where somebody speaks is drawn
const OUTLINE_POINTS = 1200;
const END_OF_ALL = 1e7; // seconds; a stream that does not know its length learns it on the way there
const byId = (id) => document.getElementById(id);

export class Player {
  #data;
  #duration;
  #spans;
  #tell;
  #sound = byId("heard");
  #button = byId("hear");
  #wave = null;

  // `spans` are where somebody speaks; `tell(seconds)` is called as the sound goes on.
  constructor(data, spans, tell) {
    this.#data = data;
    this.#duration = Number(data.duration);
    this.#spans = spans;
    this.#tell = tell;
  }

  bind() {
    const sound = this.#sound;
    this.#button.addEventListener("click", () => (sound.paused ? this.#play() : sound.pause()));
    byId("seek").addEventListener("input", ({ target }) => this.#go(Number(target.value)));
    sound.addEventListener("timeupdate", () => this.#show());
    sound.addEventListener("seeking", () => this.#show());
    for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, () => this.#label());
    sound.addEventListener("error", () => this.#fail());
    sound.addEventListener("loadedmetadata", () => this.#findLength());
    if (sound.readyState > 0) this.#findLength();
    if (sound.error) this.#fail();
    this.#draw();
  }

  playFrom(seconds) {
    this.#go(seconds);
    this.#play();
  }

  // What a browser recorded does not say how long it is, and cannot be searched before it is known.
  #findLength() {
    const sound = this.#sound;
    if (Number.isFinite(sound.duration)) return;
    const back = () => {
      if (!Number.isFinite(sound.duration)) return;
      sound.removeEventListener("durationchange", back);
      sound.currentTime = 0;
    };
    sound.addEventListener("durationchange", back);
    sound.currentTime = END_OF_ALL;
  }

  async #play() {
    try {
      await this.#sound.play();
    } catch (error) {
      if (error.name === "NotSupportedError") this.#fail(); // else the browser said why, or it was paused
    }
  }

  #go(seconds) {
    this.#sound.currentTime = seconds;
    this.#show();
  }

  #show() {
    const seconds = this.#sound.currentTime;
    if (seconds > this.#duration + 1) return; // on the way to find the end
    byId("at").textContent = clock(seconds);
    byId("seek").value = seconds;
    byId("seek").setAttribute("aria-valuetext", clock(seconds));
    this.#tell(seconds);
  }

  #label() {
    const isPlaying = !this.#sound.paused && !this.#sound.ended;
    this.#button.textContent = say(isPlaying ? "button.pause" : "button.play");
    this.#button.setAttribute("aria-pressed", String(isPlaying));
  }

  #fail() {
    byId("hear-problem").textContent = say("problem.sound");
  }

  #draw() {
    const isLong = this.#duration > DRAWN_SECONDS;
    this.#wave = this.#surf(isLong ? this.#outline() : {});
    if (!isLong) this.#wave.once("error", () => this.#redraw());
    const recolor = new MutationObserver(() => this.#wave.setOptions(colours()));
    recolor.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  // The browser could not decode it at once: it may still play it, and the outline is known.
  #redraw() {
    this.#wave.destroy();
    this.#wave = this.#surf(this.#outline());
  }

  #surf(drawn) {
    return WaveSurfer.create({
      container: byId("wave"),
      media: this.#sound,
      url: drawn.peaks ? undefined : `${this.#data.api}/audio`,
      cspNonce: this.#data.nonce,
      height: 72,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      cursorWidth: 2,
      normalize: !drawn.peaks,
      hideScrollbar: true,
      dragToSeek: true,
      ...colours(),
      ...drawn,
    });
  }

  #outline() {
    const peaks = new Float32Array(OUTLINE_POINTS).fill(0.04);
    const at = (seconds) => Math.round((seconds / this.#duration) * OUTLINE_POINTS);
    this.#spans.forEach(([start, end]) => peaks.fill(0.7, at(start), Math.max(at(end), at(start) + 1)));
    return { peaks: [peaks], duration: this.#duration };
  }
}

export function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds / 60) % 60)];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { waveColor: of("--field-line"), progressColor: of("--accent"), cursorColor: of("--ink") };
}

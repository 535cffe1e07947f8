// The recording in the browser: its waveform, and the buttons to hear it.

import WaveSurfer from "../vendor/wavesurfer/wavesurfer.esm.js";
import { say } from "./strings.js";

const DRAWN_SECONDS = 20 * 60; // what is longer is not decoded here: only where somebody speaks is drawn
const POINTS = 1200; // of the waveform, whatever its width
const DECODED_HZ = 8000;
const MOST_APART_SECONDS = 0.5; // of what is decoded here and what the server heard
const END_OF_ALL = 1e7; // seconds; a stream that does not know its length learns it on the way there
const LIES_ELSEWHERE = "kept_elsewhere"; // with a server process that was not asked, or does not run
const byId = (id) => document.getElementById(id);

export class Player {
  #data;
  #duration;
  #spans;
  #tell;
  #sound = byId("heard");
  #button = byId("hear");
  #isSearching = false; // for the end, to learn how long it is
  #wanted = 0;

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
    this.#isSearching = true;
    const back = () => {
      if (!Number.isFinite(sound.duration)) return;
      sound.removeEventListener("durationchange", back);
      this.#isSearching = false;
      this.#go(this.#wanted);
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
    this.#wanted = seconds;
    if (this.#isSearching) return;
    this.#sound.currentTime = seconds;
    this.#show();
  }

  #show() {
    if (this.#isSearching) return;
    const seconds = this.#sound.currentTime;
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

  async #fail() {
    const first = { headers: { Range: "bytes=0-0" } }; // an answer to HEAD does not say why
    const answer = await fetch(`${this.#data.api}/audio`, first).catch(() => null);
    const told = answer && !answer.ok ? await answer.json().catch(() => null) : null;
    const why = told?.code === LIES_ELSEWHERE ? "problem.elsewhere" : "problem.sound";
    byId("hear-problem").textContent = say(why);
  }

  async #draw() {
    const wave = this.#surf();
    const recolor = new MutationObserver(() => wave.setOptions(colours()));
    recolor.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    if (this.#duration > DRAWN_SECONDS) return;
    const peaks = await peaksOf(`${this.#data.api}/audio`, this.#duration);
    const sameAddress = this.#sound.currentSrc || this.#sound.src; // so that it plays on
    if (peaks) await wave.load(sameAddress, [peaks], this.#duration);
  }

  #surf() {
    return WaveSurfer.create({
      container: byId("wave"),
      media: this.#sound,
      peaks: [this.#outline()],
      duration: this.#duration,
      cspNonce: this.#data.nonce,
      height: 72,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      cursorWidth: 2,
      hideScrollbar: true,
      dragToSeek: true,
      ...colours(),
    });
  }

  // Where somebody speaks: known at once, however long the recording is.
  #outline() {
    const peaks = new Float32Array(POINTS).fill(0.04);
    const at = (seconds) => Math.round((seconds / this.#duration) * POINTS);
    this.#spans.forEach(([start, end]) => peaks.fill(0.7, at(start), Math.max(at(end), at(start) + 1)));
    return peaks;
  }
}

export function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds / 60) % 60)];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

// The loudest sample around each point, as loud as the loudest of all is 1; null: it cannot be decoded here, or only
// without the gaps in which its source stalled, after which nothing would stand in its place.
async function peaksOf(address, seconds) {
  try {
    const bytes = await (await fetch(address)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, DECODED_HZ).decodeAudioData(bytes);
    return Math.abs(sound.duration - seconds) > MOST_APART_SECONDS ? null : loudest(sound.getChannelData(0));
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return null;
    throw error;
  }
}

export function loudest(samples, points = POINTS) {
  const peaks = new Float32Array(points);
  samples.forEach((sample, i) => {
    const point = Math.floor((i / samples.length) * points);
    peaks[point] = Math.max(peaks[point], Math.abs(sample));
  });
  const most = Math.max(...peaks) || 1;
  return peaks.map((peak) => peak / most);
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { waveColor: of("--field-line"), progressColor: of("--accent"), cursorColor: of("--ink") };
}

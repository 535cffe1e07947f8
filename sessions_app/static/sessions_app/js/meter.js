// How loud the microphone is, many times a second, and whether anything comes from it that could be understood.

import { keepRunning } from "./sounding.js";

const FLOOR_DB = -60;
const FADE = 0.85; // a level falls by this factor a frame: easier on the eye than a flicker
const SILENT = 1e-5;
const SILENT_SECONDS = 6;
const QUIET_DB = -40; // for a third of a second: speech at a microphone that is set well comes at -30 to -15
const QUIET_SECONDS = 8;
const EASE_SECONDS = 0.3;
const STILL_SECONDS = 2; // an audio context whose clock does not go on measures nothing

export function levelOf(samples) {
  return Math.max(0, Math.min(1, 1 - decibelsOf(powerOf(samples)) / FLOOR_DB));
}

export class Meter {
  #onLevel;
  #onCondition;
  #context = null;
  #frame = 0;
  #level = 0;
  #power = 0; // eased
  #clock = 0; // the context's, which goes on while it measures
  #measured = 0; // in seconds
  #goneOnAt = 0;
  #hasHeard = false; // a good noise gate gives true silence between words, but not from the start
  #isLoud = false;
  #isUnderstood = false;
  #condition = "";
  #isIgnoring = false; // the page itself is heard: it says nothing of the microphone

  // `onLevel(0..1)` is told every frame, `onCondition` when it changes what is wrong: "" (nothing), "silent" (not even
  // noise came), "quiet" (nothing loud enough) or "unmeasured" (nobody knows: the browser does not measure).
  constructor({ onLevel, onCondition }) {
    this.#onLevel = onLevel;
    this.#onCondition = onCondition;
  }

  attach(stream) {
    this.detach();
    this.#context = new AudioContext();
    keepRunning(this.#context);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    this.#goneOnAt = performance.now();
    this.#hasHeard = this.#isLoud = this.#isUnderstood = false;
    this.#clock = this.#measured = this.#power = 0;
    const samples = new Float32Array(analyser.fftSize);
    const measure = () => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(samples);
      this.#frame = requestAnimationFrame(measure);
    };
    measure();
  }

  detach() {
    cancelAnimationFrame(this.#frame);
    this.#context?.close();
    this.#context = null;
    this.#level = 0;
    this.#onLevel(0);
    this.#tell("");
  }

  // What comes while `isIgnoring` is neither measured nor shown.
  ignore(isIgnoring) {
    this.#isIgnoring = isIgnoring;
  }

  // Words came of it: however it is measured, it is good enough.
  noteWords() {
    this.#isUnderstood = true;
  }

  #show(samples) {
    if (this.#isIgnoring) {
      this.#goneOnAt = performance.now();
      return void this.#onLevel((this.#level = 0));
    }
    const passed = this.#context.currentTime - this.#clock;
    if (passed > 0) this.#measure(samples, passed);
    this.#tell(this.#conditionNow());
    this.#level = passed > 0 ? Math.max(levelOf(samples), this.#level * FADE) : this.#level * FADE;
    this.#onLevel(this.#level);
  }

  #measure(samples, seconds) {
    this.#clock += seconds;
    this.#measured += Math.min(seconds, EASE_SECONDS); // a page that was hidden has missed most of it
    this.#goneOnAt = performance.now();
    this.#hasHeard ||= samples.some((sample) => Math.abs(sample) > SILENT);
    this.#power += (powerOf(samples) - this.#power) * Math.min(1, seconds / EASE_SECONDS);
    this.#isLoud ||= decibelsOf(this.#power) > QUIET_DB;
  }

  #conditionNow() {
    if (performance.now() - this.#goneOnAt > STILL_SECONDS * 1000) return "unmeasured";
    if (this.#isUnderstood || this.#isLoud) return "";
    if (!this.#hasHeard) return this.#measured > SILENT_SECONDS ? "silent" : "";
    return this.#measured > QUIET_SECONDS ? "quiet" : "";
  }

  #tell(condition) {
    if (condition === this.#condition) return;
    this.#condition = condition;
    this.#onCondition(condition);
  }
}

function powerOf(samples) {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
}

function decibelsOf(power) {
  return 10 * Math.log10(power + 1e-12);
}

// How loud the microphone is, many times a second, and whether it ever gives any sound at all.

const FLOOR_DB = -60;
const FADE = 0.85; // a level falls by this factor a frame: easier on the eye than a flicker
const SILENT = 1e-5;
const SILENT_SECONDS = 6;

export function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const decibels = 10 * Math.log10(power + 1e-12);
  return Math.max(0, Math.min(1, 1 - decibels / FLOOR_DB));
}

export class Meter {
  #onLevel;
  #onSilence;
  #context = null;
  #frame = 0;
  #level = 0;
  #attachedAt = 0;
  #hasHeard = false; // a good noise gate gives true silence between words, but not from the start
  #isSilent = false;
  #isIgnoring = false; // the page itself is heard: it says nothing of the microphone

  // `onLevel(0..1)` is told every frame, `onSilence(true/false)` when not even noise came.
  constructor({ onLevel, onSilence }) {
    this.#onLevel = onLevel;
    this.#onSilence = onSilence;
  }

  attach(stream) {
    this.detach();
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    this.#attachedAt = performance.now();
    this.#hasHeard = false;
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
    this.#tellSilence(false);
  }

  ignore(isIgnoring) {
    this.#isIgnoring = isIgnoring;
  }

  #show(samples) {
    if (this.#isIgnoring) {
      this.#attachedAt = performance.now();
      return void this.#onLevel((this.#level = 0));
    }
    const isLate = performance.now() - this.#attachedAt > SILENT_SECONDS * 1000;
    this.#hasHeard ||= samples.some((sample) => Math.abs(sample) > SILENT);
    this.#tellSilence(isLate && !this.#hasHeard);
    this.#level = Math.max(levelOf(samples), this.#level * FADE);
    this.#onLevel(this.#level);
  }

  #tellSilence(isSilent) {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#onSilence(isSilent);
  }
}

// The microphone as plain samples (16 kHz mono s16le), for browsers without a fitting recorder.

import { keepRunning } from "./sounding.js";
import { Resampler } from "./resampler.js";

const SAMPLE_RATE = 16000;
const STOP_MS = 2000;
const RUN_MS = 3000; // without a loudspeaker (Firefox), or before the first tap (Safari), audio waits for ever

export function toInt16(samples) {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
}

export class PcmRecorder {
  fields = { encoding: "pcm-s16le", sample_rate: SAMPLE_RATE };
  #context;
  #source;
  #collector;
  #resampler;
  #onChunk;
  ended;

  constructor(context, stream, onChunk) {
    this.#context = context;
    this.#onChunk = onChunk;
    this.#resampler = new Resampler(context.sampleRate, SAMPLE_RATE);
    this.#source = context.createMediaStreamSource(stream);
    this.#collector = new AudioWorkletNode(context, "habla-collector", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    this.ended = new Promise((resolve) => {
      this.#collector.port.onmessage = ({ data }) => (data ? this.#hand(this.#resampler.push(data)) : resolve());
    });
  }

  // Loads the audio thread's part: may take a moment, so it is not done by a constructor. Gives null where audio does
  // not run.
  static async prepare(stream, onChunk) {
    const context = new AudioContext();
    keepRunning(context);
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, RUN_MS))]);
    if (context.state === "running") return new PcmRecorder(context, stream, onChunk);
    context.close();
    return null;
  }

  // From now on, or no longer, its sound is silence: of the same length.
  silence(isSilent) {
    this.#collector.port.postMessage({ isSilent });
  }

  start() {
    this.#source.connect(this.#collector);
  }

  async stop() {
    this.#collector.port.postMessage("end");
    await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
    this.#hand(this.#resampler.flush());
    this.abandon();
  }

  abandon() {
    this.#onChunk = () => {};
    this.#source.disconnect();
    if (this.#context.state !== "closed") this.#context.close();
  }

  #hand(samples) {
    if (samples.length) this.#onChunk(new Uint8Array(toInt16(samples).buffer));
  }
}

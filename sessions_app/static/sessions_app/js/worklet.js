// Runs on the audio thread: gathers the microphone's samples into blocks and hands them over.

const BLOCK_SECONDS = 0.1;

class Collector extends AudioWorkletProcessor {
  #block = new Float32Array(Math.round(sampleRate * BLOCK_SECONDS));
  #filled = 0;
  #isOpen = true;
  #isSilent = false; // what comes is silence, sample for sample

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data === "end") this.#end();
      else this.#isSilent = data.isSilent;
    };
  }

  process([channels]) {
    if (this.#isOpen && channels[0]) this.#take(this.#isSilent ? new Float32Array(channels[0].length) : channels[0]);
    return this.#isOpen;
  }

  #take(samples) {
    let rest = samples;
    while (rest.length) {
      const part = rest.subarray(0, this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled === this.#block.length) this.#post();
    }
  }

  #post() {
    this.port.postMessage(this.#block.slice(0, this.#filled));
    this.#filled = 0;
  }

  #end() {
    this.#isOpen = false;
    this.#post();
    this.port.postMessage(null);
  }
}

registerProcessor("habla-collector", Collector);

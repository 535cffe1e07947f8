// Samples at any rate to samples at another: a windowed-sinc filter with exact rational steps.

const CROSSINGS = 16; // of the sinc on either side: flat to 7 kHz, aliases below -60 dB
const BAND = 0.92; // the share of the new band that passes

export class Resampler {
  #step; // input samples per `#phases` output samples
  #phases;
  #half; // input samples on either side of an output sample
  #filters = [];
  #rest;
  #phase = 0;

  constructor(fromRate, toRate) {
    const divisor = greatestDivisor(fromRate, toRate);
    this.#step = fromRate / divisor;
    this.#phases = toRate / divisor;
    const cutoff = Math.min(1, toRate / fromRate) * BAND;
    this.#half = Math.ceil(CROSSINGS / cutoff);
    for (let phase = 0; phase < this.#phases; phase += 1) {
      this.#filters.push(makeFilter(this.#half, phase / this.#phases, cutoff));
    }
    this.#rest = new Float32Array(this.#half); // silence before the first sample
  }

  // Returns the output samples that `samples` complete; the rest waits for the next call.
  push(samples) {
    const input = new Float32Array(this.#rest.length + samples.length);
    input.set(this.#rest);
    input.set(samples, this.#rest.length);
    const output = [];
    let at = 0;
    while (at + 2 * this.#half < input.length) {
      output.push(apply(this.#filters[this.#phase], input, at));
      this.#phase += this.#step;
      at += Math.floor(this.#phase / this.#phases);
      this.#phase %= this.#phases;
    }
    this.#rest = input.slice(Math.min(at, input.length));
    return Float32Array.from(output);
  }

  // Returns what the last samples still complete, with silence after them.
  flush() {
    return this.push(new Float32Array(this.#half));
  }
}

function apply(filter, input, at) {
  let sum = 0;
  for (let i = 0; i < filter.length; i += 1) sum += filter[i] * input[at + i];
  return sum;
}

function makeFilter(half, offset, cutoff) {
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = i - half - offset;
    const window = Math.abs(x) > half ? 0 : 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
    return cutoff * sinc(cutoff * x) * window;
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function greatestDivisor(a, b) {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

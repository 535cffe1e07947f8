// The microphone as a compressed stream, in slices, by the browser's own MediaRecorder.

const SLICE_MS = 200;
const STOP_MS = 2000; // a recorder that does not end in this time is left behind
const BITS_PER_SECOND = 32000;
const KINDS = [
  ["audio/webm;codecs=opus", "webm-opus"],
  ["audio/ogg;codecs=opus", "ogg-opus"],
];

export function supportedKind() {
  return KINDS.find(([mime]) => globalThis.MediaRecorder?.isTypeSupported(mime));
}

export class CompressedRecorder {
  fields; // of start_listening
  #recorder;
  #stream;
  #onChunk;
  #handing = Promise.resolve();
  ended; // resolves when no chunk will come any more, also if the browser ends it by itself

  // `onChunk` is given bytes.

  constructor(stream, onChunk) {
    const [mimeType, encoding] = supportedKind();
    this.fields = { encoding };
    this.#stream = stream;
    this.#onChunk = onChunk;
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", ({ data }) => (this.#handing = this.#hand(data, this.#handing)));
    this.ended = new Promise((resolve) => this.#recorder.addEventListener("stop", () => resolve(this.#handing)));
  }

  // From now on, or no longer, its sound is silence: a track that is not enabled gives that, and the encoder goes on.
  silence(isSilent) {
    this.#stream.getAudioTracks().forEach((track) => (track.enabled = !isSilent));
  }

  start() {
    this.#recorder.start(SLICE_MS);
  }

  // Resolves when the last chunk has been handed over: "stop" comes after the last "dataavailable".
  async stop() {
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
  }

  abandon() {
    this.#onChunk = () => {};
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }

  // Blobs are read one after the other, so that they stay in their order.
  async #hand(data, before) {
    const bytes = await data.arrayBuffer();
    await before;
    if (bytes.byteLength) this.#onChunk(new Uint8Array(bytes));
  }
}

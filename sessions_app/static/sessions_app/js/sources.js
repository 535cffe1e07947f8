// Which recorder this browser gets: compressed where it can and nobody chose otherwise, else PCM.

import { PcmRecorder } from "./pcm.js";
import { ProblemError } from "./problems.js";
import { CompressedRecorder, supportedKind } from "./recorder.js";

export async function prepareRecorder(stream, choice, onChunk) {
  if (choice !== "pcm" && supportedKind()) return new CompressedRecorder(stream, onChunk);
  if (!globalThis.AudioWorkletNode) throw new ProblemError("unsupported");
  return PcmRecorder.prepare(stream, onChunk);
}

// Which recorder this browser gets: compressed where it can and nobody chose otherwise, else PCM; compressed also where
// PCM was chosen and audio does not run.

import { PcmRecorder } from "./pcm.js";
import { ProblemError } from "./problems.js";
import { CompressedRecorder, supportedKind } from "./recorder.js";

export async function prepareRecorder(stream, choice, onChunk) {
  const isCompressing = Boolean(supportedKind());
  if (choice === "pcm" || !isCompressing) {
    if (!globalThis.AudioWorkletNode) throw new ProblemError("unsupported");
    const recorder = await PcmRecorder.prepare(stream, onChunk);
    if (recorder) return recorder;
    if (!isCompressing) throw new ProblemError("no_audio");
  }
  return new CompressedRecorder(stream, onChunk);
}

// The microphone of this device, opened with what a conversation needs.

import { ProblemError } from "./problems.js";

const WISHES = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const REASONS = {
  NotAllowedError: "mic_denied",
  SecurityError: "mic_denied",
  NotFoundError: "mic_missing",
  OverconstrainedError: "mic_missing",
  NotReadableError: "mic_busy",
  AbortError: "mic_busy",
};

function localAddress(place = location) {
  return `http://localhost${place.port ? `:${place.port}` : ""}/`;
}

export function checkSurroundings() {
  if (!isSecureContext) throw new ProblemError("insecure", { localhost: localAddress() });
  if (!navigator.mediaDevices?.getUserMedia) throw new ProblemError("unsupported");
}

// Says "muted", "unmuted" and "lost".
export class Microphone extends EventTarget {
  stream;

  constructor(stream) {
    super();
    this.stream = stream;
    const [track] = stream.getAudioTracks();
    const tell = (name) => () => this.dispatchEvent(new Event(name));
    track.addEventListener("mute", tell("muted"));
    track.addEventListener("unmute", tell("unmuted"));
    track.addEventListener("ended", tell("lost"));
  }

  // Throws ProblemError with the code of what is wrong.
  static async open() {
    checkSurroundings();
    try {
      return new Microphone(await navigator.mediaDevices.getUserMedia({ audio: WISHES }));
    } catch (error) {
      throw new ProblemError(REASONS[error.name] ?? "mic_failed");
    }
  }

  get isMuted() {
    return this.stream.getAudioTracks().some((track) => track.muted);
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
  }
}

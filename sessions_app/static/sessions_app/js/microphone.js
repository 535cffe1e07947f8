// The microphone of this device, opened with what a conversation needs.

import { ProblemError } from "./problems.js";
import { setting } from "./settings.js";

const WISHES = { echoCancellation: true, autoGainControl: true, channelCount: 1 };
const NOT_THERE = new Set(["OverconstrainedError", "NotFoundError"]);
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

// Where the chosen one is not there, another one is better than none.
async function openStream() {
  const wishes = { ...WISHES, noiseSuppression: setting("noiseSuppression") };
  const chosen = setting("microphone");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: chosen ? { ...wishes, deviceId: { exact: chosen } } : wishes });
  } catch (error) {
    if (!chosen || !NOT_THERE.has(error.name)) throw error;
    return navigator.mediaDevices.getUserMedia({ audio: wishes });
  }
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
      return new Microphone(await openStream());
    } catch (error) {
      throw new ProblemError(REASONS[error.name] ?? "mic_failed");
    }
  }

  get isMuted() {
    return this.stream.getAudioTracks().some((track) => track.muted);
  }

  get name() {
    return this.stream.getAudioTracks()[0].label;
  }

  // Whether it is not the one that was chosen.
  get isOther() {
    const { deviceId } = this.stream.getAudioTracks()[0].getSettings();
    return Boolean(setting("microphone") && deviceId && deviceId !== setting("microphone"));
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
  }
}

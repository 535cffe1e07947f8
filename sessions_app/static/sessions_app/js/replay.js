// Plays what was really said: the sound of one utterance, where it was recorded.

const RECORDINGS = "/api/recordings/";

// Where the sound of an entry is; empty: it was not recorded, or that is not known.
export function soundOf({ recording, key = "" }) {
  const utterance = Number(key.slice(key.lastIndexOf(":") + 1));
  return recording && utterance ? `${RECORDINGS}${recording}/segments/${utterance}/audio` : "";
}

// Says "state" and "failed".
export class Replay extends EventTarget {
  address = "";
  #sound = null;

  get isPlaying() {
    return Boolean(this.#sound);
  }

  async play(address) {
    this.stop();
    const sound = new Audio(address);
    this.#sound = sound;
    this.address = address;
    this.dispatchEvent(new Event("state"));
    sound.addEventListener("ended", () => this.#sound === sound && this.stop());
    try {
      await sound.play();
    } catch {
      if (this.#sound !== sound) return; // stopped meanwhile
      this.stop();
      this.dispatchEvent(new Event("failed"));
    }
  }

  stop() {
    if (!this.#sound) return;
    this.#sound.pause();
    this.#sound = null;
    this.address = "";
    this.dispatchEvent(new Event("state"));
  }
}

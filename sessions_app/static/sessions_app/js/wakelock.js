// Keeps the screen on while someone listens, where the browser can.

export class WakeLock {
  #lock = null;
  #isWanted = false;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#take()); // hiding the page ends a lock
  }

  hold() {
    this.#isWanted = true;
    return this.#take();
  }

  async release() {
    this.#isWanted = false;
    const lock = this.#lock;
    this.#lock = null;
    await lock?.release();
  }

  async #take() {
    if (!this.#isWanted || document.hidden || !navigator.wakeLock) return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      if (this.#isWanted) this.#lock = lock;
      else await lock.release();
    } catch {
      this.#lock = null; // a low battery, or a rule of the system: the page works without
    }
  }
}

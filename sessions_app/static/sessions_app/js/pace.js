// How fast sound may be sent that was held: a burst, as the server tells it, then nearly twice as fast as it was spoken.

const FACTOR = 1.8; // the server allows 2
const SPARED_SECONDS = 5; // of the burst: one frame more than agreed is no flood
export const FRAME_SECONDS = 2; // of sound in one message, so that little is sent beyond what is agreed

export class Pace {
  #clock;
  #burstSeconds = Infinity;
  #beganAt = 0;
  #sentSeconds = 0;

  // `clock()` gives milliseconds.
  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  // A session begins or goes on, which takes `burstSeconds` of sound at once.
  begin(burstSeconds = Infinity) {
    this.#burstSeconds = burstSeconds;
    this.#beganAt = this.#clock();
    this.#sentSeconds = 0;
  }

  sent(seconds) {
    this.#sentSeconds += seconds;
  }

  // Whether more may be sent now.
  get isFree() {
    const agreed = this.#burstSeconds - SPARED_SECONDS + (FACTOR * (this.#clock() - this.#beganAt)) / 1000;
    return this.#sentSeconds <= agreed;
  }
}

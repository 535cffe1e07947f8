// Keeps the newest in sight, unless the reader has scrolled back.

const NEAR_PIXELS = 120;

export class Follower {
  #view;
  #button;
  #isFollowing = true;

  constructor(view, button) {
    this.#view = view;
    this.#button = button;
    view.addEventListener("scroll", () => this.#look(), { passive: true });
    button.addEventListener("click", () => this.#go());
    new ResizeObserver(() => this.follow()).observe(view);
  }

  follow() {
    if (this.#isFollowing) this.#view.scrollTop = this.#view.scrollHeight;
    else this.#button.hidden = false;
  }

  #look() {
    const rest = this.#view.scrollHeight - this.#view.scrollTop - this.#view.clientHeight;
    this.#isFollowing = rest < NEAR_PIXELS;
    if (this.#isFollowing) this.#button.hidden = true;
  }

  #go() {
    this.#isFollowing = true;
    this.#button.hidden = true;
    this.follow();
  }
}

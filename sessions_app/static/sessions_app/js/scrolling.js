// Keeps the newest in sight until the reader scrolls back: by wheel, touch, key or the scroll bar, and by nothing else.

const NEAR_PIXELS = 120;
const ACT_MS = 1000; // how long after an act of the reader a scroll is theirs: a thrown page rolls on, and each scroll prolongs it
const ACTS = ["wheel", "touchmove", "pointerdown", "keydown", "focusin"];

export class Follower {
  #view;
  #button;
  #isFollowing = true;
  #actedAt = -Infinity;

  // `button`, if there is one, leads back to the newest.
  constructor(view, button = null) {
    this.#view = view;
    this.#button = button;
    ACTS.forEach((name) => view.addEventListener(name, (event) => this.#note(event), { passive: true }));
    view.addEventListener("scroll", () => this.#look(), { passive: true });
    button?.addEventListener("click", () => this.#go());
    const sizes = new ResizeObserver(() => this.#isFollowing && this.follow());
    [view, ...view.children].forEach((element) => sizes.observe(element));
  }

  follow() {
    if (this.#isFollowing) this.#view.scrollTop = this.#view.scrollHeight;
    else if (this.#button) this.#button.hidden = false;
  }

  // A focus that moves to a card is that of the Tab key; the page itself moves it to the view at most.
  #note({ type, target }) {
    if (type !== "focusin" || (target !== this.#view && target.matches(":focus-visible"))) this.#actedAt = performance.now();
  }

  #look() {
    const now = performance.now();
    if (now - this.#actedAt > ACT_MS) return;
    this.#actedAt = now;
    const rest = this.#view.scrollHeight - this.#view.scrollTop - this.#view.clientHeight;
    this.#isFollowing = rest < NEAR_PIXELS;
    if (this.#isFollowing && this.#button) this.#button.hidden = true;
  }

  #go() {
    this.#isFollowing = true;
    this.#actedAt = -Infinity;
    if (this.#button) this.#button.hidden = true;
    this.follow();
  }
}

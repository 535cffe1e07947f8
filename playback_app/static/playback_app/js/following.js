// The transcript, which follows the sound: what is being heard is marked, and a press goes there.

export class Follower {
  #segments;
  #current = null;

  constructor(list) {
    this.#segments = [...list.querySelectorAll("[data-start]")];
  }

  // Beginnings and ends of what was said, in seconds.
  get spans() {
    return this.#segments.map(({ dataset }) => [Number(dataset.start), Number(dataset.end)]);
  }

  bind(go) {
    for (const segment of this.#segments) {
      const start = () => go(Number(segment.dataset.start));
      segment.querySelector("[data-seek]")?.addEventListener("click", start);
      segment.querySelector(".source").addEventListener("click", start);
    }
  }

  show(seconds) {
    const current = this.#segments.findLast(({ dataset }) => Number(dataset.start) <= seconds + 0.05);
    const isOver = !current || seconds > Number(current.dataset.end) + 0.5;
    this.#mark(isOver ? null : current);
  }

  #mark(segment) {
    if (segment === this.#current) return;
    this.#current?.removeAttribute("aria-current");
    this.#current = segment;
    if (!segment) return;
    segment.setAttribute("aria-current", "true");
    if (!document.querySelector("#segments textarea")) segment.scrollIntoView({ block: "nearest" });
  }
}

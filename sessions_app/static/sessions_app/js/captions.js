// Captions only: nothing but words, until Escape, the Tab key or a tap brings the controls back.

export class Captions {
  #live;
  #words;

  // `words` is where they are shown, and what a tap is taken at.
  constructor(words, live) {
    this.#live = live;
    this.#words = words;
    live.view.addEventListener("change", () => this.#bare(live.listening.isOn));
    live.listening.addEventListener("state", () => this.#bare(live.listening.isOn));
    for (const name of ["pointerdown", "click"]) words.addEventListener(name, (event) => this.#tap(event), { capture: true });
    document.addEventListener("keydown", (event) => this.#take(event));
  }

  get #isOn() {
    return this.#live.view.name === "captions";
  }

  get #isBare() {
    return document.body.classList.contains("bare");
  }

  // What has the focus must stay to be seen.
  #bare(isBare) {
    const isNow = isBare && this.#isOn;
    if (isNow && !this.#words.contains(document.activeElement)) this.#words.focus();
    document.body.classList.toggle("bare", isNow);
  }

  // A sentence says nothing here when it is tapped.
  #tap(event) {
    if (!this.#isOn || event.target.closest("button, a, summary, details")) return;
    if (event.target !== this.#words) event.stopPropagation();
    if (event.type === "click" && getSelection().isCollapsed) this.#bare(!this.#isBare);
  }

  #take({ key }) {
    if (!this.#isOn || document.querySelector("dialog[open], details[open]")) return;
    if (key === "Escape") this.#bare(!this.#isBare);
    else if (key === "Tab" && this.#isBare) this.#bare(false);
  }
}

// The controls fold away while somebody listens, and where the screen is too low for them: level, Start and Stop remain.

const SMALL = { width: 48, height: 34 }; // in rem, which follow the size of the text
const LOW = 24;

export class Folding {
  #dock;
  #button;
  #listening;
  #isUnfolded = false; // as the reader wants it, until listening begins or ends

  constructor(dock, button, listening) {
    this.#dock = dock;
    this.#button = button;
    this.#listening = listening;
    let wasOn = false;
    listening.addEventListener("state", () => {
      if (wasOn !== listening.isOn) this.#isUnfolded = false;
      wasOn = listening.isOn;
      this.look();
    });
    button.addEventListener("click", () => this.#turn());
    dock.addEventListener("focusout", () => setTimeout(() => this.look()));
    addEventListener("habla:setting", () => this.look());
    addEventListener("resize", () => this.look());
    this.look();
  }

  // For whoever wants to type, by a key.
  unfold() {
    this.#isUnfolded = true;
    this.look();
  }

  // What has the focus does not fold away.
  look() {
    const isToFold = this.#isSmall && !this.#isUnfolded && !this.#hasFocusInside;
    this.#dock.classList.toggle("folded", isToFold);
    this.#dock.classList.toggle("foldable", this.#isSmall);
    this.#button.setAttribute("aria-expanded", String(!isToFold));
  }

  get #hasFocusInside() {
    const { activeElement } = document;
    return this.#dock.contains(activeElement) && !["listen", "unfold"].includes(activeElement.id) && !activeElement.closest("#viewers");
  }

  get #isSmall() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [width, height] = [innerWidth / rem, innerHeight / rem];
    if (height < LOW && width < SMALL.width) return true;
    return this.#listening.isOn && (width < SMALL.width || height < SMALL.height);
  }

  #turn() {
    this.#isUnfolded = this.#dock.classList.contains("folded");
    this.look();
  }
}

// How the page is looked at: cards, two halves face to face, or captions only. This browser remembers it; `?view=` asks for it.

import { keepSetting, setting } from "./settings.js";
import { WakeLock } from "./wakelock.js";

const VIEWS = ["cards", "faces", "captions"];

// Says "change" when another view is shown, and "away" when one cannot be loaded.
export class View extends EventTarget {
  name = "";
  #wanted = "";
  #loads;
  #screen = new WakeLock();

  // `loads` maps a view to a function that loads what it needs and returns whether that is here.
  constructor(loads) {
    super();
    this.#loads = loads;
    document.querySelectorAll("button[data-view]").forEach((button) => {
      button.addEventListener("click", () => this.show(button.dataset.view));
    });
  }

  begin() {
    const asked = new URLSearchParams(location.search).get("view");
    const name = [asked, setting("view")].find((known) => VIEWS.includes(known)) ?? VIEWS[0];
    if (asked) keepSetting("view", name);
    this.#turnTo(name);
  }

  show(name) {
    this.#turnTo(name);
    keepSetting("view", name);
    const address = new URL(location.href);
    if (name === VIEWS[0]) address.searchParams.delete("view");
    else address.searchParams.set("view", name);
    history.replaceState(history.state, "", address);
  }

  // The next one.
  turn() {
    this.show(VIEWS[(VIEWS.indexOf(this.name) + 1) % VIEWS.length]);
  }

  // Until a view has what it needs, the one before it stays.
  async #turnTo(name) {
    this.#wanted = name;
    if (!this.#loads[name]) return this.#show(name);
    if (!this.name) this.#show(VIEWS[0]);
    const isHere = await this.#loads[name]();
    if (this.#wanted !== name) return undefined;
    return isHere ? this.#show(name) : this.dispatchEvent(new Event("away"));
  }

  // What is read from afar, or lies on a table, is not touched for a while: the screen stays on.
  #show(name) {
    this.name = name;
    document.body.dataset.view = name;
    document.querySelectorAll("button[data-view]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.view === name));
    });
    if (name === VIEWS[0]) this.#screen.release();
    else this.#screen.hold();
    this.dispatchEvent(new Event("change"));
  }
}

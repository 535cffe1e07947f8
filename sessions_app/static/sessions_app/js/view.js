// How the page is looked at: cards, two halves face to face, or captions only. This browser remembers it; `?view=` asks for it.

import { keepSetting, setting } from "./settings.js";
import { WakeLock } from "./wakelock.js";

const VIEWS = ["cards", "faces", "captions"];

// Says "change" when another view is shown.
export class View extends EventTarget {
  name = "";
  #screen = new WakeLock();

  constructor() {
    super();
    document.querySelectorAll("button[data-view]").forEach((button) => {
      button.addEventListener("click", () => this.show(button.dataset.view));
    });
  }

  begin() {
    const asked = new URLSearchParams(location.search).get("view");
    this.#show([asked, setting("view")].find((name) => VIEWS.includes(name)) ?? VIEWS[0]);
    if (asked) keepSetting("view", this.name);
  }

  show(name) {
    keepSetting("view", name);
    this.#show(name);
    const address = new URL(location.href);
    if (name === VIEWS[0]) address.searchParams.delete("view");
    else address.searchParams.set("view", name);
    history.replaceState(history.state, "", address);
  }

  // The next one.
  turn() {
    this.show(VIEWS[(VIEWS.indexOf(this.name) + 1) % VIEWS.length]);
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

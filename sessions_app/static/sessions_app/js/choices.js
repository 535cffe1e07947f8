// Direction and mode: chosen here, kept by the browser, told to the server.

import { keepSetting, setting } from "./settings.js";

// Says "change" when another one is shown.
export class Choices extends EventTarget {
  #direction;
  #mode;
  #onChange;

  // `onChange(name, value)` is told what somebody chose.
  constructor(directionField, modeField, onChange) {
    super();
    this.#direction = directionField;
    this.#mode = modeField;
    this.show("direction", setting("direction"));
    this.show("mode", setting("mode"));
    this.#onChange = onChange;
    directionField.addEventListener("change", (event) => this.choose("direction", event.target.value));
    modeField.addEventListener("change", (event) => this.choose("mode", event.target.value));
  }

  get direction() {
    return this.#direction.querySelector("input:checked").value;
  }

  get mode() {
    return this.#mode.value;
  }

  show(name, value) {
    if (name === "mode") this.#mode.value = value;
    else this.#radios.find((radio) => radio.value === value).checked = true;
    this.dispatchEvent(new Event("change"));
  }

  choose(name, value) {
    this.show(name, value);
    keepSetting(name, value);
    this.#onChange(name, value);
  }

  // The next direction in the order that is shown.
  turn() {
    const radios = this.#radios;
    const next = radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length];
    this.choose("direction", next.value);
  }

  get #radios() {
    return [...this.#direction.querySelectorAll("input")];
  }
}

// Which microphone is listened to: those that there are, and which of them was chosen on this device.

import { make } from "./elements.js";
import { keepSetting, setting } from "./settings.js";
import { say } from "./strings.js";

const NOT_ONE = new Set(["", "default", "communications"]); // the system's choice under other names

export class Devices {
  #field = make("select", { id: "microphone" });
  #listening;

  // `place` is where it can be chosen.
  constructor(place, listening) {
    this.#listening = listening;
    this.#field.addEventListener("change", () => this.#choose("microphone", this.#field.value));
    const noise = make("input", { type: "checkbox" });
    noise.checked = setting("noiseSuppression");
    noise.addEventListener("change", () => this.#choose("noiseSuppression", noise.checked));
    const label = make("label", { for: "microphone" }, say("mic.label"));
    place.append(make("div", { class: "field" }, label, this.#field), make("label", { class: "check" }, noise, say("mic.noise")));
    listening.addEventListener("state", () => this.look()); // names are told once the microphone was allowed
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.look());
    this.look();
  }

  async look() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
    const found = all.filter(({ kind, deviceId }) => kind === "audioinput" && !NOT_ONE.has(deviceId));
    const named = found.map(({ deviceId, label }, i) => [deviceId, label || say("mic.number", { number: i + 1 })]);
    const chosen = setting("microphone");
    const isThere = !chosen || named.some(([id]) => id === chosen);
    if (!isThere) named.push([chosen, say(found.length ? "mic.absent" : "mic.chosen")]);
    const options = [["", say("mic.system")], ...named].map(([value, name]) => make("option", { value }, name));
    const isSame = options.length === this.#field.options.length && options.every((one, i) => one.isEqualNode(this.#field.options[i]));
    if (!isSame) this.#field.replaceChildren(...options);
    this.#field.value = chosen;
  }

  #choose(name, value) {
    keepSetting(name, value);
    this.#listening.reopen();
  }
}

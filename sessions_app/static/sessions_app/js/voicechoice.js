// The dialog that says which translations are spoken, by which voice and how fast: kept by this browser.

import { make } from "./elements.js";
import { keepSetting, setting } from "./settings.js";
import { say } from "./strings.js";
import { canSpeak, settingOf, spoken, SPOKEN, voiceFor, voicesFor } from "./voices.js";

export class VoiceChoice {
  #dialog;
  #speech;

  constructor(dialog, speech) {
    this.#dialog = dialog;
    this.#speech = speech;
    SPOKEN.forEach((language) => this.#bind(language));
    globalThis.speechSynthesis?.addEventListener?.("voiceschanged", () => this.#show()); // they are there a moment later
    dialog.addEventListener("close", () => speech.stop());
  }

  open() {
    this.#show();
    this.#dialog.showModal();
  }

  #part(language, name) {
    return this.#dialog.querySelector(`[data-language=${language}] [data-part=${name}]`);
  }

  #bind(language) {
    const part = (name) => this.#part(language, name);
    const keep = (name, value) => keepSetting(settingOf(name, language), value);
    part("speak").addEventListener("change", ({ target }) => {
      keep("speak", target.checked);
      if (target.checked) this.#try(language); // in the tap that asks for it: some browsers speak only then
    });
    part("voice").addEventListener("change", ({ target }) => {
      keep("voice", target.value);
      this.#try(language);
    });
    part("rate").addEventListener("change", ({ target }) => {
      keep("rate", Number(target.value));
      this.#show();
      this.#try(language);
    });
    part("try").addEventListener("click", () => this.#try(language));
  }

  #try(language) {
    this.#speech.sayNow(spoken(say("voices.sample", {}, language), language));
  }

  #show() {
    SPOKEN.forEach((language) => this.#showLanguage(language));
  }

  #showLanguage(language) {
    const part = (name) => this.#part(language, name);
    const voices = voicesFor(language);
    const isPossible = canSpeak(language);
    part("speak").checked = setting(settingOf("speak", language));
    part("voice").replaceChildren(...voices.map(({ name, voiceURI }) => make("option", { value: voiceURI }, name)));
    part("voice").value = voiceFor(language)?.voiceURI ?? "";
    part("voice").closest(".field").hidden = !voices.length;
    const rate = setting(settingOf("rate", language));
    part("rate").value = rate;
    part("rate").setAttribute("aria-valuetext", `${rate}×`);
    part("told").textContent = isPossible ? "" : say("speaking.no_voice", { language: say(`language.${language}`) });
    for (const name of ["speak", "rate", "try"]) part(name).disabled = !isPossible;
  }
}

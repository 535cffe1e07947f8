// The browser's voices, and which of them speaks each language: chosen here, kept by the browser.

import { setting } from "./settings.js";

export const SPOKEN = ["en", "es"];

// The name of a setting of a language: settingOf("rate", "es") is "rateEs".
export function settingOf(name, language) {
  return name + language[0].toUpperCase() + language.slice(1);
}

// Those that speak `language`: on this device first, since they need no network, and the browser's favourite before others.
export function voicesFor(language, synthesis = globalThis.speechSynthesis) {
  const own = [...(synthesis?.getVoices() ?? [])].filter(({ lang }) => lang.toLowerCase().split(/[-_]/)[0] === language);
  const rank = (voice) => (voice.localService ? 0 : 2) + (voice.default ? 0 : 1);
  return own.sort((one, other) => rank(one) - rank(other));
}

// Null: the browser tells of no voice at all, and speaks by one of its own if it has one.
export function voiceFor(language, synthesis) {
  const own = voicesFor(language, synthesis);
  return own.find(({ voiceURI }) => voiceURI === setting(settingOf("voice", language))) ?? own[0] ?? null;
}

// Whether words of `language` can be spoken as such; a voice of another language would say them beyond recognition.
export function canSpeak(language, synthesis = globalThis.speechSynthesis) {
  return Boolean(synthesis) && (!synthesis.getVoices().length || voicesFor(language, synthesis).length > 0);
}

export function isSpoken(language) {
  return setting(settingOf("speak", language));
}

// How `text` is spoken, for Speech.
export function spoken(text, language, more = {}) {
  return { text, language, voice: voiceFor(language), rate: setting(settingOf("rate", language)), ...more };
}

// A phrase that is worth noticing, as a note below what was said: its meaning, and what is known of it.

import { make } from "./elements.js";
import { knows, say } from "./strings.js";

export function phraseNote(phrase, language) {
  const words = make("b", language ? { lang: language } : {}, phrase.text);
  const about = aboutPhrase(phrase);
  const more = about ? [" ", make("small", {}, `(${about})`)] : [];
  return make("p", { class: "note phrase" }, words, `: ${phrase.meaning}`, ...more);
}

// How it is word by word, where it is said, and among whom; empty if nothing is known.
export function aboutPhrase({ literal, region, register }) {
  const places = (region ?? "").split(",").map((code) => code.trim()).filter(Boolean);
  const parts = [
    literal ? say("phrase.literal", { literal }) : "",
    places.map((code) => named(`phrase.region.${code}`, code)).join(", "),
    register ? named(`phrase.register.${register}`, register) : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

function named(key, code) {
  return knows(key) ? say(key) : code;
}

// A phrase that is worth noticing, as a note below what was said: its meaning, and what is known of it.

import { make } from "./elements.js";
import { knows, say } from "./strings.js";

export function phraseNote(phrase, language) {
  if (phrase.kind === "correction") return correctionNote(correctionOf(phrase), language);
  const words = make("b", language ? { lang: language } : {}, phrase.text);
  const about = aboutPhrase(phrase);
  const more = about ? [" ", make("small", {}, `(${about})`)] : [];
  return make("p", { class: "note phrase" }, words, `: ${phrase.meaning}`, ...more);
}

// What a learner said wrong, how it is right, and why. One that was kept long ago has the fields of a phrase.
export function correctionOf({ wrong, right, why, text, meaning, literal }) {
  return { wrong: wrong ?? literal ?? "", right: right ?? text, why: why ?? meaning ?? "" };
}

function correctionNote({ wrong, right, why }, language) {
  const spoken = language ? { lang: language } : {};
  const words = [make("del", spoken, wrong), " → ", make("ins", spoken, right)];
  return make("p", { class: "note correction" }, `${say("phrase.correction")}: `, ...words, why ? `: ${why}` : "");
}

// How it is word by word, where it is said, and among whom; empty if nothing is known.
export function aboutPhrase({ kind, literal, region, register }) {
  const places = (region ?? "").split(",").map((code) => code.trim()).filter(Boolean);
  const parts = [
    knows(`phrase.kind.${kind}`) ? say(`phrase.kind.${kind}`) : "",
    literal ? say("phrase.literal", { literal }) : "",
    places.map((code) => named(`phrase.region.${code}`, code)).join(", "),
    register ? named(`phrase.register.${register}`, register) : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

function named(key, code) {
  return knows(key) ? say(key) : code;
}

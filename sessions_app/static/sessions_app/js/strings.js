// The words of the live page, in the language of the page: a page has those of no other (see live_en.js).

import { both } from "./strings_both.js";

let words = {};

export function use(table) {
  words = { ...both[document.documentElement.lang.slice(0, 2)], ...table };
}

export function knows(key) {
  return key in words;
}

// `language` is for the few words of strings_both.js, which are there in either.
export function say(key, values = {}, language = "") {
  const text = language ? both[language.slice(0, 2)][key] : words[key];
  return text.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

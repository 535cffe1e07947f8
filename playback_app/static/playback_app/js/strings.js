// The words of one recording's page, in the language of the page.

import { english } from "./strings_en.js";
import { spanish } from "./strings_es.js";

export const LANGUAGES = { en: english, es: spanish };

export function say(key, values = {}, language = document.documentElement.lang) {
  const words = LANGUAGES[language.slice(0, 2)] ?? english;
  return words[key].replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

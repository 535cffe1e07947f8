// How speakers are called on the page: the server's own names in the page's language.

import { say } from "./strings.js";

const DEFAULTS = ["speaker.es", "speaker.en"];

export function nameOf(speaker) {
  const key = DEFAULTS.find((name) => say(name, {}, "en") === speaker.name);
  return key ? say(key) : speaker.name;
}

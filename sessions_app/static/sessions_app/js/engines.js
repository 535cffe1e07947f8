// Which engines are used, why a better one is not, and what they cannot do: in words.

import { make } from "./elements.js";
import { describe } from "./problems.js";
import { say } from "./strings.js";

export function showEngines(details, engines) {
  const { transcriber, translator, detector } = engines;
  const names = { transcriber: hearing(transcriber), translator: translating(translator) };
  details.querySelector("summary").textContent = say("engines.line", names);
  details.querySelector("ul").replaceChildren(
    line("engines.transcriber", names.transcriber, transcriber),
    line("engines.translator", names.translator, translator),
    line("engines.detector", detector?.name ?? "", detector),
  );
  details.hidden = false;
}

// What these engines cannot do for `direction`, as notices; empty: all is well.
export function engineProblems({ transcriber, translator }, direction) {
  const problems = [];
  if (!hears(transcriber)) problems.push(describe("no_transcriber", { why: transcriber?.why ?? "" }));
  else if (missing(transcriber, direction)) problems.push(noLanguage(transcriber, direction));
  if (isNone(translator)) problems.push(describe("no_translator", { why: translator?.why ?? "" }));
  return problems;
}

export function canHear({ transcriber }) {
  return hears(transcriber);
}

export function missing(transcriber, direction) {
  const language = direction.slice(0, 2);
  const needed = direction === "auto" ? ["es", "en"] : [language];
  return needed.find((code) => !transcriber.languages.includes(code));
}

function hears(engine) {
  return !isNone(engine) && engine.languages.length > 0;
}

function isNone(engine) {
  return !engine || engine.is_none;
}

function noLanguage(transcriber, direction) {
  const language = capital(languageName(missing(transcriber, direction)));
  const languages = transcriber.languages.map(languageName).join(", ");
  return describe("no_language", { language, languages, name: transcriber.name, why: transcriber.why ?? "" });
}

function hearing(engine) {
  if (!hears(engine)) return say("engines.none");
  const languages = engine.languages.map(languageName).join(", ");
  return say("engines.languages", { name: engine.name, languages });
}

function translating(engine) {
  return isNone(engine) ? say("engines.untranslated") : engine.name;
}

function languageName(code) {
  return say(`language.${code}`);
}

function capital(word) {
  return document.documentElement.lang === "en" ? word : word.toLowerCase();
}

function line(key, name, engine) {
  const item = make("li", {}, say(key, { name }));
  if (engine?.why) item.append(make("br"), engine.why);
  return item;
}

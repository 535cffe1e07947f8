// The conversation as text and as subtitles.

import { aboutPhrase, correctionOf } from "./phrases.js";
import { nameOf } from "./speakers.js";
import { cuesOf } from "./subtitles.js";

export function toText(entries, locale) {
  return kept(entries).map((entry) => textOf(entry, locale)).join("\n\n");
}

export function toSubtitles(entries) {
  const said = kept(entries);
  const zero = Math.min(...said.map(startOf));
  const captions = said.map((entry) => ({
    start: startOf(entry) - zero,
    end: entry.endedAt && entry.endedAt - zero,
    texts: texts(entry),
  }));
  return cuesOf(captions).map(subtitle).join("\n");
}

export function fileName(ending, moment = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return `habla-${day}-${two(moment.getHours())}${two(moment.getMinutes())}.${ending}`;
}

function kept(entries) {
  return entries.filter((entry) => entry.source && entry.state !== "hearing").sort((a, b) => startOf(a) - startOf(b));
}

function startOf(entry) {
  return entry.startedAt ?? entry.saidAt;
}

function textOf(entry, locale) {
  const time = new Date(startOf(entry)).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  const who = entry.speaker ? `${flat(nameOf(entry.speaker))}: ` : "";
  const [source, translated] = texts(entry);
  const notes = (entry.phrases ?? []).map((phrase) => `  * ${noteOf(phrase)}`);
  return [`[${time}] ${who}${source}`, translated, ...notes].filter(Boolean).join("\n");
}

function noteOf(phrase) {
  if (phrase.kind !== "correction") {
    const about = aboutPhrase(phrase);
    return flat(`${phrase.text}: ${phrase.meaning}${about && ` (${about})`}`);
  }
  const { wrong, right, why } = correctionOf(phrase);
  return flat(`✗ ${wrong} → ✓ ${right}${why && `: ${why}`}`);
}

function subtitle({ start, end, lines }, i) {
  const words = lines.map(unmarked);
  return [i + 1, `${stamp(start)} --> ${stamp(end)}`, ...words].join("\n") + "\n";
}

// SubRip knows no escapes: what players would take for times, a tag or an order is written another way.
function unmarked(text) {
  return text
    .replaceAll("-->", "→")
    .replace(/<(?=[/!?a-z])([^<>]*)(>?)/gi, (_, tag, end) => `‹${tag}${end && "›"}`)
    .replace(/\{(?=\\|[a-z]:)([^{}]*)(\}?)/gi, (_, order, end) => `(${order}${end && ")"}`);
}

function texts({ source, translated }) {
  return [flat(source), flat(translated ?? "")];
}

// A blank line would end a subtitle, a line break would read as a translation, and a control of direction would
// turn round what stands after it.
function flat(text) {
  return text.replace(/(?!\s)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "").trim().split(/\s+/).join(" ");
}

function stamp(ms) {
  const pad = (number, digits) => String(Math.floor(number)).padStart(digits, "0");
  const [hours, minutes, seconds] = [ms / 3600000, (ms / 60000) % 60, (ms / 1000) % 60];
  return `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)},${pad(ms % 1000, 3)}`;
}

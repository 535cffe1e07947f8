// Every problem in words: what is wrong and what to do, by its code.

import { knows, say } from "./strings.js";

const ERRORS = new Set([
  "mic_denied", "mic_missing", "mic_busy", "mic_failed", "mic_lost", "insecure", "unsupported", "no_audio",
  "server_gone", "server_gone_retrying", "login_required", "not_sent", "leaving_lost", "wrong_origin", "protocol", "server_error",
  "no_words", "engines_fail",
]);
const CALM = new Set(["left", "leaving_kept", "heard_later", "mic_unmeasured", "loading", "fetching", "engines_changed", "going_away", "no_translator", "model_loading", "no_corrections"]);

// What has happened, and goes on no more, is told for so long; each time it happens it is news.
const SHOWN_SECONDS = { dropped: 12, leaving_kept: 20, leaving_lost: 20, cannot_keep_up: 30, unheard: 60, unrecorded: 60, not_sent: 60 };

export class ProblemError extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}

// `values` fill the holes of the words; a code that has no words is told as the server told it.
export function describe(code, values = {}) {
  const known = knows(`problem.${code}.title`) ? code : "server_error";
  return {
    code,
    level: ERRORS.has(known) ? "error" : CALM.has(known) ? "calm" : "warning",
    title: say(`problem.${known}.title`, values),
    help: say(`problem.${known}.help`, values).trim(),
    ...(known in SHOWN_SECONDS ? { seconds: SHOWN_SECONDS[known], isNews: true } : {}),
  };
}

// Why there is no translation: in the page's words, or as the server says it.
export function reasonOf({ message, fault }) {
  return knows(`fault.${fault}`) ? say(`fault.${fault}`) : message;
}

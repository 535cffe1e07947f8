// What the server says, besides words: each message's effect on the page.

import { describe, reasonOf } from "./problems.js";
import { say } from "./strings.js";

const PASSING_SHOWN_SECONDS = 12; // of what nothing takes back
const ERROR_SHOWN_SECONDS = 30; // that one command was refused
const TAKEN_BACK = new Set(["no_words", "engines_fail"]); // by `resolved`
const SAID_ELSEWHERE = new Set(["no_transcriber", "language_not_supported", "only_one_language"]); // by engines.js, with a way out
const STOPS_BY_ITSELF = new Set(["broken_stream", "overrun"]); // listening_stopped follows
const GOES_ON = "only_one_language"; // a warning: it listens
const OF_NO_MATTER = "resume_unknown"; // what is held is sent to the session that begins instead
const OF_SOUND = new Set(
  ["broken_stream", "overrun", "no_words", "recording_stopped", "not_listening", "too_fast", "too_many_streams", "too_many_files"]
    .map(noticeOf),
);

// `live` is the page (live.js). A message that is not here and not the journal's is not ours.
export const effects = {
  loading(live, { message, progress, failed }) {
    if (failed) {
      live.notices.hide("fetching");
      live.notices.show({ ...describe("not_fetched", { message }), canHide: true });
      return;
    }
    // once a session is open, it is better engines that come, for the next one
    const code = live.connection.isReady ? "fetching" : "loading";
    live.notices.hide("not_fetched");
    if (code === "loading") live.setState("loading");
    live.notices.show({ ...describe(code, { message: message ?? "" }), progress: progress ?? null });
  },

  lm_studio(live, { state, message }) {
    if (state === "down" || state === "starting") live.notices.show(describe("lm_studio_down", { message }));
    else live.notices.hide("lm_studio_down");
  },

  language_model(live, { state, message }) {
    live.noteModel(message);
    live.notices.hide("model_loading", "model_down");
    if (state !== "ready") live.notices.show({ ...describe(`model_${state}`, { message }), canHide: true });
  },

  ready(live, message) {
    live.beginSession(message);
  },

  resumed(live, message) {
    live.resumeSession(message);
  },

  closed(live) {
    live.closed();
  },

  listening_started(live, { recording }) {
    live.notices.over(isOfSound);
    live.listens(recording);
    live.journal.beginSource(!live.uplink.isTellingAgain, recording);
  },

  playback_started(live) {
    live.journal.beginSource(!live.uplink.isTellingAgain);
  },

  listening_stopped(live) {
    live.listening.streamEnded(live.isGoingAway, live.uplink.ended(live.isGoingAway));
  },

  direction_changed(live, { direction }) {
    live.choices.show("direction", direction);
    live.showEngineProblems();
  },

  mode_changed(live, { mode }) {
    live.notices.hide("no_corrections");
    live.choices.show("mode", mode);
  },

  conversation_started(live, { conversation_id: id }) {
    live.beginConversation(id);
  },

  engines_changed(live) {
    live.notices.hide("fetching");
    if (live.changeOver()) return;
    live.hasNewerEngines = true;
    const action = { label: say("button.reload"), run: () => live.reloadAfresh() };
    live.notices.show({ ...describe("engines_changed"), action, canHide: true });
  },

  lag(live, { seconds, dropped_seconds: dropped }) {
    const fresh = Math.ceil(dropped - (live.droppedSeconds ?? dropped));
    live.droppedSeconds = dropped;
    if (fresh > 0) live.notices.show(describe("dropped", { seconds: fresh }));
    if (seconds > 0) live.notices.show({ ...describe("too_slow", { seconds: Math.ceil(seconds) }), isLasting: true });
    else live.notices.hide("too_slow");
  },

  viewers(live, { count }) {
    live.watchers.showCount(count);
  },

  resolved(live, { code }) {
    live.notices.hide(noticeOf(code));
  },

  going_away(live, { deadline_seconds: seconds }) {
    live.isGoingAway = true;
    live.notices.show(describe("going_away", { seconds: Math.round(seconds) }));
  },

  error(live, { code, message, about, fatal, fault, command, retry_after_seconds: pause }) {
    if (code === "too_fast" && live.uplink.sendAgain(command, pause)) return;
    if (typeof about === "number" && live.journal.fail(about, reasonOf({ message, fault }))) return;
    if (code === OF_NO_MATTER) return;
    if (code === "broken_stream" && about === "stop_listening" && live.uplink.isKnownToEnd()) return;
    if (code === "recording_stopped") live.stopRecording();
    if (fatal) live.lastWord = message;
    else if (code === "no_corrections") live.notices.show({ ...describe(code), isLasting: true });
    else if (!SAID_ELSEWHERE.has(code)) {
      const isOfMoment = !TAKEN_BACK.has(code) && !OF_SOUND.has(noticeOf(code));
      const seconds = pause ? Math.max(pause, PASSING_SHOWN_SECONDS) : isOfMoment ? ERROR_SHOWN_SECONDS : undefined;
      live.notices.show({
        ...describe(TAKEN_BACK.has(code) ? code : "server_error", { message }), code: noticeOf(code), isLasting: TAKEN_BACK.has(code), seconds,
      });
    }
    if (about !== "start_listening" || code === GOES_ON || STOPS_BY_ITSELF.has(code)) return;
    if (live.uplink.refused(command)) live.listening.refuse();
  },
};

// What a session that is over has said of itself is over too: the next one says what still holds.
export function isOfSession(code) {
  return code === "too_slow" || code === "dropped" || code === "no_corrections" || code.startsWith(noticeOf(""));
}

// What was wrong with the sound of one listening period says nothing of the next.
function isOfSound(code) {
  return OF_SOUND.has(code);
}

function noticeOf(code) {
  return `server:${code}`;
}

export function hintOf(reason) {
  return say(`hint.${reason}`);
}

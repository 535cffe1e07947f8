// Speaks translations as they come, and what is tapped; meanwhile the microphone's sound is declared silence.
//
// Words are never delayed by it: a sentence is shown first, and spoken only if its turn comes while it is new.

import { make } from "./elements.js";
import { soundOf } from "./replay.js";
import { say } from "./strings.js";
import { canSpeak, isSpoken, spoken } from "./voices.js";

const ECHO_MS = 400; // a room, and the way through the sound card: so long it is still heard
const MOST_AGE_MS = 15_000; // of what was said: later nobody waits for it any more
const BEHIND_SECONDS = 3; // of sound that the server does not have: what comes then is late
const SETTLED_MS = 10_000; // for that long after it has come
const OVER = new Set(["playback_finished", "playback_stopped", "playback_failed"]);

export class Aloud {
  #live;
  #speech;
  #replay;
  #line;
  #quiet = 0;
  #lateUntil = 0;
  #isPlayback = false;

  // `line` is shown while the page is heard; `replay` plays what was really said.
  constructor(live, speech, replay, line) {
    this.#live = live;
    this.#speech = speech;
    this.#replay = replay;
    this.#line = line;
    const button = make("button", { class: "button", type: "button" }, say("button.be_quiet"));
    button.addEventListener("click", () => this.stop());
    line.replaceChildren(make("span", {}, say("speaking.page")), " ", button);
    for (const source of [speech, replay]) source.addEventListener("state", () => this.#show());
    speech.addEventListener("skipped", ({ detail }) => live.hint(say(detail.count === 1 ? "speaking.skipped_one" : "speaking.skipped", detail)));
    speech.addEventListener("failed", ({ detail }) => live.hint(say(detail.reason === "not-allowed" ? "speaking.blocked" : "speaking.failed")));
    replay.addEventListener("failed", () => live.hint(say("speaking.not_played")));
    live.connection.addEventListener("state", ({ detail }) => detail.state === "ready" && this.#isBehind());
    live.listening.addEventListener("state", ({ detail }) => detail.state === "stopping" && this.stop());
    addEventListener("pagehide", () => this.stop());
    for (const name of ["pointerup", "keydown"]) addEventListener(name, () => this.#unlock(), { once: true, capture: true });
  }

  get isHeard() {
    return Boolean(this.#speech.current) || this.#replay.isPlaying;
  }

  // A message of the server that the journal has taken.
  take(message) {
    if (message.type.startsWith("playback_")) this.#isPlayback = !OVER.has(message.type);
    if (message.type !== "translation" || !message.translated) return;
    const language = message.direction.slice(-2);
    if (!isSpoken(language) || this.#isPlayback) return;
    if (this.#isLate(message)) return void this.#live.hint(say("speaking.late"));
    if (!canSpeak(language)) return void this.#live.hint(say("speaking.no_voice", { language: say(`language.${language}`) }));
    this.#speech.say(spoken(message.translated, language, { of: message.utterance_id }));
  }

  // Tapped: at once, whatever is chosen; or no more, if it is what is being said.
  sayAgain(text, language) {
    const isSame = this.#speech.current?.text === text;
    this.stop();
    if (isSame) return;
    if (canSpeak(language)) this.#speech.sayNow(spoken(text, language));
    else this.#live.hint(say("speaking.no_voice", { language: say(`language.${language}`) }));
  }

  // False: it was not recorded, so there is nothing to hear.
  playSaid(entry) {
    const address = soundOf(entry);
    if (!address) return false;
    const isSame = this.#replay.address === address;
    this.stop();
    if (!isSame) this.#replay.play(address);
    return true;
  }

  stop() {
    this.#speech.stop();
    this.#replay.stop();
  }

  #unlock() {
    if (["en", "es"].some(isSpoken)) this.#speech.unlock();
  }

  // While what was held is sent, and a while after.
  #isBehind() {
    if (this.#live.uplink.leftSeconds > BEHIND_SECONDS) this.#lateUntil = performance.now() + SETTLED_MS;
    return performance.now() < this.#lateUntil;
  }

  #isLate(message) {
    const endedAt = this.#live.journal.about(message)?.endedAt;
    return this.#live.uplink.isTellingAgain || this.#isBehind() || Boolean(endedAt && Date.now() - endedAt > MOST_AGE_MS);
  }

  #show() {
    const { isHeard } = this;
    this.#line.hidden = !isHeard;
    clearTimeout(this.#quiet);
    if (isHeard) this.#live.listening.silence(true);
    else this.#quiet = setTimeout(() => this.#live.listening.silence(false), ECHO_MS);
  }
}

// Speaks sentences by the browser's voices, one after the other, and never far behind what is said.

const MOST_WAITING = 2; // sentences; beyond that the newest is next
const MOST_CHARACTERS = 200; // some voices end in mid-sentence after a quarter of a minute
const BEGUN_MS = 5000; // a voice that has not begun by then does not
const MS_A_CHARACTER = 200; // at the usual rate, so slowly that whatever takes longer hangs
const LEFT_ALONE = new Set(["canceled", "interrupted"]);

// Says "state" ({item}: what is spoken, or null), "skipped" ({count}) and "failed" ({reason}).
export class Speech extends EventTarget {
  current = null;
  #synthesis;
  #waiting = [];
  #pieces = [];
  #utterance = null; // held, since some browsers forget one that nobody holds, and its end with it
  #overdue = 0;

  constructor(synthesis = globalThis.speechSynthesis) {
    super();
    this.#synthesis = synthesis;
  }

  get isPossible() {
    return Boolean(this.#synthesis);
  }

  // `item` is {text, language, voice?, rate}. It waits for its turn.
  say(item) {
    if (!this.isPossible || !item.text.trim()) return;
    this.#waiting.push(item);
    if (this.#waiting.length > MOST_WAITING) this.#skip();
    if (!this.current) this.#next();
  }

  // Says it at once, in place of whatever is being said.
  sayNow(item) {
    if (!this.isPossible || !item.text.trim()) return;
    this.#drop();
    this.#waiting.push(item);
    this.#next();
  }

  stop() {
    this.#drop();
    this.#become(null);
  }

  // Lets a browser speak later that wants to be asked to by a tap: this is called in one.
  unlock() {
    if (!this.isPossible || this.current) return;
    const nothing = new SpeechSynthesisUtterance("");
    nothing.volume = 0;
    this.#synthesis.speak(nothing);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #become(item) {
    if (item === this.current) return;
    this.current = item;
    this.#tell("state", { item });
  }

  #skip() {
    const count = this.#waiting.length - 1;
    this.#waiting.splice(0, count);
    this.#tell("skipped", { count });
  }

  #drop() {
    this.#waiting = [];
    this.#pieces = [];
    clearTimeout(this.#overdue);
    this.#utterance = null;
    if (this.isPossible) this.#synthesis.cancel();
  }

  #next() {
    const item = this.#waiting.shift() ?? null;
    this.#become(item); // the microphone is silenced before the first sound
    if (!item) return;
    this.#pieces = inPieces(item.text);
    this.#speak();
  }

  #speak() {
    const { language, voice, rate } = this.current;
    const utterance = new SpeechSynthesisUtterance(this.#pieces.shift());
    Object.assign(utterance, { lang: voice?.lang ?? language, rate: rate ?? 1 });
    if (voice) utterance.voice = voice;
    this.#utterance = utterance;
    const once = (act) => (event) => this.#utterance === utterance && act(event);
    utterance.addEventListener("start", once(() => this.#expect(MS_A_CHARACTER * utterance.text.length / utterance.rate + BEGUN_MS)));
    utterance.addEventListener("end", once(() => this.#goOn()));
    utterance.addEventListener("error", once(({ error }) => this.#fail(error)));
    this.#expect(BEGUN_MS);
    this.#synthesis.speak(utterance);
  }

  #expect(ms) {
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#fail("hangs"), ms);
  }

  #goOn() {
    clearTimeout(this.#overdue);
    if (this.#pieces.length) this.#speak();
    else this.#next();
  }

  // What waits would fare no better.
  #fail(reason) {
    this.#drop();
    this.#become(null);
    if (!LEFT_ALONE.has(reason)) this.#tell("failed", { reason });
  }
}

// Cut at the ends of sentences, else between words.
export function inPieces(text, most = MOST_CHARACTERS) {
  const pieces = [];
  let rest = text.trim();
  while (rest.length > most) {
    const head = rest.slice(0, most + 1);
    const ends = [...head.matchAll(/[.!?…;:]\s/gu)].map(({ index }) => index + 1);
    const end = ends.at(-1) ?? (head.lastIndexOf(" ") > 0 ? head.lastIndexOf(" ") : most);
    pieces.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return rest ? [...pieces, rest] : pieces;
}

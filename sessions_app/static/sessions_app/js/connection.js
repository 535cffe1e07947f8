// The WebSocket to the server, which comes back by itself.

import { pauseSeconds } from "./backoff.js";

const PING_SECONDS = 15;
const ANSWER_SECONDS = 10; // a ping that is not answered so soon means a dead network
const OPENING_SECONDS = 10; // so does a connection that is not open by then
const GREETING_SECONDS = 10; // and one that is, and tells nothing, where a session only has to be found again
const STEADY_SECONDS = 5; // a connection that lasted so long makes the next pause short again
const FULL_SECONDS = 12;
const LOOK_MS = 200;
const URGENT = { longest: 3, opening: 3, answer: 3, silence: 2.5 }; // in seconds, while somebody speaks
const LAST_WORD = {
  4400: "protocol", 4401: "login_required", 4403: "wrong_origin", 4408: "silent", 4410: "no_ticket", 4414: "taken_over",
};
const PASSING = { 4013: "full", 4409: "cannot_keep_up", 4012: "server_quits" };

// Says "state" ({state, reason, seconds}) and "message" (what the server sent).
// States: connecting, open, ready, waiting (for the next try), refused (until `open` is called).
export class Connection extends EventTarget {
  state = "waiting";
  isUrgent = () => false; // whether somebody speaks: a dead network is noticed, and left, within 3 s
  isTold = false; // the server tells something every second: its silence is that of a dead network
  #address;
  #greetings;
  #socket = null;
  #attempt = 0;
  #openedAt = 0;
  #readyAt = 0;
  #heardAt = 0;
  #retry = 0;
  #pinging = 0;
  #looking = 0;
  #overdue = 0;

  // `greetings` are the types of messages after which all is ready.
  constructor(address, greetings = ["ready"]) {
    super();
    this.#address = address;
    this.#greetings = greetings;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  get isReady() {
    return this.state === "ready";
  }

  // A socket that is closing takes nothing more, and tells so only later.
  get #isOpen() {
    return this.isReady && this.#socket.readyState === WebSocket.OPEN;
  }

  get backlogBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  open() {
    clearTimeout(this.#retry);
    if (this.#socket) return;
    this.#become("connecting");
    const socket = new WebSocket(this.#address());
    this.#socket = socket;
    this.#openedAt = performance.now();
    clearInterval(this.#looking);
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#is(socket) && this.#become("open"));
    socket.addEventListener("message", (event) => this.#is(socket) && this.#hear(event.data));
    socket.addEventListener("close", (event) => this.#is(socket) && this.#lose(event.code));
  }

  // A new connection in place of the one that there is.
  renew() {
    this.#drop();
    this.#attempt = 0;
    this.open();
  }

  // The network may have changed: what waits is tried, and what seems to be open has to show that it is.
  hurry() {
    if (this.state === "waiting") this.open();
    else if (this.state === "connecting" && performance.now() - this.#openedAt > 1000) this.renew();
    else if (this.isReady) this.#ping(URGENT.answer);
  }

  // Ends it for good: nothing more will come.
  finish(reason) {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become("refused", { reason });
  }

  send(message) {
    return this.sendText(JSON.stringify(message));
  }

  sendText(text) {
    if (!this.#isOpen) return false;
    this.#socket.send(text);
    return true;
  }

  sendSound(chunk) {
    if (this.#isOpen) this.#socket.send(chunk);
  }

  #is(socket) {
    return this.#socket === socket;
  }

  #become(state, details = {}) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...details } }));
  }

  #hear(data) {
    clearTimeout(this.#overdue);
    this.#heardAt = performance.now();
    const message = JSON.parse(data);
    const isGreeting = this.#greetings.includes(message.type);
    if (isGreeting) this.#begin();
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    if (isGreeting) this.#become("ready");
  }

  #begin() {
    this.state = "ready";
    this.#readyAt = performance.now();
    clearInterval(this.#pinging);
    this.#pinging = setInterval(() => this.#ping(), PING_SECONDS * 1000);
  }

  #ping(seconds = ANSWER_SECONDS) {
    this.send({ type: "ping", t: Math.round(performance.now()) });
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#lose(0), seconds * 1000);
  }

  // Whether the network is dead, of which nobody is told.
  #look() {
    const now = performance.now();
    const since = (moment) => (now - moment) / 1000;
    const isUrgent = this.isUrgent();
    const opening = isUrgent ? URGENT.opening : OPENING_SECONDS;
    const isStuck = this.state === "connecting" && since(this.#openedAt) > opening;
    const isMute = this.state === "open" && isUrgent && since(Math.max(this.#openedAt, this.#heardAt)) > GREETING_SECONDS;
    const isSilent = this.isReady && isUrgent && this.isTold && since(this.#heardAt) > URGENT.silence;
    if (isStuck || isMute || isSilent) this.#lose(0);
  }

  #drop() {
    clearInterval(this.#pinging);
    clearInterval(this.#looking);
    clearTimeout(this.#overdue);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lose(code) {
    this.#drop();
    this.isTold = false;
    if (code in LAST_WORD) {
      this.#become("refused", { reason: LAST_WORD[code] });
      return;
    }
    const wasSteady = this.#readyAt && performance.now() - this.#readyAt > STEADY_SECONDS * 1000;
    this.#attempt = wasSteady ? 0 : this.#attempt + 1;
    this.#readyAt = 0;
    const longest = this.isUrgent() ? { longest: URGENT.longest } : {};
    const seconds = code === 4013 ? FULL_SECONDS * (1 + Math.random() / 2) : pauseSeconds(this.#attempt, longest);
    this.#retry = setTimeout(() => this.open(), seconds * 1000);
    this.#become("waiting", { reason: PASSING[code] ?? "server_gone", seconds });
  }
}

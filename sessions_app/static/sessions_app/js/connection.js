// The WebSocket to the server, which comes back by itself.

import { pauseSeconds } from "./backoff.js";

const PING_SECONDS = 15;
const ANSWER_SECONDS = 10; // a ping that is not answered so soon means a dead network
const STEADY_SECONDS = 5; // a connection that lasted so long makes the next pause short again
const FULL_SECONDS = 12;
const LAST_WORD = { 4400: "protocol", 4401: "login_required", 4403: "wrong_origin", 4408: "silent", 4410: "no_ticket" };
const PASSING = { 4013: "full", 4409: "cannot_keep_up", 4012: "server_quits" };

// Says "state" ({state, reason, seconds}) and "message" (what the server sent).
// States: connecting, open, ready, waiting (for the next try), refused (until `open` is called).
export class Connection extends EventTarget {
  state = "waiting";
  #address;
  #greeting;
  #socket = null;
  #attempt = 0;
  #readyAt = 0;
  #retry = 0;
  #pinging = 0;
  #overdue = 0;

  // `greeting` is the type of the message after which all is ready.
  constructor(address, greeting = "ready") {
    super();
    this.#address = address;
    this.#greeting = greeting;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  get isReady() {
    return this.state === "ready";
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

  hurry() {
    if (this.state === "waiting") this.open();
  }

  // Ends it for good: nothing more will come.
  finish(reason) {
    this.#drop();
    this.#become("refused", { reason });
  }

  send(message) {
    if (!this.isReady) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  sendSound(chunk) {
    if (this.isReady) this.#socket.send(chunk);
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
    const message = JSON.parse(data);
    if (message.type === this.#greeting) this.#begin();
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    if (message.type === this.#greeting) this.#become("ready");
  }

  #begin() {
    this.state = "ready";
    this.#readyAt = performance.now();
    clearInterval(this.#pinging);
    this.#pinging = setInterval(() => this.#ping(), PING_SECONDS * 1000);
  }

  #ping() {
    this.send({ type: "ping", t: Math.round(performance.now()) });
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#lose(0), ANSWER_SECONDS * 1000);
  }

  #drop() {
    clearInterval(this.#pinging);
    clearTimeout(this.#overdue);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lose(code) {
    this.#drop();
    if (code in LAST_WORD) {
      this.#become("refused", { reason: LAST_WORD[code] });
      return;
    }
    const wasSteady = this.#readyAt && performance.now() - this.#readyAt > STEADY_SECONDS * 1000;
    this.#attempt = wasSteady ? 0 : this.#attempt + 1;
    this.#readyAt = 0;
    const seconds = code === 4013 ? FULL_SECONDS * (1 + Math.random() / 2) : pauseSeconds(this.#attempt);
    this.#retry = setTimeout(() => this.open(), seconds * 1000);
    this.#become("waiting", { reason: PASSING[code] ?? "server_gone", seconds });
  }
}

// The way to the server: sound and commands are held until it has them, and a lost connection goes on with the same session.
//
// A server that offers no tickets (`isHolding` false) gets them at once, or not at all.

import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";

const MOST_WAITING_BYTES = 64 * 1024; // in the socket; what waits there cannot be held back any more
const PUMP_MS = 50; // until that is looked at again: sockets do not tell
const SPILL_MS = 500;
const UNSETTLED_MS = 1500; // what is not acknowledged by then is stored
const SIGN_OF_LIFE_MS = 10_000;
const SAVED_MS = 1000; // a ticket that is not stored by then is used all the same
const READ_MS = 1000;

// Says "sent" ({key}), "dropped" ({seconds}: more than can be held) and "lost" ({seconds}: the next server takes none of it).
export class Uplink extends EventTarget {
  isHolding = false;
  seen = 0; // the highest number of an event of this session
  openStream = 0; // the stream that the server last said it began, and did not end
  isTellingAgain = false; // events come that were missed
  session = "";
  #connection;
  #store;
  #outbox;
  #pace = new Pace();
  #ticket = "";
  #noted = {};
  #isOpen = false;
  #greeting = 0;
  #pumping = 0;
  #reading = 0;
  #isCutShort = false; // a stream of the page before this one ends in the middle of something
  #pauseSeconds = 0; // between two commands, since they came too fast
  #restUntil = 0; // nothing is sent until then
  #toldAt = 0;

  constructor(connection, store, outbox = new Outbox({ dropped: (seconds) => this.#tell("dropped", { seconds }) })) {
    super();
    this.#connection = connection;
    this.#store = store;
    this.#outbox = outbox;
    connection.addEventListener("state", ({ detail }) => detail.state !== "ready" && this.#close());
    setInterval(() => this.#spill(), SPILL_MS);
  }

  // Goes on with what the page before this one, in the same tab, had.
  async restore() {
    const { ticket = "", session = "", outline } = this.#store.record;
    const rows = await this.#store.rows();
    this.#ticket = ticket;
    this.session = session;
    this.isHolding = Boolean(ticket);
    if (outline) this.#isCutShort = this.#outbox.restore(outline, rows);
  }

  // What the address of the connection says of it.
  get query() {
    return this.#ticket ? { resume: this.#ticket, seen: this.seen } : { resumable: 1 };
  }

  get isReady() {
    return this.#connection.isReady;
  }

  get backlogBytes() {
    return this.#connection.backlogBytes;
  }

  get heldSeconds() {
    return this.isHolding ? this.#outbox.heldSeconds : 0;
  }

  get leftSeconds() {
    return this.isHolding ? this.#outbox.leftSeconds : 0;
  }

  // Whether what is held outlives the page.
  get isLasting() {
    return this.#store.isLasting;
  }

  // --- what the page sends

  // Returns a source, for `sound` and `end`.
  begin(fields) {
    if (!this.isHolding) this.#connection.send({ type: "start_listening", ...fields });
    const source = this.isHolding ? this.#outbox.begin(fields) : { isPassing: true };
    source.heardAt = performance.now();
    this.#pump();
    return source;
  }

  sound(source, chunk) {
    if (source.isPassing) return this.#connection.sendSound(chunk);
    const now = performance.now();
    const { sample_rate: rate } = source.fields;
    const seconds = rate ? chunk.length / (2 * rate) : (now - source.heardAt) / 1000;
    source.heardAt = now;
    this.#outbox.add(source, chunk, seconds);
    this.#pump();
    return this.#spill();
  }

  end(source) {
    if (source.isPassing) this.#connection.send({ type: "stop_listening" });
    else this.#outbox.end(source);
    this.#pump();
  }

  // False: it is neither sent nor held. `key` is told when it is sent.
  command(message, key) {
    if (this.isHolding) this.#outbox.command(message, key);
    else if (!this.#connection.send(message)) return false;
    else if (key) this.#tell("sent", { key });
    this.#pump();
    return true;
  }

  has(key) {
    return this.#outbox.has(key);
  }

  // --- what the server says

  // False: the page has it already.
  isNews({ event }) {
    if (event === undefined) return true;
    if (event <= this.seen) return false;
    this.seen = event;
    return true;
  }

  // `message` is `ready` or `resumed`.
  greet(message) {
    this.isHolding = Boolean(message.resume);
    this.#ticket = message.resume?.ticket ?? "";
    this.session = message.session_id;
    this.#outbox.mostUnacknowledged = message.limits?.unacknowledged_bytes ?? this.#outbox.mostUnacknowledged;
    this.#pace.begin(message.limits?.burst_seconds);
    if (!this.isHolding) return this.#giveUp();
    this.isTellingAgain = message.type === "resumed";
    if (this.isTellingAgain) this.#outbox.resume(message);
    else this.#beginAnew(message);
    return this.#openWhenSaved(message);
  }

  take(message) {
    if (message.type === "kept") this.#outbox.kept(message);
    else if (message.type === "pong" && message.t?.read !== undefined) this.#noteRead(message.t.read);
    else if (message.type === "listening_started" && message.stream) this.#started(message.stream);
    else return;
    if (message.type !== "pong") this.#connection.isTold = this.isHolding;
    this.#pump();
  }

  // The server has ended the open stream. Returns whether it did so by itself, and whether no other follows.
  ended(isGoingAway) {
    const number = this.openStream;
    this.openStream = 0;
    this.#connection.isTold = false;
    const isUnasked = !isGoingAway && this.#outbox.ended(number);
    return { isUnasked, isLast: number >= this.#outbox.newestStream };
  }

  // The server did not begin the stream of the command `command`. Returns whether that is not known yet.
  refused(command) {
    return !this.isHolding || this.#outbox.refused(command);
  }

  // The stream that ends lacks its end. Returns whether that is known: its page is gone, and all that was recorded is there.
  isKnownToEnd() {
    const isKnown = this.#isCutShort;
    this.#isCutShort = false;
    return isKnown;
  }

  // A command came too fast. Returns whether it is sent again, `seconds` later, and all behind it no faster than that.
  sendAgain(command, seconds) {
    if (!this.isHolding || !this.#outbox.again(command)) return false;
    this.#pauseSeconds = Math.max(this.#pauseSeconds, seconds);
    this.#rest();
    return true;
  }

  // --- leaving

  // Keeps all, since the page is being left.
  keep(fields) {
    if (!this.isHolding) return;
    this.#spill(true);
    this.#store.save({ ...fields, outline: this.#outbox.outline });
  }

  // Keeps `fields` for the page that comes after this one.
  note(fields) {
    Object.assign(this.#noted, fields);
    if (this.isHolding) this.#store.save(fields);
  }

  get isAllSent() {
    return this.#outbox.isAllSent;
  }

  // Ends the session, for good: what is held is not sent any more.
  leave() {
    if (this.isHolding) this.#connection.send({ type: "leave" });
    return this.wipe();
  }

  wipe() {
    this.#outbox.clear();
    this.#outbox.takeGone();
    this.isHolding = false;
    this.#ticket = "";
    this.seen = 0;
    this.#close();
    return this.#store.wipe();
  }

  // --- inside

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #noteRead(order) {
    this.isTellingAgain = false;
    if (order) this.#outbox.read(order);
  }

  #started(stream) {
    this.openStream = stream;
    this.#outbox.started(stream);
  }

  #beginAnew({ continues, command }) {
    this.seen = 0;
    this.openStream = 0;
    this.#outbox.move(continues, command);
  }

  // A server that cannot take what came before.
  #giveUp() {
    const seconds = this.#outbox.heldSeconds;
    this.#outbox.clear();
    this.#spill();
    if (seconds) this.#tell("lost", { seconds });
  }

  // The ticket before this one is good until something is sent: so this one is stored first.
  async #openWhenSaved({ session_id: session, conversation_id: conversation, resume: { ticket, seconds } }) {
    const greeting = (this.#greeting += 1);
    const saving = this.#store.save({ ...this.#noted, conversation, ticket, seconds, session, outline: this.#outbox.outline });
    await Promise.race([saving, new Promise((resolve) => setTimeout(resolve, SAVED_MS))]);
    if (greeting !== this.#greeting || !this.isReady) return;
    this.#isOpen = true;
    this.#ask(0);
    this.#pump();
  }

  #close() {
    this.#greeting += 1;
    this.#isOpen = false;
    clearTimeout(this.#pumping);
    clearTimeout(this.#reading);
  }

  #pump() {
    clearTimeout(this.#pumping);
    while (this.#mayPump) {
      const next = this.#outbox.take();
      if (!next) return void this.#noteCaughtUp();
      this.#send(next);
    }
    if (this.#isOpen) this.#pumping = setTimeout(() => this.#pump(), PUMP_MS);
  }

  get #mayPump() {
    return this.#isOpen && this.backlogBytes < MOST_WAITING_BYTES && performance.now() >= this.#restUntil && this.#pace.isFree;
  }

  #rest() {
    this.#restUntil = performance.now() + this.#pauseSeconds * 1000;
  }

  #noteCaughtUp() {
    if (this.#outbox.isAllSent) this.#pauseSeconds = 0;
  }

  #send({ text, order, key, bytes, seconds }) {
    if (bytes) {
      this.#pace.sent(seconds);
      return void this.#connection.sendSound(bytes);
    }
    this.#connection.sendText(text);
    this.#rest();
    if (key) this.#tell("sent", { key });
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => this.#ask(order), READ_MS);
  }

  // Whether the server has read all up to the command `order`; 0: only shows that the connection is used.
  #ask(order) {
    this.#connection.send({ type: "ping", t: { read: order } });
  }

  #spill(isAll = false) {
    const isSettling = this.#isOpen && !isAll;
    const rows = this.isHolding ? this.#outbox.takeUnstored(isSettling ? performance.now() - UNSETTLED_MS : Infinity) : [];
    const gone = this.#outbox.takeGone();
    const isDue = this.isHolding && performance.now() - this.#toldAt > SIGN_OF_LIFE_MS;
    if (!rows.length && !gone.length && !isDue) return;
    this.#toldAt = performance.now();
    this.#store.save({ outline: this.#outbox.outline }, rows, gone);
  }
}

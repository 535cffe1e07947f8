// What the server is to get and may not keep yet: sound and commands, in one order.
//
// The server takes them in this order, so that what it has is always a beginning. Sound is held until it is kept, and of the
// commands that were taken the newest: another process may have less of it.

import { joined } from "./containers.js";
import { HeldList, STRIDE } from "./heldlist.js";
import { outlineOf, restore, takeUnstored } from "./heldrows.js";
import { endOf, Source, Stream } from "./heldsound.js";
import { dropOldest } from "./overflow.js";
import { FRAME_SECONDS } from "./pace.js";
import { goOn, openAgain } from "./reopening.js";

const FRAME_BYTES = 64 * 1024;
const MOST_BYTES = 32 * 1024 * 1024; // of held sound: 17 minutes of PCM, more than two hours of Opus
const MOST_TAKEN = 200; // commands that are held though the server took them: another process may want them again
const OF_A_SESSION = /_playback$/; // commands that mean nothing in another session
const OF_THE_MOMENT = /^(text_input|not_sent)$/; // nor are these sent again there, if nobody knows whether they were taken

export class Outbox {
  mostUnacknowledged = 3 * 1024 * 1024; // bytes, as the server says
  #mostBytes;
  #dropped;
  #held = new HeldList();
  #lastStream = 0; // its number in this session
  #isDurable = true;

  // `dropped(seconds)` is told of sound that could not be held.
  constructor({ mostBytes = MOST_BYTES, dropped = () => {} } = {}) {
    this.#mostBytes = mostBytes;
    this.#dropped = dropped;
  }

  // --- what comes in

  // Begins a stream; `fields` are those of start_listening. Returns its source.
  begin(fields) {
    const { order } = this.command({ type: "start_listening", ...fields });
    const source = new Source(order, fields);
    this.#held.streams.push(new Stream({ source, order }));
    return source;
  }

  add(source, data, seconds) {
    if (!this.#held.streams.some((stream) => stream.source === source)) return; // the server has ended it
    this.#held.put(source.add(data, seconds));
    while (this.#held.sums.held > this.#mostBytes) {
      const lost = dropOldest(this.#held);
      if (!lost) return;
      this.#dropped(lost);
    }
  }

  end(source) {
    const stream = this.#held.streams.findLast((one) => one.source === source);
    if (!stream || stream.isEnded) return;
    stream.isEnded = true;
    this.#held.put({ message: { type: "stop_listening" }, stops: source });
  }

  // `key` is given back when it is sent.
  command(message, key) {
    return this.#held.put({ message, key });
  }

  // Whether there is a command with this key that the server may not have taken.
  has(key) {
    return this.#held.entries.some((entry) => entry.key === key && !entry.isTaken);
  }

  // --- what goes out

  // Returns what is to be sent next, {text, order, key} or {bytes, seconds}; null: nothing now.
  take() {
    const entry = this.#held.nextEntry;
    if (!entry || this.#held.mustWait(entry)) return null;
    return entry.message ? this.#takeCommand(entry) : this.#takeSound(entry);
  }

  get isAllSent() {
    return !this.#held.nextEntry;
  }

  get heldSeconds() {
    return this.#held.sums.heldSeconds;
  }

  // How much sound the server has yet to get, as far as one can know.
  get leftSeconds() {
    return this.#isDurable ? this.#held.sums.heldSeconds : this.#held.sums.unsentSeconds;
  }

  // --- what the server says

  // It has begun the stream `number`.
  started(number) {
    const begun = this.#held.streams.find((stream) => stream.number >= number) ?? null;
    const start = begun && this.#held.startOf(begun);
    if (begun) Object.assign(begun, { number, isBegun: true });
    if (start) this.#held.mark(start, true);
    this.#lastStream = Math.max(this.#lastStream, number);
  }

  // It did not begin the stream of the command `order` (undefined: the newest), whose number it gives to the next.
  // Returns whether that is still held.
  refused(order) {
    const stream = this.#held.streams.findLast((one) => (order ? one.order === order : one.number !== null));
    if (!stream) return false;
    this.#lastStream = (stream.number ?? this.#lastStream + 1) - 1;
    this.#held.forget(stream);
    return true;
  }

  // It did not take the command `order`, which came too fast: that is sent again, with the sound of the stream that it would
  // have begun. Returns whether it is still held.
  again(order) {
    const entry = this.#held.entries.find((one) => one.message && one.order === order);
    if (!entry) return false;
    const stream = this.#held.streams.find((one) => one.order === order);
    if (stream?.number) this.#lastStream = stream.number - 1;
    if (stream) stream.reset();
    const later = stream ? this.#held.allOf(stream) : [];
    [entry, ...later].forEach((one) => this.#held.mark(one, false));
    this.#held.putNext([entry, ...later]);
    return true;
  }

  // It has ended the stream `number`. Returns whether that was by itself, while sound came; what is held of it is dropped.
  ended(number) {
    const stream = this.#held.streams.find((one) => one.number === number);
    const isOpen = Boolean(stream) && !stream.isEnded;
    if (isOpen) this.#held.forget(stream);
    else if (stream) this.#keep(stream, Number.MAX_SAFE_INTEGER); // it tells so last of all
    return isOpen;
  }

  get newestStream() {
    return this.#lastStream;
  }

  kept({ stream: number, bytes, durable }) {
    this.#isDurable = durable;
    const stream = this.#held.streams.find((one) => one.number === number);
    if (stream) this.#keep(stream, bytes);
  }

  // It has read everything up to the command `order`.
  read(order) {
    this.#held.markUpTo(order);
    this.#forgetTaken();
  }

  // The same session goes on, maybe in another process: what it does not have is sent in its order.
  resume({ command, stream: number, bytes, listening }) {
    this.#goAbove(command);
    this.#held.entries.forEach((entry) => this.#held.mark(entry, entry.order <= command));
    this.#forgetTaken();
    const stream = this.#recount(command, number);
    this.#noteHad(stream, bytes);
    if (listening && !stream) this.#held.insert(command + 1, { message: { type: "stop_listening" } });
    if (!listening && stream) openAgain(this.#held, stream);
    this.#held.rewind();
  }

  // Another session goes on behind `bytes` of the stream `stream` and behind the command `command` of the one before, as far
  // as those are known; else behind what that is known to have taken.
  move({ stream: number = null, bytes = 0 } = {}, command = null) {
    const stream = this.#held.streams.find((one) => number !== null && one.number === number);
    if (stream) this.#keep(stream, bytes);
    const { reached } = this.#held;
    const mayBeTaken = ({ order, isTaken, message }) => isTaken || (order <= reached && OF_THE_MOMENT.test(message.type));
    const isTaken = (entry) => (command === null ? mayBeTaken(entry) : entry.order <= command);
    const isOld = (entry) => isTaken(entry) || (entry.order <= reached && OF_A_SESSION.test(entry.message.type));
    this.#held.remove(this.#held.entries.filter((entry) => entry.message && isOld(entry)));
    this.#held.entries.forEach((entry) => this.#held.mark(entry, false));
    this.#held.streams.filter((one) => one.number !== null || !this.#held.startOf(one)).forEach((one) => goOn(this.#held, one));
    this.#lastStream = 0;
    this.#held.reached = 0;
    this.#held.rewind();
  }

  // --- what outlives the page

  // All that `restore` needs beside the entries.
  get outline() {
    return outlineOf(this.#held);
  }

  // Rows of entries that are not stored as they are, of those that came up to the moment `until`.
  takeUnstored(until) {
    return takeUnstored(this.#held, until);
  }

  // Orders of rows that are not needed any more, since the last call.
  takeGone() {
    return this.#held.takeGone();
  }

  // `rows` are those of a page that is gone, in order. They come before all of this page. Returns whether a stream was open,
  // whose recorder is gone.
  restore(outline, rows) {
    const sources = restore(this.#held, outline, rows);
    const isOpen = this.#held.streams.some((stream) => !stream.isEnded);
    sources.forEach((source) => this.end(source));
    return isOpen;
  }

  clear() {
    this.#held.remove(this.#held.entries);
    this.#held.streams = [];
    this.#lastStream = 0;
    this.#held.rewind();
  }

  // --- sending

  #takeCommand(entry) {
    const stream = this.#held.streams.find((one) => one.order === entry.order);
    if (stream) stream.number ??= this.#lastStream += 1;
    const about = entry.message.type === "not_sent" ? { stream: entry.of?.number ?? Math.max(1, this.#lastStream) } : {};
    this.#held.pass(entry);
    return { text: JSON.stringify({ ...entry.message, ...about, command: entry.order }), order: entry.order, key: entry.key };
  }

  #takeSound(first) {
    const { flying } = this.#held.sums;
    const room = Math.min(FRAME_BYTES, this.mostUnacknowledged - flying);
    const stream = this.#held.streamOf(first);
    const parts = [];
    let size = 0;
    let seconds = 0;
    for (let entry = first; entry && !entry.message && this.#held.streamOf(entry) === stream; entry = this.#held.nextEntry) {
      const part = stream.bytesOf(entry, entry.at + this.#held.sentOfNext);
      if (size + part.length > room && (size || flying)) break;
      if (size && seconds + entry.seconds > FRAME_SECONDS) break;
      parts.push(part);
      size += part.length;
      seconds += entry.seconds;
      this.#held.pass(entry);
    }
    return parts.length ? { bytes: parts.length === 1 ? parts[0] : joined(parts), seconds } : null;
  }

  // --- what the server has

  // It keeps `bytes` of the stream, and all that came before. What a decoder would need to go on there stays.
  #keep(stream, bytes) {
    stream.kept = Math.max(stream.kept, stream.placeOf(bytes));
    stream.isBegun = true;
    this.#held.recount();
    const pieces = this.#held.piecesOf(stream);
    const isOver = stream.isEnded && !pieces.some((piece) => endOf(piece) > stream.kept);
    const needed = isOver ? stream.kept : Math.min(stream.kept, stream.source.cutUntil(stream.kept, pieces)?.at ?? -Infinity);
    const kept = this.#held.entries.filter((entry) => {
      if (entry.message) return false;
      return entry.order < stream.order || (pieces.includes(entry) && endOf(entry) <= needed);
    });
    const last = Math.max(bytes ? stream.order : 0, ...kept.map((entry) => entry.order));
    this.#held.markUpTo(last);
    this.#held.remove(kept);
    this.#held.forgetEmptyStreams();
  }

  // Up to where the session has each stream, of which `newest` is the last, and has come to `bytes`.
  #noteHad(newest, bytes) {
    const last = this.#held.streams.indexOf(newest);
    this.#held.streams.forEach((stream, i) => {
      stream.had = i < last ? Infinity : stream.placeOf(i === last ? bytes : 0);
      stream.isBegun = i <= last;
    });
  }

  #forgetTaken() {
    this.#held.remove(this.#held.taken.slice(0, -MOST_TAKEN));
    this.#held.forgetEmptyStreams();
  }

  // Commands of this page come after those that the server took of one before it, which this one may not know.
  #goAbove(command) {
    this.#held.next = Math.max(this.#held.next, command + STRIDE);
    const first = this.#held.entries.findIndex((entry) => entry.isNew);
    const fresh = first < 0 ? [] : this.#held.entries.slice(first);
    if (fresh.length && fresh[0].order <= command) this.#held.renumber(fresh);
  }

  // Counts the streams as the server does: of those that it took, the last is `number`. Returns that.
  #recount(command, number) {
    const { streams } = this.#held;
    const known = streams.findIndex((stream) => stream.number === number);
    const newest = known < 0 ? streams.findLastIndex((stream) => stream.order <= command) : known;
    const last = number ? newest : -1; // 0: it took none
    streams.forEach((stream, i) => (stream.number = i <= last ? number - (last - i) : null));
    this.#lastStream = number;
    return streams[last];
  }
}

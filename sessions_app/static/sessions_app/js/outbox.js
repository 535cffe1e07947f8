// What the server is to get and may not have yet: sound and commands, in one order.
//
// An entry is a command, {order, message, key?}, whose number is its order; or a piece of a source, see heldsound.js.
// The server takes them in this order, so that what it has is always a beginning.

import { joined } from "./containers.js";
import { Source, Stream } from "./heldsound.js";

const STRIDE = 10; // between two orders, so that something can be put between them
const FRAME_BYTES = 64 * 1024;
const MOST_BYTES = 32 * 1024 * 1024; // of held sound: 17 minutes of PCM, more than two hours of Opus
const DROPPED_SECONDS = 10; // at once, so that there is room for a while
const MOST_TAKEN = 200; // commands that are kept though the server took them: after a crash it may want them again
const OF_THE_MOMENT = /^(text_input|not_sent|.+_playback)$/; // commands that are not sent again in another session

export class Outbox {
  mostUnacknowledged = 3 * 1024 * 1024; // bytes, as the server says
  #mostBytes;
  #dropped;
  #entries = [];
  #streams = [];
  #next = STRIDE;
  #lastStream = 0; // its number in this session
  #cursor = { index: 0, sent: 0 }; // the entry to be sent next, and how many of its bytes were
  #reached = 0; // the highest order that was ever sent
  #gone = []; // orders of rows that are not needed any more
  #isDurable = true;
  #sums = null;

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
    this.#streams.push(new Stream({ source, order }));
    return source;
  }

  add(source, data, seconds) {
    if (!this.#streams.some((stream) => stream.source === source)) return; // the server has ended it
    this.#put(source.add(data, seconds));
    while (this.#measure().held > this.#mostBytes && this.#dropOldest());
  }

  end(source) {
    const stream = this.#streams.findLast((one) => one.source === source);
    if (!stream || stream.isEnded) return;
    stream.isEnded = true;
    this.#put({ message: { type: "stop_listening" }, stops: source });
  }

  // `key` is given back when it is sent.
  command(message, key) {
    return this.#put({ message, key });
  }

  has(key) {
    return this.#entries.some((entry) => entry.key === key);
  }

  // --- what goes out

  // Returns what is to be sent next, {text, order, key} or {bytes}; null: nothing now.
  take() {
    const entry = this.#nextEntry();
    if (!entry) return null;
    return entry.message ? this.#takeCommand(entry) : this.#takeSound(entry);
  }

  get isAllSent() {
    return !this.#nextEntry();
  }

  get heldSeconds() {
    return this.#measure().heldSeconds;
  }

  // How much sound the server has yet to get, as far as one can know.
  get leftSeconds() {
    return this.#isDurable ? this.#measure().heldSeconds : this.#measure().unsentSeconds;
  }

  // --- what the server says

  // It has begun the stream `number`.
  started(number) {
    const begun = this.#streams.find((stream) => stream.number >= number) ?? null;
    if (begun) begun.number = number;
    if (begun) this.#entries.filter(({ order }) => order === begun.order).forEach((entry) => (entry.isTaken = true));
    this.#lastStream = Math.max(this.#lastStream, number);
  }

  // It did not begin the newest stream, whose number it gives to the next.
  refused() {
    const stream = this.#streams.findLast((one) => one.number !== null);
    if (!stream) return;
    this.#lastStream = stream.number - 1;
    this.#forget(stream);
  }

  // It has ended the stream `number`. Returns whether that was by itself, while sound came; what is held of it is dropped.
  ended(number) {
    const stream = this.#streams.find((one) => one.number === number);
    const isOpen = Boolean(stream) && !stream.isEnded;
    if (isOpen) this.#forget(stream);
    return isOpen;
  }

  get newestStream() {
    return this.#lastStream;
  }

  kept({ stream: number, bytes, durable }) {
    this.#isDurable = durable;
    const stream = this.#streams.find((one) => one.number === number);
    if (stream) this.#keep(stream, bytes);
  }

  // It has read everything up to the command `order`.
  read(order) {
    const taken = this.#entries.filter((entry) => entry.message && entry.order <= order);
    taken.forEach((entry) => (entry.isTaken = true));
    this.#remove(taken.slice(0, -MOST_TAKEN));
  }

  // The same session goes on: what it has is forgotten, and all else is sent in its order.
  resume({ command, stream: number, bytes, listening }) {
    this.#renumber(command);
    this.#remove(this.#entries.filter((entry) => entry.message && entry.order <= command));
    this.#recount(command, number);
    const stream = this.#streams.find((one) => one.number === number);
    if (stream) this.#keep(stream, bytes);
    if (listening && !stream) this.#insert(command + 1, { message: { type: "stop_listening" } });
    if (!listening && stream) this.#openAgain(stream, command);
    this.#rewind();
  }

  // Another session goes on behind `bytes` of the stream `stream`, or behind what is known to be kept.
  move({ stream: number = null, bytes = 0 } = {}) {
    const stream = this.#streams.find((one) => number !== null && one.number === number);
    if (stream) this.#keep(stream, bytes);
    const isOld = (entry) => entry.isTaken || (entry.order <= this.#reached && OF_THE_MOMENT.test(entry.message.type));
    this.#remove(this.#entries.filter((entry) => entry.message && isOld(entry)));
    this.#streams.filter((one) => one.number !== null).forEach((one) => this.#goOn(one));
    this.#lastStream = 0;
    this.#reached = 0;
    this.#rewind();
  }

  // --- what outlives the page

  // All that `restore` needs beside the entries.
  get outline() {
    const streams = this.#streams.map(({ source, ...fields }) => ({
      ...fields, source: { id: source.id, fields: source.fields, header: source.header },
    }));
    return { next: this.#next, streams };
  }

  // Rows of entries that are not stored as they are, of those that came up to the moment `until`.
  takeUnstored(until) {
    const entries = this.#entries.filter((entry) => !entry.isStored && !entry.isTaken && entry.cameAt <= until);
    return entries.map((entry) => {
      Object.assign(entry, { isStored: true, rowOrder: entry.order });
      return rowOf(entry);
    });
  }

  // Orders of rows that are not needed any more, since the last call.
  takeGone() {
    return this.#gone.splice(0);
  }

  // `rows` are those of a page that is gone, in order. They come before all of this page.
  restore({ next, streams }, rows) {
    const sources = new Map(streams.map(({ source: { id, fields, header } }) => [id, new Source(id, fields, header ?? new Uint8Array(0))]));
    this.#streams = streams.map((kept) => {
      const source = sources.get(kept.source.id);
      return Object.assign(new Stream({ source }), { ...kept, source });
    });
    const streamAt = (order) => this.#streams.find((stream) => stream.order === order);
    this.#entries = rows.filter((row) => row.message || sources.has(row.source)).map((row) => ({
      ...row, source: sources.get(row.source), stops: sources.get(row.stops), of: streamAt(row.of), isStored: true, rowOrder: row.order, isNew: false, cameAt: 0,
    }));
    this.#next = Math.max(next, ...rows.map((row) => row.order + STRIDE));
    this.#reached = this.#next;
    sources.forEach((source) => this.end(source)); // its recorder is gone
    this.#rewind();
  }

  clear() {
    this.#remove(this.#entries);
    this.#streams = [];
    this.#lastStream = 0;
    this.#rewind();
  }

  // --- sending

  #takeCommand(entry) {
    const stream = this.#streams.find((one) => one.order === entry.order);
    if (stream) stream.number ??= this.#lastStream += 1;
    const about = entry.message.type === "not_sent" ? { stream: entry.of?.number ?? Math.max(1, this.#lastStream) } : {};
    this.#pass(entry);
    return { text: JSON.stringify({ ...entry.message, ...about, command: entry.order }), order: entry.order, key: entry.key };
  }

  #takeSound(first) {
    const { flying } = this.#measure();
    const room = Math.min(FRAME_BYTES, this.mostUnacknowledged - flying);
    const stream = this.#streamOf(first);
    const parts = [];
    let size = 0;
    for (let entry = first; entry && !entry.message && this.#streamOf(entry) === stream; entry = this.#nextEntry()) {
      const part = stream.bytesOf(entry, entry.at + this.#cursor.sent);
      if (size + part.length > room && (size || flying)) break;
      parts.push(part);
      size += part.length;
      this.#pass(entry);
    }
    return parts.length ? { bytes: parts.length === 1 ? parts[0] : joined(parts) } : null;
  }

  #pass(entry) {
    entry.isNew = false;
    this.#reached = Math.max(this.#reached, entry.order);
    this.#cursor = { index: this.#cursor.index + 1, sent: 0 };
    this.#sums = null;
  }

  // Begins again with the first entry.
  #rewind() {
    this.#cursor = { index: 0, sent: 0 };
    this.#sums = null;
  }

  // The next entry to be sent, behind the sound that the server has: undefined: there is none.
  #nextEntry() {
    for (;;) {
      const entry = this.#entries[this.#cursor.index];
      if (!entry || entry.message) return entry;
      this.#cursor.sent = Math.max(this.#cursor.sent, this.#streamOf(entry).kept - entry.at, 0);
      if (this.#cursor.sent < entry.data.length) return entry;
      this.#cursor = { index: this.#cursor.index + 1, sent: 0 };
    }
  }

  // --- entries

  #put(fields) {
    const entry = { order: this.#next, isNew: true, cameAt: performance.now(), ...fields };
    this.#next += STRIDE;
    this.#entries.push(entry);
    this.#sums = null;
    return entry;
  }

  #insert(order, fields) {
    const entry = { order, isNew: true, cameAt: performance.now(), ...fields };
    const place = this.#entries.findIndex((other) => other.order > order);
    this.#entries.splice(place < 0 ? this.#entries.length : place, 0, entry);
    if (place >= 0 && place < this.#cursor.index) this.#cursor.index += 1;
    this.#next = Math.max(this.#next, order + STRIDE);
    this.#sums = null;
    return entry;
  }

  #remove(entries) {
    const gone = new Set(entries);
    if (!gone.size) return;
    if (gone.has(this.#entries[this.#cursor.index])) this.#cursor.sent = 0;
    this.#cursor.index -= this.#entries.slice(0, this.#cursor.index).filter((entry) => gone.has(entry)).length;
    this.#entries = this.#entries.filter((entry) => !gone.has(entry));
    this.#dropRows(entries);
    this.#sums = null;
  }

  #dropRows(entries) {
    entries.forEach((entry) => {
      if (entry.rowOrder) this.#gone.push(entry.rowOrder);
      Object.assign(entry, { rowOrder: undefined, isStored: false });
    });
  }

  #streamOf(piece) {
    return this.#streams.findLast((stream) => stream.source === piece.source && stream.order < piece.order);
  }

  #piecesOf(stream) {
    return this.#entries.filter((entry) => !entry.message && this.#streamOf(entry) === stream);
  }

  #measure() {
    if (this.#sums) return this.#sums;
    const sums = { held: 0, heldSeconds: 0, unsentSeconds: 0, flying: 0 };
    this.#entries.forEach((entry, i) => {
      if (entry.message) return;
      const size = entry.data.length;
      const kept = Math.min(size, Math.max(0, this.#streamOf(entry).kept - entry.at));
      const sent = i < this.#cursor.index ? size : i === this.#cursor.index ? this.#cursor.sent : 0;
      sums.held += size;
      sums.heldSeconds += (entry.seconds * (size - kept)) / (size || 1);
      sums.unsentSeconds += (entry.seconds * (size - Math.max(sent, kept))) / (size || 1);
      sums.flying += Math.max(0, sent - kept);
    });
    return (this.#sums = sums);
  }

  // --- what the server has

  // It has `bytes` of the stream, and all that came before. What a decoder would need to go on there stays.
  #keep(stream, bytes) {
    stream.kept = Math.max(stream.kept, stream.placeOf(bytes));
    this.#sums = null;
    const pieces = this.#piecesOf(stream);
    const needed = Math.min(stream.kept, stream.source.cutUntil(stream.kept, pieces)?.at ?? -Infinity);
    const kept = this.#entries.filter((entry) => {
      if (entry.message) return false;
      return entry.order < stream.order || (pieces.includes(entry) && entry.at + entry.data.length <= needed);
    });
    const last = Math.max(bytes ? stream.order : 0, ...kept.map((entry) => entry.order));
    this.#entries.forEach((entry) => entry.message && entry.order <= last && (entry.isTaken = true));
    this.#remove(kept);
    this.#streams = this.#streams.filter((one, i) => i === this.#streams.length - 1 || !one.isEnded || this.#isHeld(one));
  }

  #isHeld(stream) {
    return this.#entries.some((entry) => {
      if (entry.message) return entry.order === stream.order || entry.stops === stream.source || entry.of === stream;
      return this.#streamOf(entry) === stream;
    });
  }

  #forget(stream) {
    const isLast = this.#streams.findLast((one) => one.source === stream.source) === stream;
    const isOf = (entry) => entry.order === stream.order || entry.of === stream || (isLast && entry.stops === stream.source);
    this.#remove([...this.#piecesOf(stream), ...this.#entries.filter((entry) => entry.message && isOf(entry))]);
    stream.isEnded = true;
    this.#streams = this.#streams.filter((one) => one !== stream);
  }

  // Commands of this page come after those that the server took of one before it, which this one may not know.
  #renumber(command) {
    const first = this.#entries.findIndex((entry) => entry.isNew);
    const fresh = first < 0 ? [] : this.#entries.slice(first);
    const shift = Math.max(0, command + STRIDE - (fresh[0]?.order ?? this.#next));
    this.#next += shift;
    if (!shift || !fresh.length) return;
    this.#shift(fresh, shift);
  }

  // Gives `entries`, which are the last, higher orders.
  #shift(entries, by) {
    this.#dropRows(entries);
    this.#streams.filter((stream) => stream.order >= entries[0].order).forEach((stream) => (stream.order += by));
    entries.forEach((entry) => (entry.order += by));
  }

  // Counts the streams as the server does: of those that it took, the last is `number`.
  #recount(command, number) {
    const known = this.#streams.findIndex((stream) => stream.number === number);
    const newest = known < 0 ? this.#streams.findLastIndex((stream) => stream.order <= command) : known;
    const last = number ? newest : -1; // 0: it took none
    this.#streams.forEach((stream, i) => (stream.number = i <= last ? number - (last - i) : null));
    this.#lastStream = number;
  }

  // --- new streams for what is left of others

  // The server does not listen to a stream any more; what it has not heard becomes another, if there is anything.
  #openAgain(stream, command) {
    this.#goOn(stream);
    const first = this.#entries.findIndex((entry) => entry.message);
    const rest = first < 0 ? [] : this.#entries.slice(first);
    const by = command + STRIDE - (rest[0]?.order ?? Infinity);
    if (by <= 0) return;
    this.#shift(rest, by);
    this.#next += by;
  }

  // What another session has not heard of a stream becomes a stream of that.
  #goOn(stream) {
    stream.number = null;
    const start = this.#entries.find((entry) => entry.order === stream.order);
    if (start && stream.kept <= stream.begins) { // it was not taken: all of it is sent again
      stream.kept = stream.begins - stream.headBytes;
      return;
    }
    const pieces = this.#piecesOf(stream);
    const from = Math.max(stream.begins, stream.kept);
    const isOver = stream.isEnded && !pieces.some((piece) => endOf(piece) > from);
    const cut = isOver ? null : stream.source.cutUntil(from, pieces);
    if (!cut) {
      this.#forget(stream);
      return;
    }
    this.#openAt(stream, cut, [...pieces.filter((piece) => endOf(piece) <= cut.at), start]);
    this.#streams = this.#streams.filter((one) => one !== stream);
  }

  // The source of `stream` goes on at `cut` in a stream of its own; the entries `instead` of which it is are removed.
  #openAt(stream, cut, instead) {
    const { source } = stream;
    const pieces = this.#piecesOf(stream).filter((piece) => endOf(piece) > cut.at);
    const head = source.headAt(cut);
    this.#remove(instead.filter(Boolean));
    const next = pieces[0] ?? this.#entries.find((entry) => entry.stops === source);
    const order = next ? next.order - 2 : (this.#next += STRIDE) - STRIDE;
    if (pieces[0]) trim(pieces[0], cut.at);
    const opened = new Stream({ source, order, begins: cut.at, headBytes: head.length });
    opened.isEnded = stream.isEnded;
    stream.isEnded = true;
    this.#streams.splice(this.#streams.indexOf(stream) + 1, 0, opened);
    this.#insert(order, { message: { type: "start_listening", ...source.fields } });
    if (!head.length) return;
    this.#insert(order + 1, { source, at: cut.at - head.length, data: head, seconds: 0, cuts: [], clocks: [] });
  }

  // --- what cannot be held

  // Drops the oldest sound that was not sent; false: there is none that could be.
  #dropOldest() {
    return this.#streams.some((stream) => {
      const hole = this.#holeIn(stream);
      if (!hole) return false;
      if (stream.source.isPlain) this.#drop(stream, hole);
      else this.#dropAndOpen(stream, hole);
      this.#dropped(hole.seconds);
      return true;
    });
  }

  // From where to which cut a stream can be dropped; null: too little of it is not sent.
  #holeIn(stream) {
    const pieces = this.#piecesOf(stream).filter((piece) => piece.order > this.#reached && piece.seconds);
    const from = pieces.length ? stream.source.cutFrom(pieces[0].at, pieces)?.at : undefined;
    let seconds = 0;
    const last = pieces.find((piece) => piece.at >= from && (seconds += piece.seconds) >= DROPPED_SECONDS);
    const cut = last && stream.source.cutFrom(endOf(last), pieces);
    return cut ? { from, cut, seconds } : null;
  }

  // Samples go on in the same stream, in which those that are missing count.
  #drop(stream, { from, cut, seconds }) {
    const lost = this.#piecesOf(stream).filter((piece) => piece.at >= from && endOf(piece) <= cut.at);
    const { order } = lost[0];
    const before = this.#entries[this.#entries.indexOf(lost[0]) - 1];
    this.#remove(lost);
    this.#noteDrop(before, { order, bytes: cut.at - from, seconds, of: stream });
  }

  // A decoder needs a new stream behind a hole.
  #dropAndOpen(stream, { from, cut, seconds }) {
    const unsent = this.#piecesOf(stream).filter((piece) => piece.order > this.#reached);
    const start = this.#entries.find((entry) => entry.order === stream.order && entry.order > this.#reached);
    const { order } = unsent.find((piece) => endOf(piece) > cut.at);
    const lost = unsent.filter((piece) => endOf(piece) <= cut.at && (start || piece.at >= from));
    const before = this.#entries[this.#entries.indexOf(start ?? lost[0]) - 1];
    unsent.filter((piece) => piece.at < from && endOf(piece) > from).forEach((piece) => trim(piece, piece.at, from));
    this.#openAt(stream, cut, [...lost, start]);
    if (start) this.#streams = this.#streams.filter((one) => one !== stream);
    else this.#insert(order - 4, { message: { type: "stop_listening" } });
    this.#noteDrop(before, { order: order - 3, bytes: cut.at - from, seconds });
  }

  #noteDrop(before, { order, bytes, seconds, of }) {
    const isSame = before?.message?.type === "not_sent" && before.order > this.#reached;
    if (!isSame) return void this.#insert(order, { message: { type: "not_sent", bytes, seconds }, of });
    const { message } = before;
    before.message = { ...message, bytes: message.bytes + bytes, seconds: message.seconds + seconds };
    before.isStored = false;
  }
}

// An entry as it can be stored.
function rowOf({ source, stops, of, isStored, rowOrder, isNew, cameAt, ...fields }) {
  return { ...fields, source: source?.id, stops: stops?.id, of: of?.order };
}

function endOf(piece) {
  return piece.at + piece.data.length;
}

// Leaves of a piece what lies from byte `from` up to `to` of its source.
function trim(piece, from, to = endOf(piece)) {
  const size = piece.data.length;
  piece.data = piece.data.slice(Math.max(0, from - piece.at), to - piece.at);
  piece.seconds *= piece.data.length / (size || 1);
  piece.at = Math.max(piece.at, from);
  piece.isStored = false;
}

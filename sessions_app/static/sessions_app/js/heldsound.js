// Sound that is held until the server has it: its sources, and the streams in which they are sent.

import { CLUSTER_HEAD, joined, StreamIndex, withoutPreSkip, writeNumber } from "./containers.js";

// What one recorder gives, from its start to its end. `fields` are those of start_listening.
export class Source {
  #index = null; // null: it was recorded by a page that is gone, and nothing is added any more
  #header;

  constructor(id, fields, header = null) {
    this.id = id;
    this.fields = fields;
    this.#header = header;
    if (!header) this.#index = new StreamIndex(fields.encoding);
  }

  get header() {
    return this.#header ?? this.#index.header;
  }

  get isPlain() {
    return this.fields.encoding === "pcm-s16le";
  }

  // Returns the next piece of it: {source, at, data, seconds, cuts, clocks}, `at` being its first byte.
  add(data, seconds) {
    const at = this.#index.length;
    return { source: this, at, data, seconds, ...this.#index.take(data) };
  }

  // The last place up to byte `at` where a decoder can begin; null: none is known. `pieces` are those held.
  cutUntil(at, pieces) {
    if (this.isPlain || at <= 0) return { at: at - (at % 2) };
    const cuts = [...pieces.flatMap((piece) => piece.cuts), this.#index?.end];
    return cuts.filter((cut) => cut && cut.at <= at).at(-1) ?? null;
  }

  // The first such place from byte `at` on.
  cutFrom(at, pieces) {
    if (this.isPlain) return { at };
    return pieces.flatMap((piece) => piece.cuts).find((cut) => cut.at >= at) ?? null;
  }

  // What is sent before the sound from `cut` on.
  headAt(cut) {
    if (this.isPlain || cut.at === 0) return new Uint8Array(0);
    if (this.fields.encoding !== "webm-opus") return this.header;
    return joined([withoutPreSkip(this.header), ...(cut.isInside ? [CLUSTER_HEAD] : [])]);
  }
}

// What follows one start_listening: a source from byte `begins` on, behind a head of its own. Its clock begins at zero.
export class Stream {
  number = null; // as the server counts them; null: it was not begun in this session
  isBegun = false; // the session has said so
  isEnded = false; // it was stopped, or will be by a command in the outbox
  kept; // the byte of the source up to which the server keeps it: what comes before need not be held
  had; // up to which the session has it, kept or not: it is sent again only to a process that has less of it
  ticks; // when it begins on the clock of the source; null: that is not known yet

  // `order` is that of its start_listening in the outbox.
  constructor({ source, order, begins = 0, headBytes = 0 }) {
    Object.assign(this, { source, order, begins, headBytes, ticks: begins ? null : 0 });
    this.reset();
  }

  // No session has any of it.
  reset() {
    Object.assign(this, { number: null, isBegun: false, kept: this.placeOf(0), had: this.placeOf(0) });
  }

  // How many bytes of a piece are kept.
  keptOf(piece) {
    return Math.min(piece.data.length, Math.max(0, this.kept - piece.at));
  }

  // How many the session has.
  hadOf(piece) {
    return Math.min(piece.data.length, Math.max(0, this.had - piece.at, this.kept - piece.at));
  }

  // Which byte of the source the server means when it has counted `bytes`.
  placeOf(bytes) {
    return this.begins - this.headBytes + bytes;
  }

  // The bytes of a piece from byte `at` of the source on, as they are sent.
  bytesOf(piece, at) {
    const from = Math.max(at, piece.at);
    const bytes = piece.data.slice(from - piece.at);
    this.ticks ??= piece.clocks.find((clock) => clock.at >= this.begins)?.ticks ?? null;
    if (this.ticks) piece.clocks.forEach((clock) => this.#putBack(clock, bytes, from));
    return bytes;
  }

  #putBack({ at, size, ticks, base }, bytes, from) {
    writeNumber(bytes, { at: at - from, size }, Math.max(0, ticks - this.ticks - Math.max(0, base - this.ticks)));
  }
}

export function endOf(piece) {
  return piece.at + piece.data.length;
}

// Leaves of a piece what lies from byte `from` up to `to` of its source.
export function trim(piece, from, to = endOf(piece)) {
  const size = piece.data.length;
  piece.data = piece.data.slice(Math.max(0, from - piece.at), to - piece.at);
  piece.seconds *= piece.data.length / (size || 1);
  piece.at = Math.max(piece.at, from);
  piece.isStored = false;
}

// Leaves of a piece what lies from byte `at` of its source on; returns a piece of what came before.
export function split(piece, at) {
  const before = { ...piece, rowOrder: undefined };
  trim(before, piece.at, at);
  trim(piece, at);
  return before;
}

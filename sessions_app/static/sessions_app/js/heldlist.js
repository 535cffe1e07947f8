// All that is held, in its order: entries, the streams of the sound among them, and which entry is sent next.
//
// An entry is a command, {order, message, key?}, whose number is its order; or a piece of a source, see heldsound.js.

export const STRIDE = 10; // between two orders, so that something can be put between them

export class HeldList {
  entries = [];
  streams = [];
  next = STRIDE; // the order of the next entry
  reached = 0; // the highest order that was ever sent
  #cursor = { index: 0, sent: 0 }; // the entry to be sent next, and how many of its bytes were
  #gone = []; // orders of rows that are not needed any more
  #sums = null;

  // --- entries

  put(fields) {
    const entry = { order: this.next, isNew: true, cameAt: performance.now(), ...fields };
    this.next += STRIDE;
    this.entries.push(entry);
    this.recount();
    return entry;
  }

  insert(order, fields) {
    const entry = { order, isNew: true, cameAt: performance.now(), ...fields };
    const place = this.entries.findIndex((other) => other.order > order);
    this.entries.splice(place < 0 ? this.entries.length : place, 0, entry);
    if (place >= 0 && place < this.#cursor.index) this.#cursor.index += 1;
    this.next = Math.max(this.next, order + STRIDE);
    this.recount();
    return entry;
  }

  remove(entries) {
    const gone = new Set(entries);
    if (!gone.size) return;
    if (gone.has(this.entries[this.#cursor.index])) this.#cursor.sent = 0;
    this.#cursor.index -= this.entries.slice(0, this.#cursor.index).filter((entry) => gone.has(entry)).length;
    this.entries = this.entries.filter((entry) => !gone.has(entry));
    this.dropRows(entries);
    this.recount();
  }

  // Puts `entries` behind all that was sent or taken, or put so before, and before the rest, under higher orders.
  putNext(entries) {
    const moved = new Set(entries);
    const sent = this.#cursor.index - this.entries.slice(0, this.#cursor.index).filter((entry) => moved.has(entry)).length;
    const others = this.entries.filter((entry) => !moved.has(entry));
    const place = Math.max(sent, others.findLastIndex((entry) => entry.isPutNext || (entry.message && entry.isTaken)) + 1);
    entries.forEach((entry) => (entry.isPutNext = true));
    this.entries = [...others.slice(0, place), ...entries, ...others.slice(place)];
    this.#cursor = { index: sent, sent: 0 };
    this.renumber(this.entries.slice(place));
  }

  // Gives `entries` higher orders than any has, in their order.
  renumber(entries) {
    this.dropRows(entries);
    entries.forEach((entry) => {
      const begun = entry.message && this.streams.find((stream) => stream.order === entry.order);
      entry.order = this.next;
      if (begun) begun.order = this.next;
      this.next += STRIDE;
    });
    this.entries.sort((one, other) => one.order - other.order);
    this.recount();
  }

  // Notes of a command whether the server took it.
  mark(entry, isTaken) {
    if (entry.message && Boolean(entry.isTaken) !== isTaken) Object.assign(entry, { isTaken, isStored: false });
  }

  // Notes that the server took all up to the command `order`.
  markUpTo(order) {
    this.entries.forEach((entry) => entry.order <= order && this.mark(entry, true));
  }

  // The commands that the server took, as far as they are held.
  get taken() {
    return this.entries.filter((entry) => entry.message && entry.isTaken);
  }

  // --- sending

  // The next entry to be sent, behind the sound that the server has; undefined: there is none.
  get nextEntry() {
    for (;;) {
      const entry = this.entries[this.#cursor.index];
      if (!entry || (entry.message && !entry.isTaken && !this.#isOfRefused(entry.stops))) return entry;
      if (!entry.message && !this.#isOfRefused(entry.source)) {
        this.#cursor.sent = Math.max(this.#cursor.sent, this.streamOf(entry).hadOf(entry));
        if (this.#cursor.sent < entry.data.length) return entry;
      }
      this.#cursor = { index: this.#cursor.index + 1, sent: 0 };
    }
  }

  // Whether `entry` is not to be sent yet: it would begin a stream, and nobody knows whether the one before was begun.
  mustWait({ order }) {
    const stream = this.streams.find((one) => one.order === order);
    return Boolean(stream) && this.streams.some((one) => one.number !== null && !one.isBegun && one.order < order);
  }

  // Whether the server took the command to begin the source's stream and did not begin it: it will say why.
  #isOfRefused(source) {
    const stream = source && this.streams.findLast((one) => one.source === source);
    return Boolean(stream) && stream.number === null && Boolean(this.startOf(stream)?.isTaken);
  }

  // How many bytes of that were sent, or are with the server.
  get sentOfNext() {
    return this.#cursor.sent;
  }

  // Goes on to the entry after `entry`, which was sent.
  pass(entry) {
    Object.assign(entry, { isNew: false, isPutNext: false });
    this.reached = Math.max(this.reached, entry.order);
    this.#cursor = { index: this.#cursor.index + 1, sent: 0 };
    this.recount();
  }

  // Begins again with the first entry.
  rewind() {
    this.#cursor = { index: 0, sent: 0 };
    this.recount();
  }

  // --- streams

  streamOf(piece) {
    return this.streams.findLast((stream) => stream.source === piece.source && stream.order < piece.order);
  }

  piecesOf(stream) {
    return this.entries.filter((entry) => !entry.message && this.streamOf(entry) === stream);
  }

  // The command that begins it; undefined: it is not held any more.
  startOf(stream) {
    return this.entries.find((entry) => entry.message && entry.order === stream.order);
  }

  // All that is held of the stream, in its order, behind the command that begins it.
  allOf(stream) {
    const isLast = this.streams.findLast((one) => one.source === stream.source) === stream;
    const isOf = (entry) => entry.of === stream || (isLast && entry.stops === stream.source);
    return this.entries.filter((entry) => (entry.message ? isOf(entry) : this.streamOf(entry) === stream));
  }

  // Holds nothing of the stream any more.
  forget(stream) {
    this.remove([this.startOf(stream), ...this.allOf(stream)].filter(Boolean));
    stream.isEnded = true;
    this.streams = this.streams.filter((one) => one !== stream);
  }

  // Forgets the streams of which nothing is held, and nothing will come.
  forgetEmptyStreams() {
    this.streams = this.streams.filter((one, i) => i === this.streams.length - 1 || !one.isEnded || this.#isHeld(one));
  }

  #isHeld(stream) {
    return this.entries.some((entry) => {
      if (entry.message) return entry.order === stream.order || entry.stops === stream.source || entry.of === stream;
      return this.streamOf(entry) === stream;
    });
  }

  // --- how much it is

  // Whether there is anything that the server may lack: commands that it did not take, or sound that is not kept.
  get isOwing() {
    return this.entries.some((entry) => (entry.message ? !entry.isTaken : this.streamOf(entry).keptOf(entry) < entry.data.length));
  }

  // {held}: bytes that are held; {flying}: those of them that the server has, or were sent, and are not kept;
  // {heldSeconds}, {unsentSeconds}: of sound that is not kept, or that the server does not have either.
  get sums() {
    if (this.#sums) return this.#sums;
    const sums = { held: 0, flying: 0, heldSeconds: 0, unsentSeconds: 0 };
    this.entries.forEach((entry, i) => {
      if (entry.message) return;
      const size = entry.data.length;
      const stream = this.streamOf(entry);
      const kept = stream.keptOf(entry);
      const sent = i < this.#cursor.index ? size : i === this.#cursor.index ? this.#cursor.sent : 0;
      const passed = Math.max(sent, stream.hadOf(entry));
      sums.held += size;
      sums.flying += passed - kept;
      sums.heldSeconds += (entry.seconds * (size - kept)) / (size || 1);
      sums.unsentSeconds += (entry.seconds * (size - passed)) / (size || 1);
    });
    return (this.#sums = sums);
  }

  // Something of it has changed.
  recount() {
    this.#sums = null;
  }

  // --- rows

  // The rows of `entries` are not what is to be stored any more.
  dropRows(entries) {
    entries.forEach((entry) => {
      if (entry.rowOrder) this.#gone.push(entry.rowOrder);
      Object.assign(entry, { rowOrder: undefined, isStored: false });
    });
  }

  // Orders of rows that are not needed any more, since the last call.
  takeGone() {
    return this.#gone.splice(0);
  }
}

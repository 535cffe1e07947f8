// Where a stream can be cut: its header, and the places where a decoder that was given that can begin.

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK_HEAD_BYTES = 24; // more than come before the time of a block

// Reads a stream while it is recorded. `take(bytes)` returns what it found:
//   cuts: [{at, isInside}]: a decoder can begin at byte `at`, of a WebM cluster if `isInside`;
//   clocks: [{at, size, ticks, base}]: where the container says when something begins, and after what (0: after nothing).
export class StreamIndex {
  header = null; // what comes before the first cut; null: not all of it has come
  #reader;
  #heads = [];
  #waiting = new Uint8Array(0);
  #skipped = 0; // bytes still to come of a piece that was looked into
  #position = 0; // where the waiting bytes begin

  constructor(encoding) {
    this.#reader = readers[encoding]?.() ?? null;
    if (!this.#reader) this.header = new Uint8Array(0);
  }

  take(bytes) {
    const found = { cuts: [], clocks: [] };
    if (!this.#reader) this.#position += bytes.length;
    else this.#read(bytes, found);
    return found;
  }

  // The cut where the next piece begins; null: no decoder could begin there.
  get end() {
    if (!this.header || this.#reader?.isUntimed) return null;
    return { at: this.#position + this.#skipped, isInside: this.#reader instanceof WebmReader };
  }

  // How many bytes came.
  get length() {
    return this.#position + this.#waiting.length;
  }

  #read(bytes, found) {
    this.#waiting = joined([this.#waiting, bytes]);
    while (this.#advance()) {
      this.#skipped = this.#reader.read(this.#waiting, this.#position, found);
      if (!this.header && found.cuts.length) this.header = joined(this.#heads.splice(0));
      if (!this.#skipped) return;
    }
  }

  // Goes to the next piece; false: it has not come.
  #advance() {
    const passed = Math.min(this.#skipped, this.#waiting.length);
    if (!this.header) this.#heads.push(this.#waiting.slice(0, passed));
    this.#waiting = this.#waiting.slice(passed);
    this.#position += passed;
    this.#skipped -= passed;
    return !this.#skipped && this.#waiting.length > 0;
  }
}

// A reader's `read` returns how many bytes the piece at the beginning has, 0: it must see more of it.
const readers = { "webm-opus": () => new WebmReader(), "ogg-opus": () => new OggReader() };

class WebmReader {
  #ticks = null; // of the open cluster; null: it has not said so yet

  get isUntimed() {
    return this.#ticks === null;
  }

  read(bytes, position, found) {
    const head = elementAt(bytes, 0);
    if (!head) return 0;
    const { id, start, size } = head;
    if (id === SEGMENT) return start; // its parts follow
    if (id === CLUSTER) {
      this.#ticks = null;
      found.cuts.push({ at: position, isInside: false });
      return start;
    }
    if (id === TIMESTAMP) return this.#readTime(bytes, position, head, found);
    if (id === SIMPLE_BLOCK || id === BLOCK_GROUP) return this.#readBlock(bytes, position, head, found);
    if (!this.isUntimed) found.cuts.push({ at: position, isInside: true });
    return start + size;
  }

  #readTime(bytes, position, { start, size }, found) {
    if (bytes.length < start + size) return 0;
    this.#ticks = numberOf(bytes.slice(start, start + size));
    found.clocks.push({ at: position + start, size, ticks: this.#ticks, base: 0 });
    return start + size;
  }

  #readBlock(bytes, position, { id, start, size }, found) {
    if (bytes.length < Math.min(start + size, BLOCK_HEAD_BYTES)) return 0;
    const content = id === BLOCK_GROUP ? (elementAt(bytes, start)?.start ?? start) : start;
    const at = content + ebmlNumber(bytes, content, false).length;
    const relative = ((bytes[at] << 24) >> 16) | bytes[at + 1];
    found.cuts.push({ at: position, isInside: true });
    found.clocks.push({ at: position + at, size: 2, ticks: this.#ticks + relative, base: this.#ticks });
    return start + size;
  }
}

class OggReader {
  #packets = 0;

  read(bytes, position, found) {
    if (bytes.length < 27 || bytes.length < 27 + bytes[26]) return 0;
    const sizes = [...bytes.slice(27, 27 + bytes[26])];
    const isContinued = bytes[5] & 1;
    if (this.#packets >= 2 && !isContinued) found.cuts.push({ at: position, isInside: false });
    this.#packets += sizes.filter((size) => size < 255).length;
    return 27 + sizes.length + sizes.reduce((sum, size) => sum + size, 0);
  }
}

// The beginning of a cluster at time 0, for blocks that were cut off from their own.
export const CLUSTER_HEAD = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0x01, ...Array(7).fill(0xff), TIMESTAMP, 0x81, 0);

// Writes a number where `bytes` have its place, or a part of that.
export function writeNumber(bytes, { at, size }, value) {
  let rest = value;
  for (let i = at + size - 1; i >= at; i -= 1) {
    if (i >= 0 && i < bytes.length) bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

// An encoder's delay is skipped where a stream begins, not where it goes on.
export function withoutPreSkip(header) {
  const name = [..."OpusHead"].map((letter) => letter.charCodeAt(0));
  const place = header.findIndex((_, i) => name.every((code, j) => header[i + j] === code));
  const copy = header.slice();
  if (place >= 0) copy.fill(0, place + 10, place + 12);
  return copy;
}

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// The head of the EBML element at `at`: its id, and where its content begins and of what size that is; null: not all has come.
function elementAt(bytes, at) {
  const id = ebmlNumber(bytes, at, true);
  const size = id && ebmlNumber(bytes, at + id.length, false);
  return size && { id: id.value, start: at + id.length + size.length, size: size.value };
}

function numberOf(bytes) {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

// The number at `at`, with the bit that says its length if `isMarked`; null: not all of it has come.
function ebmlNumber(bytes, at, isMarked) {
  if (at >= bytes.length) return null;
  const length = Math.clz32(bytes[at]) - 23;
  if (at + length > bytes.length) return null;
  const first = isMarked ? bytes[at] : bytes[at] & (0xff >> length);
  return { value: bytes.slice(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, first), length };
}

// New streams for what is left of others: behind a place where a session listens no more, and in another session.

import { STRIDE } from "./heldlist.js";
import { endOf, split, Stream, trim } from "./heldsound.js";

// The session listens to the stream no more: what it does not have becomes another stream of it, if there is anything.
// What it has stays held as it is.
export function openAgain(held, stream) {
  const place = Math.max(stream.begins, stream.had);
  const pieces = held.piecesOf(stream);
  if (isOver(stream, pieces, place)) return;
  const cut = stream.source.cutUntil(place, pieces);
  if (!cut) return void held.forget(stream);
  const rest = held.entries.filter((entry) => isAfter(entry, stream, cut));
  const divided = pieces.find((piece) => piece.at < cut.at && endOf(piece) > cut.at);
  const before = divided && split(divided, cut.at);
  rest.forEach((entry) => held.mark(entry, false));
  held.renumber(rest);
  if (before) held.insert(before.order, before);
  const stop = openAt(held, stream, cut, { isStopped: true });
  stop.isNew = false;
  held.mark(stop, true); // by itself; a process that has less of it needs to be told
}

// Another session goes on with what it has not heard of the stream.
export function goOn(held, stream) {
  const start = held.startOf(stream);
  if (start && stream.kept <= stream.begins) { // it was not taken: all of it is sent again
    stream.reset();
    return;
  }
  const pieces = held.piecesOf(stream);
  const place = Math.max(stream.begins, stream.kept);
  const cut = isOver(stream, pieces, place) ? null : stream.source.cutUntil(place, pieces);
  if (!cut) return void held.forget(stream);
  held.remove([...pieces.filter((piece) => endOf(piece) <= cut.at), start].filter(Boolean));
  openAt(held, stream, cut);
  held.streams = held.streams.filter((one) => one !== stream);
}

// The source of `stream` goes on at `cut` in a stream of its own, to which all pieces from there on belong. `isStopped`: the
// one before is ended by a command, which is returned.
export function openAt(held, stream, cut, { isStopped = false } = {}) {
  const { source } = stream;
  const all = held.allOf(stream).filter((entry) => (entry.message ? !entry.isTaken : endOf(entry) > cut.at));
  const head = source.headAt(cut);
  const order = all.length ? all[0].order - 2 : (held.next += STRIDE) - STRIDE;
  const first = all.find((entry) => !entry.message);
  if (first) trim(first, cut.at);
  const begins = source.isPlain && first && first === all[0] ? first.at : cut.at; // there may be a hole, of which the server knows
  const opened = new Stream({ source, order, begins, headBytes: head.length });
  opened.isEnded = stream.isEnded;
  stream.isEnded = true;
  all.filter((entry) => entry.of === stream).forEach((entry) => (entry.of = opened));
  held.streams.splice(held.streams.indexOf(stream) + 1, 0, opened);
  const stop = isStopped ? held.insert(order - 2, { message: { type: "stop_listening" } }) : null;
  held.insert(order, { message: { type: "start_listening", ...source.fields } });
  if (head.length) held.insert(order + 1, { source, at: cut.at - head.length, data: head, seconds: 0, cuts: [], clocks: [] });
  return stop;
}

function isOver(stream, pieces, place) {
  return stream.isEnded && !pieces.some((piece) => endOf(piece) > place);
}

// What is to be sent after the place where the stream is cut. Other commands keep their numbers, if they were taken.
function isAfter(entry, stream, cut) {
  if (entry.stops === stream.source) return true;
  if (entry.message) return !entry.isTaken;
  return entry.order > stream.order && (entry.source !== stream.source || endOf(entry) > cut.at);
}

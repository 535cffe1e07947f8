// What is more than can be held: the oldest sound that was not sent is dropped, and the server told of it.

import { endOf, trim } from "./heldsound.js";
import { openAt } from "./reopening.js";

const DROPPED_SECONDS = 10; // at once, so that there is room for a while

// Drops the oldest sound that was not sent; returns how many seconds, 0: there is none that could be.
export function dropOldest(held) {
  for (const stream of held.streams) {
    const hole = holeIn(held, stream);
    if (!hole) continue;
    if (stream.source.isPlain) drop(held, stream, hole);
    else dropAndOpen(held, stream, hole);
    return hole.seconds;
  }
  return 0;
}

// From where to which cut a stream can be dropped; null: too little of it is not sent.
function holeIn(held, stream) {
  const pieces = held.piecesOf(stream).filter((piece) => piece.order > held.reached && piece.seconds);
  const from = pieces.length ? stream.source.cutFrom(pieces[0].at, pieces)?.at : undefined;
  let seconds = 0;
  const last = pieces.find((piece) => piece.at >= from && (seconds += piece.seconds) >= DROPPED_SECONDS);
  const cut = last && stream.source.cutFrom(endOf(last), pieces);
  return cut ? { from, cut, seconds } : null;
}

// Samples go on in the same stream, in which those that are missing count.
function drop(held, stream, { from, cut, seconds }) {
  const lost = held.piecesOf(stream).filter((piece) => piece.at >= from && endOf(piece) <= cut.at);
  const { order } = lost[0];
  const before = held.entries[held.entries.indexOf(lost[0]) - 1];
  held.remove(lost);
  noteDrop(held, before, { order, bytes: cut.at - from, seconds, of: stream });
}

// A decoder needs a new stream behind a hole.
function dropAndOpen(held, stream, { from, cut, seconds }) {
  const unsent = held.piecesOf(stream).filter((piece) => piece.order > held.reached);
  const start = held.startOf(stream);
  const isWhole = start && start.order > held.reached; // none of it was sent
  const { order } = unsent.find((piece) => endOf(piece) > cut.at);
  const lost = unsent.filter((piece) => endOf(piece) <= cut.at && (isWhole || piece.at >= from));
  const before = held.entries[held.entries.indexOf(isWhole ? start : lost[0]) - 1];
  unsent.filter((piece) => piece.at < from && endOf(piece) > from).forEach((piece) => trim(piece, piece.at, from));
  held.remove(isWhole ? [...lost, start] : lost);
  openAt(held, stream, cut, { isStopped: !isWhole });
  if (isWhole) held.streams = held.streams.filter((one) => one !== stream);
  noteDrop(held, before, { order: order - 3, bytes: cut.at - from, seconds });
}

function noteDrop(held, before, { order, bytes, seconds, of }) {
  const isSame = before?.message?.type === "not_sent" && before.order > held.reached;
  if (!isSame) return void held.insert(order, { message: { type: "not_sent", bytes, seconds }, of });
  const { message } = before;
  before.message = { ...message, bytes: message.bytes + bytes, seconds: message.seconds + seconds };
  before.isStored = false;
}

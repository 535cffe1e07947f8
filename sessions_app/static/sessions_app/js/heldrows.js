// What is held, as it outlives its page: the rows of its entries, and an outline of all else.

import { STRIDE } from "./heldlist.js";
import { Source, Stream } from "./heldsound.js";

// All that `restore` needs beside the rows.
export function outlineOf({ next, streams, isOwing }) {
  const kept = streams.map(({ source, ...fields }) => ({
    ...fields, source: { id: source.id, fields: source.fields, header: source.header },
  }));
  return { next, streams: kept, isOwing };
}

// Rows of entries that are not stored as they are, of those that came up to the moment `until`.
export function takeUnstored(held, until) {
  const entries = held.entries.filter((entry) => !entry.isStored && entry.cameAt <= until);
  return entries.map((entry) => {
    Object.assign(entry, { isStored: true, rowOrder: entry.order });
    return rowOf(entry);
  });
}

// `rows` are those of a page that is gone, in order. They come before all of this page. Returns their sources.
export function restore(held, { next, streams }, rows) {
  const sources = new Map(streams.map(({ source: { id, fields, header } }) => [id, new Source(id, fields, header ?? new Uint8Array(0))]));
  held.streams = streams.map((kept) => {
    const source = sources.get(kept.source.id);
    return Object.assign(new Stream({ source }), { ...kept, source });
  });
  const streamAt = (order) => held.streams.find((stream) => stream.order === order);
  held.entries = rows.filter((row) => row.message || sources.has(row.source)).map((row) => ({
    ...row, source: sources.get(row.source), stops: sources.get(row.stops), of: streamAt(row.of), isStored: true, rowOrder: row.order, isNew: false, cameAt: 0,
  }));
  held.next = Math.max(next, ...rows.map((row) => row.order + STRIDE));
  held.reached = held.next;
  held.rewind();
  return [...sources.values()];
}

function rowOf({ source, stops, of, isStored, rowOrder, isNew, isPutNext, cameAt, ...fields }) {
  return { ...fields, source: source?.id, stops: stops?.id, of: of?.order };
}

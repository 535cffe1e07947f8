// What was said as the cues of a subtitle: two lines each, one after the other; as in subtitles.py.

const LINE_CHARACTERS = 42;
const CUE_LINES = 2;
const SHORTEST_MS = 833; // of a cue that makes way for the next, or is one of several
const SPOKEN_MS = 700; // of a cue that took less time to say
const TYPED_MS = 2000; // typed text has no length of its own: at least so long, or as long as it takes to read
const CHARACTERS_A_SECOND = 17;

// A caption is {start, end, texts}, in ms; without an `end` after its start it took no time to say.
// They come in the order of their beginnings. Returns cues: {start, end, lines}.
export function cuesOf(captions) {
  let shownUntil = 0;
  return captions.flatMap((caption, i) => {
    const pages = pagesOf(caption.texts);
    const start = Math.max(Math.round(caption.start), shownUntil);
    shownUntil = endOf(caption, start, pages.length, captions[i + 1]);
    return shared(pages, start, shownUntil);
  });
}

function endOf({ start: said, end, texts }, start, pages, following) {
  const own = Math.round(end ?? said) - Math.round(said);
  const isShort = own > 0 && pages === 1;
  const least = isShort ? Math.min(Math.max(own, SPOKEN_MS), SHORTEST_MS) : SHORTEST_MS * pages;
  const wanted = own > 0 ? Math.round(end) : start + Math.max(TYPED_MS, readingMs(texts));
  const until = following ? Math.min(wanted, Math.round(following.start)) : wanted;
  return Math.max(until, start + least);
}

function readingMs(texts) {
  return Math.floor((Math.max(...texts.map((text) => [...text].length), 0) * 1000) / CHARACTERS_A_SECOND);
}

// Each page has the share of the time that it has of the letters, and SHORTEST_MS at least.
function shared(pages, start, end) {
  const letters = pages.map((lines) => lines.join("").length);
  const whole = letters.reduce((sum, count) => sum + count, 0);
  let begin = start;
  let soFar = 0;
  return pages.map((lines, i) => {
    soFar += letters[i];
    const share = Math.max(start + Math.floor(((end - start) * soFar) / whole), begin + SHORTEST_MS);
    const until = Math.min(share, end - SHORTEST_MS * (pages.length - 1 - i));
    const cue = { start: begin, end: until, lines };
    begin = until;
    return cue;
  });
}

// The lines of each cue that it takes to show the texts side by side.
function pagesOf(texts) {
  const shown = texts.filter(Boolean).slice(0, CUE_LINES);
  if (!shown.length) shown.push("…");
  const count = Math.max(...shown.map((text) => wrapped(text, LINE_CHARACTERS).length));
  if (shown.length === 1) return inPairs(spread(shown[0], count));
  const columns = shown.map((text) => spread(text, count));
  // one that has fewer parts stands still while the other goes on
  return Array.from({ length: count }, (_, at) => columns.map((lines) => lines[Math.floor((at * lines.length) / count)]));
}

function inPairs(lines) {
  const pages = [];
  for (let at = 0; at < lines.length; at += CUE_LINES) pages.push(lines.slice(at, at + CUE_LINES));
  return pages;
}

// In `count` lines of about the same length, or fewer if there are fewer words.
function spread(text, count) {
  const longest = Math.max(...text.split(" ").map((word) => [...word].length));
  const narrowest = Math.min(Math.max(longest, Math.ceil([...text].length / count)), LINE_CHARACTERS);
  for (let width = narrowest; width < LINE_CHARACTERS; width += 1) {
    const lines = wrapped(text, width);
    if (lines.length <= count) return lines;
  }
  return wrapped(text, LINE_CHARACTERS);
}

function wrapped(text, width) {
  const lines = [];
  let line = [];
  for (const word of text.split(" ").flatMap((one) => pieces([...one], width))) {
    if (line.length && line.length + 1 + word.length > width) {
      lines.push(line.join(""));
      line = [];
    }
    line.push(...(line.length ? [" "] : []), ...word);
  }
  return [...lines, line.join("")];
}

function pieces(word, width) {
  if (word.length <= width) return [word];
  return [word.slice(0, width), ...pieces(word.slice(width), width)];
}

// What is done with a sentence on the page: a tap says it again, a long press plays what was really said. By key, j and k
// choose one, s says it and p plays it.

const PRESS_MS = 500;
const MOVED_PIXELS = 12; // that is scrolling, or choosing text

// `entryOf(element)` returns what a card shows; `acts` are say(text, language) and play(entry), which returns whether it can.
export function bindHearing(list, entryOf, acts) {
  let press = null;
  const letGo = () => {
    clearTimeout(press?.timer);
    press = null;
  };
  list.addEventListener("pointerdown", (event) => {
    letGo();
    const found = sentenceAt(event.target, entryOf);
    if (!found || event.button !== 0) return;
    press = { ...found, x: event.clientX, y: event.clientY, isLong: false };
    press.timer = setTimeout(() => (press.isLong = acts.play(found.entry)), PRESS_MS);
  });
  list.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (press && Math.hypot(clientX - press.x, clientY - press.y) > MOVED_PIXELS) letGo();
  });
  list.addEventListener("pointercancel", letGo);
  list.addEventListener("contextmenu", (event) => press && event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const found = sentenceAt(target, entryOf);
    const wasLong = press?.isLong;
    letGo();
    if (found && !wasLong && getSelection().isCollapsed) acts.say(found.text, found.language);
  });
}

function sentenceAt(target, entryOf) {
  const words = target.closest?.(".source, .translated");
  const entry = words && entryOf(words.closest("li"));
  if (!entry?.language) return null;
  const isSource = words.classList.contains("source");
  return isSource
    ? { entry, text: entry.source, language: entry.language }
    : { entry, text: entry.translated, language: entry.language === "es" ? "en" : "es" };
}

// Returns what the keys do: for bindShortcuts.
export function hearingKeys(list, entryOf, acts) {
  const cards = () => [...list.children].filter((card) => !card.hidden);
  const chosen = () => document.activeElement?.closest?.("li") ?? null;
  const move = (by) => {
    const all = cards();
    const at = all.indexOf(chosen());
    const card = all[at < 0 ? all.length - 1 : Math.max(0, Math.min(all.length - 1, at + by))];
    if (!card) return;
    card.tabIndex = -1;
    card.focus();
  };
  const entry = () => entryOf(list.contains(chosen()) ? chosen() : cards().at(-1));
  return {
    k: () => move(-1),
    j: () => move(1),
    s: () => {
      const found = entry();
      if (found?.translated) acts.say(found.translated, found.language === "es" ? "en" : "es");
    },
    p: () => entry() && acts.play(entry()),
  };
}

// Single keys that steer the live page, while nothing is being typed and unless they are turned off.

import { setting } from "./settings.js";

const TYPING = "input:not([type=radio], [type=checkbox]), select, textarea, dialog, [contenteditable]";

// `keys` maps a letter to what it does.
export function bindShortcuts(keys) {
  document.addEventListener("keydown", (event) => {
    const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.repeat);
    const act = keys[event.key.toLowerCase()];
    if (!act || !isPlain || !setting("shortcuts") || event.target.closest?.(TYPING)) return;
    event.preventDefault();
    act();
  });
}

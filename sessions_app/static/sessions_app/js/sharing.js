// Copies, shares and saves the conversation.

import { fileName, toSubtitles, toText } from "./export.js";

const KINDS = {
  txt: { type: "text/plain;charset=utf-8", make: (entries) => toText(entries, document.documentElement.lang) },
  srt: { type: "application/x-subrip;charset=utf-8", make: toSubtitles },
};

export function canShare() {
  return Boolean(navigator.share);
}

// Returns whether the clipboard took it: only secure pages have one.
export async function copy(entries) {
  try {
    await navigator.clipboard.writeText(KINDS.txt.make(entries));
    return true;
  } catch {
    return false;
  }
}

// Returns false where the device would not share; who changed their mind has been served.
export async function share(entries) {
  try {
    await navigator.share({ title: "Habla", text: KINDS.txt.make(entries) });
    return true;
  } catch (error) {
    return error.name === "AbortError";
  }
}

export function save(entries, ending) {
  const { type, make } = KINDS[ending];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([make(entries)], { type }));
  link.download = fileName(ending);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // the browser reads it at its leisure
}

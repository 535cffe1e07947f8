// What this tab was showing, so that a reload goes on with the same conversation.

const KEY = "habla.conversation";
const ADDRESS_KEY = "habla.address";
const KEEPING_KEY = "habla.keeping";
const MOST_ENTRIES = 500;

const NOTHING = { id: "", entries: [], session: "", seen: 0, stream: 0, zero: 0, recording: "" };

// `session` is the one that told the entries, `seen` the number of its last event, `stream` the one that was open then,
// `zero` when that began, in ms, and `recording` the id under which its sound is kept.
export function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return { ...NOTHING, ...kept };
  } catch {
    return NOTHING;
  }
}

// The conversation that a link of the history asks to go on with; the address forgets it again.
export function askedFor() {
  const id = new URLSearchParams(location.search).get("conversation");
  const address = new URL(location.href);
  address.searchParams.delete("conversation");
  if (id) history.replaceState(null, "", address);
  return /^[0-9a-f-]{36}$/i.test(id) ? id : null;
}

export function remember({ id, entries, ...told }) {
  const kept = entries.filter((entry) => entry.state !== "hearing" || entry.stable || entry.unstable).slice(-MOST_ENTRIES);
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ id, entries: kept, ...told }));
  } catch {
    // storage is full or closed: History has everything
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // storage is closed: it holds nothing
  }
}

// The address at which others read along: {conversation, ticket, address}, or null.
export function recallAddress() {
  try {
    return JSON.parse(sessionStorage.getItem(ADDRESS_KEY));
  } catch {
    return null;
  }
}

export function rememberAddress(made) {
  try {
    sessionStorage.setItem(ADDRESS_KEY, JSON.stringify(made));
  } catch {
    // after a reload another one is made
  }
}

// Whether the sound of this tab's conversation is kept, as somebody chose; null: nobody did.
export function recallKeeping() {
  try {
    const chosen = JSON.parse(sessionStorage.getItem(KEEPING_KEY));
    return typeof chosen === "boolean" ? chosen : null;
  } catch {
    return null;
  }
}

export function rememberKeeping(chosen) {
  try {
    sessionStorage.setItem(KEEPING_KEY, JSON.stringify(chosen));
  } catch {
    // after a reload the choice for new conversations holds
  }
}

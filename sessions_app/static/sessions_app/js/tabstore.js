// What a tab must not lose when its page is reloaded or crashes: its ticket, and what the server may not have yet.
//
// A record {tab, user, savedAt, ticket, seconds, session, conversation, isListening, outline} and rows of the outbox lie in
// IndexedDB; the record without its outline in sessionStorage, too, which is there at once and needs no database.
// One page owns a tab, by a lock; without locks there is no database, and only a reload goes on.

const KEY = "habla.tab";
const NAME = "habla";
const OLD_SECONDS = 24 * 3600; // what nobody came back for
const FREED_MS = 2000; // a page that was left lets go of its lock by then
const ABSENT_SECONDS = 60; // by how much a record may be older than its page: timers of hidden pages are late

export class TabStore {
  record = null;
  #db = null;
  #release = () => {};

  // Finds the tab of this page, or another of `user` that nobody has; else begins a new one, as it does where another
  // `conversation` is asked for.
  async open(user, conversation = null) {
    const found = remembered();
    if (navigator.locks) this.#db = await openDatabase();
    await this.#forgetOthers(user);
    const own = found?.user === user && (await this.#claim(found.tab, FREED_MS)) ? await this.#newest(found) : null;
    const record = own ?? (conversation ? null : await this.#adopt(user));
    if (record && (!conversation || record.conversation === conversation)) this.record = record;
    else await this.#begin(user);
    this.#remember();
    return this.record;
  }

  // Whether it outlives the page.
  get isLasting() {
    return this.#db !== null;
  }

  async rows() {
    return this.#db ? (await ask(this.#db, "rows", "readonly", ({ rows }) => rows.getAll(rangeOf(this.record.tab)))) ?? [] : [];
  }

  // Keeps `fields` of the record, rows that are new, and none of those whose orders are `gone`. Resolves when it is kept.
  save(fields, rows = [], gone = []) {
    Object.assign(this.record, fields, { savedAt: Date.now() });
    this.#remember();
    if (!this.#db) return Promise.resolve();
    const { tab } = this.record;
    return ask(this.#db, "both", "readwrite", (stores) => {
      gone.forEach((order) => stores.rows.delete([tab, order]));
      rows.forEach((row) => stores.rows.put({ ...row, tab }));
      return stores.tabs.put(this.record);
    });
  }

  // Forgets all of this tab, which goes on as a new one.
  async wipe() {
    const { tab, user } = this.record;
    this.record = { tab, user };
    this.#remember();
    if (this.#db) await ask(this.#db, "both", "readwrite", (stores) => removeTab(stores, tab));
  }

  // Lets another page have it.
  release() {
    this.#release();
  }

  async #forgetOthers(user) {
    if (!this.#db) return;
    const records = (await ask(this.#db, "tabs", "readonly", ({ tabs }) => tabs.getAll())) ?? [];
    const isOld = (record) => record.user !== user || Date.now() - record.savedAt > OLD_SECONDS * 1000;
    const old = records.filter(isOld);
    await ask(this.#db, "both", "readwrite", (stores) => old.forEach((record) => removeTab(stores, record.tab)));
  }

  async #newest(found) {
    const stored = this.#db && (await ask(this.#db, "tabs", "readonly", ({ tabs }) => tabs.get(found.tab)));
    return stored ? { ...stored, ...(found.savedAt > stored.savedAt ? found : {}) } : found;
  }

  // The tab that was left last, whose session can still be there, or which owes something to the server.
  async #adopt(user) {
    if (!this.#db) return null;
    const records = (await ask(this.#db, "tabs", "readonly", ({ tabs }) => tabs.getAll())) ?? [];
    const isGood = ({ savedAt, ticket, seconds = 0 }) => ticket && Date.now() - savedAt < (seconds + ABSENT_SECONDS) * 1000;
    const left = records.filter((record) => record.user === user && (isGood(record) || record.outline?.isOwing));
    for (const record of left.sort((one, other) => other.savedAt - one.savedAt)) {
      if (await this.#claim(record.tab, 0)) return record;
    }
    return null;
  }

  async #begin(user) {
    this.#release();
    this.record = { tab: newId(), user };
    await this.#claim(this.record.tab, 0);
  }

  // Becomes the owner of `tab`; false: another page is, after `patience` ms.
  #claim(tab, patience) {
    if (!navigator.locks) return Promise.resolve(true);
    const wish = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
    return new Promise((resolve) => {
      const hold = (lock) => {
        resolve(Boolean(lock));
        return lock && new Promise((release) => (this.#release = release));
      };
      navigator.locks.request(`${KEY}.${tab}`, wish, hold).catch(() => resolve(false));
    });
  }

  #remember() {
    const { outline, ...small } = this.record;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(small));
    } catch {
      // storage is full or closed: the database has it
    }
  }
}

// Forgets everything of every tab: whoever used this browser has logged out.
export async function wipeAll() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // storage is closed: it holds nothing
  }
  const db = await openDatabase();
  if (db) await ask(db, "both", "readwrite", ({ tabs, rows }) => [tabs.clear(), rows.clear()][1]);
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}

function rangeOf(tab) {
  return IDBKeyRange.bound([tab, -Infinity], [tab, Infinity]);
}

function removeTab({ tabs, rows }, tab) {
  rows.delete(rangeOf(tab));
  return tabs.delete(tab);
}

// Resolves to null where there is none: a private window may have none.
function openDatabase() {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open(NAME, 1);
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore("tabs", { keyPath: "tab" });
        opening.result.createObjectStore("rows", { keyPath: ["tab", "order"] });
      };
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => resolve(null);
      opening.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

// Does `work` with the stores; resolves to what its request gives, null: it could not be done.
function ask(db, which, mode, work) {
  const names = which === "both" ? ["tabs", "rows"] : [which];
  return new Promise((resolve) => {
    try {
      const action = db.transaction(names, mode);
      const request = work(Object.fromEntries(names.map((name) => [name, action.objectStore(name)])));
      action.oncomplete = () => resolve(request?.result ?? null);
      action.onabort = () => resolve(null); // the disk is full
      if (mode === "readwrite") action.commit(); // also where the page is being left
    } catch {
      resolve(null);
    }
  });
}

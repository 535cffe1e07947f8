// What was said in this conversation: entries that the server's messages fill, one an utterance.
//
// An entry goes: hearing (partial words) -> heard (final words) -> done (translated) or failed.
// Typed text goes: waiting -> sent -> done. What a broken connection leaves open is interrupted.

const OPEN = new Set(["hearing", "heard", "sent"]);

export class Journal {
  entries = [];
  session = "";
  sourceZero = 0; // when the source's clock stood at zero, in ms; 0: nobody knows
  recording = ""; // the id under which the source's sound is kept; empty: it is not
  #changed;
  #removed;
  #clock;
  #typed = 0;

  // `changed(entry, following)`: an entry was added or is different; `following` are those after one that was missing.
  constructor({ changed, removed, clock = Date.now }) {
    this.#changed = changed;
    this.#removed = removed;
    this.#clock = clock;
  }

  // Takes a message of the server; false: it is not about an utterance.
  take(message) {
    const act = this.#acts[message.type];
    act?.(message);
    return Boolean(act);
  }

  #acts = {
    speech_started: (m) => this.#update(this.#find(m) ?? this.#add(m, "hearing"), {}),
    speech_ended: (m) => this.#find(m) && this.#update(this.#find(m), { ended: true }),
    partial: (m) => this.#hearPartial(m),
    transcript: (m) => this.#hearFinal(m),
    translation: (m) => this.#translate(m),
    stored: (m) => this.#find(m) && this.#update(this.#find(m), { unstored: false }),
    discarded: (m) => this.#find(m) && this.remove(this.#find(m), m.reason),
    speakers: (m) => this.#rename(m.speakers ?? []),
  };

  beginSession(id) {
    this.session = id;
  }

  // `isNow`: it began just now, and is not only told again.
  beginSource(isNow = true, recording = "") {
    this.sourceZero = isNow ? this.#clock() : 0;
    this.recording = recording ?? "";
  }

  type(text) {
    const entry = this.#push({ key: `typed:${(this.#typed += 1)}:${this.#clock()}`, typed: true });
    return this.#update(entry, { source: text, state: "waiting" });
  }

  mark(entry, fields) {
    return this.#update(entry, fields);
  }

  remove(entry, reason) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#removed(entry, reason);
  }

  // Forgets all but the typed text that nobody has translated yet.
  clear() {
    const kept = this.entries.filter((entry) => entry.state !== "waiting");
    kept.forEach((entry) => this.remove(entry, "cleared"));
  }

  restore(entries) {
    entries.forEach((entry) => this.#update(this.#push(entry), {}));
  }

  // Takes in what was said while nobody could be told: before what was said later, in that session or in this one.
  insert(fields) {
    const { session, utterance } = fields;
    const entry = { translated: "", saidAt: this.#clock(), ...fields, key: `${session}:${utterance}` };
    const isOfNext = (other) => session !== this.session && other.session === this.session;
    const later = this.entries.findIndex((other) => utteranceOf(other, session) > utterance || isOfNext(other));
    const place = later < 0 ? this.entries.length : later;
    this.entries.splice(place, 0, entry);
    this.#changed(entry, this.entries.slice(place + 1));
  }

  // The entry that a message of this session is about, if there is one.
  about(message) {
    return this.#find(message);
  }

  has(session, utterance) {
    return this.entries.some((entry) => entry.key === `${session}:${utterance}`);
  }

  // Another process has the session: it hears again, under another id, what has no translation yet.
  handOver() {
    const open = this.entries.filter((entry) => entry.session === this.session && OPEN.has(entry.state));
    open.forEach((entry) => {
      if (entry.typed) this.#update(entry, { state: "interrupted", isHandedOver: true });
      else this.remove(entry, "handed_over");
    });
  }

  fail(utterance, reason, session = this.session) {
    const entry = this.#find({ utterance_id: utterance, session_id: session });
    // what is translated stays so; it is only not kept
    if (entry?.state === "done") this.#update(entry, { unstored: false, lost: reason });
    else if (entry) this.#update(entry, { state: "failed", reason, source: entry.source || wordsOf(entry) });
    return Boolean(entry);
  }

  // The connection is gone, or that `session` is over: nothing more will come for what is open. Returns those entries.
  interrupt(session) {
    const open = this.entries.filter((entry) => OPEN.has(entry.state) && (!session || entry.session === session));
    open.forEach((entry) => {
      if (entry.state === "hearing" && !entry.stable && !entry.unstable) this.remove(entry, "interrupted");
      else this.#update(entry, { state: "interrupted", source: entry.source || wordsOf(entry) });
    });
    return open;
  }

  // What viewers get names its session; what a session tells its own client does not.
  #find({ utterance_id: utterance, session_id: session = this.session }) {
    return this.entries.find((entry) => entry.key === `${session}:${utterance}`);
  }

  #add({ utterance_id: utterance, session_id: session = this.session }, state) {
    return this.#push({ key: `${session}:${utterance}`, session, state });
  }

  #push(fields) {
    const entry = { source: "", translated: "", saidAt: this.#clock(), ...fields };
    this.entries.push(entry);
    return entry;
  }

  #update(entry, fields) {
    Object.assign(entry, fields);
    this.#changed(entry);
    return entry;
  }

  #hearPartial(message) {
    const entry = this.#find(message) ?? this.#add(message, "hearing");
    if (entry.state !== "hearing" || (entry.revision ?? -1) >= message.revision) return;
    const { revision, stable, unstable, translation } = message;
    this.#update(entry, { revision, stable, unstable, draft: translation ?? "" });
  }

  #hearFinal(message) {
    const entry = this.#find(message) ?? this.#adopt(message, message.text) ?? this.#add(message, "heard");
    const fields = { source: message.text, state: entry.state === "done" ? "done" : "heard" };
    this.#update(entry, { ...fields, ...this.#about(message) });
  }

  #translate(message) {
    const entry = this.#find(message) ?? this.#adopt(message, message.source) ?? this.#add(message, "heard");
    const { source, corrected, translated, phrases, engine, gist, passed_over: passedOver } = message;
    const hasFailed = !translated && entry.state === "failed";
    this.#update(entry, {
      source, corrected, translated, phrases, engine, gist, passedOver,
      unstored: message.stored === false,
      state: hasFailed ? "failed" : "done",
      ...this.#about(message),
    });
  }

  #about(message) {
    const about = { direction: message.direction, speaker: message.speaker ?? null };
    const language = message.language ?? message.direction?.slice(0, 2);
    if (language) about.language = language;
    if (!(message.end_seconds > message.start_seconds)) return about;
    if (this.recording) about.recording = this.recording;
    if (this.sourceZero) {
      about.startedAt = this.sourceZero + message.start_seconds * 1000;
      about.endedAt = this.sourceZero + message.end_seconds * 1000;
    }
    return about;
  }

  // The oldest typed text that was sent and reads the same becomes this utterance.
  #adopt({ utterance_id: utterance }, text) {
    const entry = this.entries.find(
      (other) => other.state === "sent" && other.session === this.session && other.source === text,
    );
    if (entry) entry.key = `${this.session}:${utterance}`;
    return entry;
  }

  #rename(speakers) {
    const names = new Map(speakers.map((speaker) => [speaker.id, speaker]));
    this.entries
      .filter((entry) => names.has(entry.speaker?.id))
      .forEach((entry) => this.#update(entry, { speaker: names.get(entry.speaker.id) }));
  }
}

function utteranceOf({ key = "" }, session) {
  return key.startsWith(`${session}:`) ? Number(key.slice(session.length + 1)) : 0;
}

function wordsOf(entry) {
  return [entry.stable, entry.unstable].filter(Boolean).join(" ");
}

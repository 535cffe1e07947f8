// The live page: who talks to whom.

import { Aloud } from "./aloud.js";
import { Captions } from "./captions.js";
import { Cards } from "./cards.js";
import { Choices } from "./choices.js";
import { Connection } from "./connection.js";
import { ConnectionWords } from "./connectionwords.js";
import { bindControls } from "./controls.js";
import { Devices } from "./devices.js";
import { canHear, engineProblems, missing, showEngines } from "./engines.js";
import { GoingOn } from "./goingon.js";
import { Journal } from "./journal.js";
import { Keeping } from "./keeping.js";
import { Leaving } from "./leaving.js";
import { Listening } from "./listening.js";
import { askedFor, forget, recall, remember } from "./memory.js";
import { checkSurroundings } from "./microphone.js";
import { askFor } from "./models.js";
import { Notices } from "./notices.js";
import { OtherTabs } from "./othertabs.js";
import { Playing } from "./playing.js";
import "./preferences.js"; // in one file with this: the page loads no other
import { describe, ProblemError } from "./problems.js";
import { Recovery } from "./recovery.js";
import { Renaming } from "./renaming.js";
import { Replay } from "./replay.js";
import { Follower } from "./scrolling.js";
import { StateWords } from "./statewords.js";
import { effects, hintOf, isOfSession } from "./serverwords.js";
import { Seldom } from "./seldom.js";
import { setting } from "./settings.js";
import { Speech } from "./speech.js";
import { say } from "./strings.js";
import { TabStore } from "./tabstore.js";
import { Typing } from "./typing.js";
import { Uplink } from "./uplink.js";
import { View } from "./view.js";
import { VoiceChoice } from "./voicechoice.js";
import { Watchers } from "./watchers.js";

const HINT_SECONDS = 5;
const LEFT_SECONDS = 10; // how long the last words of a session are waited for
const OUTSTANDING_SECONDS = 3; // of sound that is not sent yet: less is on its way at any time
const byId = (id) => document.getElementById(id);

class Live {
  conversation = "";
  engines = null;
  lastWord = ""; // the fatal error's words, said before the connection is closed
  isGoingAway = false; // the server said that it is about to restart
  droppedSeconds = null; // as the server last told them, of this session; null: it told a page before this one
  lostSeconds = {}; // what was said and not sent, by the code of the notice that says so
  hasLeft = false; // for good: nothing of it is kept here
  hasNewerEngines = false; // for sessions that begin from now on
  closed = () => {}; // told of the server's last message
  #hintTimer = 0;

  constructor(place) {
    this.place = place;
    this.notices = new Notices(byId("notices"), byId("scroller"));
    this.cards = new Cards({
      finals: byId("finals"),
      partials: byId("partials"),
      acts: {
        rename: (speaker) => this.renaming.ask(speaker),
        sendAgain: (entry) => this.typing.again(entry),
        fetchBetter: place.dataset.models ? () => this.#fetchBetter() : undefined,
      },
    });
    this.follower = new Follower(byId("scroller"), byId("newest"));
    this.journal = new Journal({
      changed: (entry, following) => this.#show(entry, following),
      removed: (entry, reason) => this.#remove(entry, reason),
    });
    this.leaving = new Leaving(this.journal, this.notices);
    this.choices = new Choices(byId("direction"), byId("mode"), (name, value) => this.#choose(name, value));
    this.connection = new Connection(() => this.#address(), ["ready", "resumed"]);
    this.store = new TabStore();
    this.uplink = new Uplink(this.connection, this.store);
    this.listening = new Listening(this.uplink, () => setting("sound"));
    this.connection.isUrgent = () => this.uplink.isHolding && (this.listening.isOn || this.uplink.heldSeconds > 0);
    this.keeping = new Keeping(this.listening, byId("keeping"));
    this.typing = new Typing(this.journal, this.uplink);
    this.renaming = new Renaming(byId("rename"), (speaker, name) => this.#rename(speaker, name));
    this.recovery = new Recovery(this.journal, place.dataset.sessions, place.dataset.conversations, (entry) => this.typing.again(entry));
    this.watchers = new Watchers(byId("watchers"), byId("viewers"), place.dataset.sessions, () => this.journal.session);
    this.playing = new Playing(byId("playing"), (message) => this.connection.isReady && this.uplink.command(message));
    this.speech = new Speech();
    this.aloud = new Aloud(this, this.speech, new Replay(), byId("speaking"));
    this.voices = new VoiceChoice(byId("voices"), this.speech);
    this.state = new StateWords(this, byId("state"), byId("held"));
    this.words = new ConnectionWords(this);
    this.goingOn = new GoingOn(byId("go-on"), this.listening);
    this.devices = new Devices(byId("devices"), this.listening);
    this.otherTabs = new OtherTabs(this.listening, this.notices);
    this.seldom = new Seldom((Faces) => new Faces(byId("faces"), this));
    this.view = new View({ faces: () => this.seldom.loadFaces() });
    this.captions = new Captions(byId("scroller"), this);
  }

  async begin() {
    bindControls(this);
    this.view.begin();
    this.#listenToParts();
    this.#checkMicrophone();
    const kept = recall();
    const asked = askedFor();
    this.conversation = asked ?? kept.id;
    if (this.conversation !== kept.id) this.keeping.beginConversation();
    if (this.conversation === kept.id) this.journal.restore(kept.entries);
    await this.#goOn(kept, asked);
    this.connection.open();
    if (this.conversation && this.cards.isEmpty) await this.recovery.fetchConversation(this.conversation);
    if (!this.cards.isEmpty) this.goingOn.offer();
  }

  beginSession(message) {
    const wasHolding = this.uplink.isHolding;
    const before = this.journal.session;
    this.journal.interrupt();
    if (wasHolding) this.notices.over(isOfSession);
    this.uplink.greet(message);
    this.typing.waitAgain();
    if (wasHolding && !this.uplink.isHolding) this.listening.interrupt();
    if (wasHolding && before) this.recovery.fetchMissed(before);
    for (const name of ["direction", "mode"]) {
      if (this.choices[name] !== message[name]) this.#choose(name, this.choices[name]); // since it was asked for
    }
    this.droppedSeconds = 0;
    this.#takeOver(message);
  }

  resumeSession(message) {
    const { seen } = this.uplink;
    if (message.handed_over) this.journal.handOver();
    this.uplink.greet(message);
    this.typing.waitAgain();
    for (const name of ["direction", "mode"]) {
      if (!this.uplink.has(`set_${name}`)) this.choices.show(name, message[name]);
    }
    this.#takeOver(message);
    if (message.events_from > seen + 1) this.recovery.fetchMissed(message.session_id);
  }

  // Ends the session for good, as far as possible with its last words.
  async leave() {
    const seconds = Math.round(this.uplink.heldSeconds);
    if (!this.connection.isReady && seconds && !confirm(say("leave.lost", { seconds }))) return;
    await this.listening.stop();
    await this.#until(() => this.uplink.isAllSent || !this.connection.isReady);
    const isOver = new Promise((resolve) => (this.closed = resolve));
    await this.uplink.leave();
    if (this.connection.isReady) await Promise.race([isOver, pause(LEFT_SECONDS)]);
    this.hasLeft = true;
    forget();
    this.connection.finish("left");
  }

  // Reloads into a session of its own, which has the newest engines.
  async reloadAfresh() {
    await this.listening.stop();
    if (this.connection.isReady) await this.uplink.leave();
    location.reload();
  }

  setEngines(engines) {
    this.engines = engines;
    showEngines(byId("engines"), engines);
    this.showEngineProblems();
  }

  noteModel(why) {
    if (!this.engines?.translator) return;
    this.engines.translator.why = why || null;
    showEngines(byId("engines"), this.engines);
  }

  // Where nothing could be heard so far, or who is here asked for it, a new connection has the new engines at once.
  changeOver() {
    const isAskedFor = document.body.classList.contains("fetching-better") || !this.engines || !canHear(this.engines);
    document.body.classList.remove("fetching-better");
    if (!isAskedFor || this.listening.isOn) return false;
    this.journal.interrupt(); // what is not answered yet is asked for, see recovery.js
    this.playing.hide();
    this.uplink.leave();
    this.connection.renew();
    return true;
  }

  showEngineProblems() {
    if (!this.engines) return;
    this.notices.hide("no_transcriber", "no_language", "no_translator");
    engineProblems(this.engines, this.choices.direction).forEach((problem) => {
      this.notices.show({ ...problem, action: this.#wayOut(problem.code), canHide: true });
    });
  }

  // The last chunk of sound goes out first; the old cards stay until the server begins afresh.
  async anew() {
    await this.listening.stop();
    if (!this.uplink.command({ type: "new_conversation" })) this.beginConversation("");
    else if (!this.connection.isReady) this.hint(say("hint.anew_later"));
  }

  beginConversation(id) {
    this.watchers.endConversation(id, { isTold: Boolean(id) });
    this.goingOn.over();
    this.conversation = id;
    this.uplink.note({ conversation: id });
    this.journal.clear();
    this.keeping.beginConversation();
    this.keep();
    this.hint(say("hint.anew"));
  }

  // The server keeps what it hears under this id; null: it keeps nothing.
  listens(recording) {
    this.leaving.listens(recording);
    this.keeping.listens(recording);
  }

  // The server could not keep the sound any longer: of what follows there is none.
  stopRecording() {
    this.journal.recording = "";
    this.listens(null);
  }

  setState(key) {
    this.state.set(key);
  }

  hint(text) {
    byId("hint").textContent = text;
    this.follower.follow();
    clearTimeout(this.#hintTimer);
    this.#hintTimer = setTimeout(() => (byId("hint").textContent = ""), HINT_SECONDS * 1000);
  }

  keep() {
    if (this.hasLeft) return;
    const { session, seen, openStream: stream } = this.uplink;
    const { entries, sourceZero: zero, recording } = this.journal;
    remember({ id: this.conversation, entries, session, seen, stream, zero, recording });
  }

  // Takes up what the page before this one had, if this tab had one.
  async #goOn(kept, asked) {
    const { session, conversation, isListening, heardAt } = await this.store.open(this.place.dataset.user ?? "", asked);
    await this.uplink.restore();
    if (!this.uplink.isHolding) return void this.journal.interrupt();
    this.conversation ||= conversation ?? "";
    this.journal.beginSession(session);
    if (kept.session === session) {
      Object.assign(this.uplink, { seen: kept.seen, openStream: kept.stream });
      Object.assign(this.journal, { sourceZero: kept.zero, recording: kept.recording });
    }
    if (isListening) this.#listenAgain(heardAt);
  }

  async #listenAgain(heardAt) {
    await this.listening.start();
    const seconds = Math.round((Date.now() - heardAt) / 1000);
    if (heardAt && seconds && this.listening.state === "listening") this.notices.show(describe("unrecorded", { seconds }));
  }

  #takeOver(message) {
    this.conversation = message.conversation_id;
    this.keeping.allow(message.may_record !== false);
    if (message.listening) this.listens(message.recording);
    this.journal.beginSession(message.session_id);
    this.setEngines(message.engines);
    this.journal.take({ type: "speakers", speakers: message.speakers ?? [] });
    this.isGoingAway = false;
    this.watchers.beginSession(this.conversation);
    this.keep();
  }

  async #until(isSo) {
    const end = performance.now() + LEFT_SECONDS * 1000;
    while (!isSo() && performance.now() < end) await pause(0.05);
  }

  #address() {
    const address = new URL(this.place.dataset.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("direction", this.choices.direction);
    address.searchParams.set("mode", this.choices.mode);
    if (this.conversation) address.searchParams.set("conversation", this.conversation);
    Object.entries(this.uplink.query).forEach(([name, value]) => address.searchParams.set(name, value));
    return address;
  }

  #listenToParts() {
    this.connection.addEventListener("message", ({ detail }) => this.#take(detail));
    this.connection.addEventListener("state", ({ detail }) => this.#follow(detail));
    this.view.addEventListener("away", () => this.notices.show(describe("view_away")));
    this.view.addEventListener("change", () => this.notices.hide("view_away"));
    this.listening.addEventListener("problem", ({ detail }) => this.notices.show(describe(detail.code, detail.values)));
    this.listening.addEventListener("solved", ({ detail }) => this.notices.hide(detail.code));
    this.listening.addEventListener("state", () => this.#noteListening());
    this.uplink.addEventListener("dropped", ({ detail }) => this.#tellLoss("not_sent", detail.seconds));
    this.uplink.addEventListener("lost", ({ detail }) => this.#tellLoss("unheard", detail.seconds));
    addEventListener("beforeunload", (event) => this.#warn(event));
    addEventListener("pagehide", ({ persisted }) => this.#pass(persisted));
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    new BroadcastChannel("habla").addEventListener("message", ({ data }) => data === "logged out" && this.#wipe());
  }

  #noteListening() {
    this.uplink.note({ isListening: this.listening.isOn, heardAt: 0 });
    if (this.connection.isUrgent() && this.connection.state === "waiting") this.connection.hurry();
  }

  #tellLoss(code, fresh) {
    this.lostSeconds[code] = (this.notices.isShown(code) ? this.lostSeconds[code] : 0) + fresh;
    this.notices.show(describe(code, { seconds: Math.max(1, Math.round(this.lostSeconds[code])) }));
  }

  // Whoever used this browser has logged out, here or in another tab.
  #wipe() {
    this.hasLeft = true;
    forget();
    this.uplink.wipe();
  }

  // Whoever leaves with words that the server does not have is told what becomes of them.
  #warn(event) {
    const seconds = Math.round(this.uplink.leftSeconds);
    const isWaiting = this.uplink.isHolding && this.journal.entries.some((entry) => entry.state === "waiting");
    if (seconds < (this.connection.isReady ? OUTSTANDING_SECONDS : 1) && !isWaiting) return;
    event.preventDefault();
    this.notices.show(describe(this.uplink.isLasting ? "leaving_kept" : "leaving_lost"));
  }

  #pass(isFrozen) {
    this.keep();
    if (this.hasNewerEngines && !this.listening.isOn) this.uplink.leave();
    else this.uplink.keep({ heardAt: this.listening.isOn ? Date.now() : 0 });
    if (isFrozen) this.store.release();
  }

  #take(message) {
    if (!this.uplink.isNews(message)) return;
    if (message.type === "partial" || (message.type === "transcript" && message.end_seconds > 0)) this.listening.noteWords();
    this.uplink.take(message);
    const isSaid = this.journal.take(message);
    this.aloud.take(message);
    if (isSaid) return;
    this.playing.take(message);
    effects[message.type]?.(this, message);
  }

  #follow(detail) {
    this.words.tell(detail);
    if (detail.state === "connecting") this.notices.hide("model_loading", "model_down"); // what still holds is told again
    if (detail.state === "connecting" && !this.uplink.isHolding) this.notices.over(isOfSession);
    if (detail.state === "ready") {
      this.typing.send();
      this.recovery.begin();
      this.listening.resume();
    } else if (detail.state === "waiting" || detail.state === "refused") {
      this.#lose(detail.state === "refused");
    }
  }

  // Where a session may go on, what is open stays open, and the recorder runs on.
  #lose(isForGood) {
    if (isForGood || !this.uplink.isHolding) this.journal.interrupt();
    if (this.uplink.isHolding) this.listening.detach();
    else this.listening.interrupt();
    this.playing.hide();
    this.watchers.showCount(0);
    if (isForGood) this.listening.stop();
  }

  #choose(name, value) {
    this.uplink.command({ type: `set_${name}`, [name]: value }, `set_${name}`);
    this.showEngineProblems();
  }

  #rename(speaker, name) {
    this.uplink.command({ type: "rename_speaker", speaker_id: speaker.id, name });
  }

  #wayOut(code) {
    if (code !== "no_language") return undefined;
    const other = missing(this.engines.transcriber, this.choices.direction) === "es" ? "en_to_es" : "es_to_en";
    const label = say(other === "en_to_es" ? "button.english" : "button.spanish");
    return { label, run: () => this.choices.choose("direction", other) };
  }

  async #fetchBetter() {
    document.body.classList.add("fetching-better"); // hides the buttons
    const problem = await askFor("opus-mt", this.place.dataset.models);
    if (!problem) return;
    document.body.classList.remove("fetching-better");
    const action = { label: say("button.settings"), run: () => location.assign(this.place.dataset.models) };
    this.notices.show({ ...describe("not_fetched", { message: problem }), action, canHide: true });
  }

  #checkMicrophone() {
    try {
      checkSurroundings();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.notices.show(describe(error.code, error.values));
    }
  }

  #show(entry, following) {
    byId("welcome").hidden = true;
    this.cards.show(entry, following);
    this.seldom.faces?.show(entry, following);
    this.follower.follow();
    this.leaving.look();
    if (entry.state !== "hearing") this.keep();
  }

  #remove(entry, reason) {
    this.cards.remove(entry);
    this.seldom.faces?.remove(entry);
    this.leaving.look();
    if (reason in { no_speech: 1, too_short: 1, hallucination: 1 }) this.hint(hintOf(reason));
    byId("welcome").hidden = !this.cards.isEmpty;
  }
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

new Live(byId("live")).begin();

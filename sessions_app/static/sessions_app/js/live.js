// The live page: who talks to whom.

import { Cards } from "./cards.js";
import { Choices } from "./choices.js";
import { Connection } from "./connection.js";
import { ConnectionWords } from "./connectionwords.js";
import { bindControls } from "./controls.js";
import { canHear, engineProblems, missing, showEngines } from "./engines.js";
import { Journal } from "./journal.js";
import { Leaving } from "./leaving.js";
import { Listening } from "./listening.js";
import { askedFor, recall, remember } from "./memory.js";
import { checkSurroundings } from "./microphone.js";
import { askFor } from "./models.js";
import { Notices } from "./notices.js";
import { Playing } from "./playing.js";
import { describe, ProblemError } from "./problems.js";
import { Recovery } from "./recovery.js";
import { Renaming } from "./renaming.js";
import { Follower } from "./scrolling.js";
import { effects, hintOf, isOfSession } from "./serverwords.js";
import { setting } from "./settings.js";
import { say } from "./strings.js";
import { Typing } from "./typing.js";
import { Watchers } from "./watchers.js";

const HINT_SECONDS = 5;
const byId = (id) => document.getElementById(id);

class Live {
  conversation = "";
  engines = null;
  lastWord = ""; // the fatal error's words, said before the connection is closed
  isGoingAway = false; // the server said that it is about to restart
  droppedSeconds = 0; // as the server last told them, of this session
  #hintTimer = 0;

  constructor(place) {
    this.place = place;
    this.notices = new Notices(byId("notices"));
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
      changed: (entry) => this.#show(entry),
      removed: (entry, reason) => this.#remove(entry, reason),
    });
    this.leaving = new Leaving(this.journal, this.notices);
    this.choices = new Choices(byId("direction"), byId("mode"), (name, value) => this.#choose(name, value));
    this.connection = new Connection(() => this.#address());
    this.listening = new Listening(this.connection, () => setting("sound"));
    this.typing = new Typing(this.journal, this.connection);
    this.renaming = new Renaming(byId("rename"), (speaker, name) => this.#rename(speaker, name));
    this.recovery = new Recovery(this.journal, place.dataset.sessions, (entry) => this.typing.again(entry));
    this.watchers = new Watchers(byId("watchers"), byId("viewers"), place.dataset.sessions, () => this.journal.session);
    this.playing = new Playing(byId("playing"), (message) => this.connection.send(message));
    this.words = new ConnectionWords(this);
  }

  begin() {
    const kept = recall();
    this.conversation = askedFor() ?? kept.id;
    if (this.conversation === kept.id) this.journal.restore(kept.entries);
    this.journal.interrupt();
    bindControls(this);
    this.#listenToParts();
    this.#checkMicrophone();
    this.connection.open();
  }

  beginSession(message) {
    this.conversation = message.conversation_id;
    this.journal.beginSession(message.session_id);
    this.setEngines(message.engines);
    for (const name of ["direction", "mode"]) {
      if (this.choices[name] !== message[name]) this.#choose(name, this.choices[name]); // since it was asked for
    }
    this.journal.take({ type: "speakers", speakers: message.speakers });
    this.droppedSeconds = 0;
    this.isGoingAway = false;
    this.watchers.beginSession(this.conversation);
    this.keep();
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
    if (!this.connection.send({ type: "new_conversation" })) this.beginConversation("");
  }

  beginConversation(id) {
    this.watchers.endConversation(id, { isTold: Boolean(id) });
    this.conversation = id;
    this.journal.clear();
    this.keep();
    this.hint(say("hint.anew"));
  }

  setState(key) {
    byId("state").textContent = say(`state.${key}`);
  }

  hint(text) {
    byId("hint").textContent = text;
    this.follower.follow();
    clearTimeout(this.#hintTimer);
    this.#hintTimer = setTimeout(() => (byId("hint").textContent = ""), HINT_SECONDS * 1000);
  }

  keep() {
    remember(this.conversation, this.journal.entries);
  }

  #address() {
    const address = new URL(this.place.dataset.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("direction", this.choices.direction);
    address.searchParams.set("mode", this.choices.mode);
    if (this.conversation) address.searchParams.set("conversation", this.conversation);
    return address;
  }

  #listenToParts() {
    this.connection.addEventListener("message", ({ detail }) => this.#take(detail));
    this.connection.addEventListener("state", ({ detail }) => this.#follow(detail));
    this.listening.addEventListener("problem", ({ detail }) => this.notices.show(describe(detail.code, detail.values)));
    this.listening.addEventListener("solved", ({ detail }) => this.notices.hide(detail.code));
    addEventListener("pagehide", () => this.keep());
  }

  #take(message) {
    if (this.journal.take(message)) return;
    this.playing.take(message);
    effects[message.type]?.(this, message);
  }

  #follow(detail) {
    this.words.tell(detail);
    if (detail.state === "connecting") this.notices.over(isOfSession);
    if (detail.state === "ready") {
      this.typing.send();
      this.recovery.begin();
      this.listening.resume();
    } else if (detail.state === "waiting" || detail.state === "refused") {
      this.journal.interrupt();
      this.listening.interrupt();
      this.playing.hide();
      this.watchers.showCount(0);
      if (detail.state === "refused") this.listening.stop();
    }
  }

  #choose(name, value) {
    this.connection.send({ type: `set_${name}`, [name]: value });
    this.showEngineProblems();
  }

  #rename(speaker, name) {
    this.connection.send({ type: "rename_speaker", speaker_id: speaker.id, name });
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

  #show(entry) {
    byId("welcome").hidden = true;
    this.cards.show(entry);
    this.follower.follow();
    this.leaving.look();
    if (entry.state !== "hearing") this.keep();
  }

  #remove(entry, reason) {
    this.cards.remove(entry);
    this.leaving.look();
    if (reason in { no_speech: 1, too_short: 1, hallucination: 1 }) this.hint(hintOf(reason));
    byId("welcome").hidden = !this.cards.isEmpty;
  }
}

new Live(byId("live")).begin();

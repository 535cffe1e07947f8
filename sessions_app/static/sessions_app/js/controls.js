// The buttons and keys of the live page.

import { Folding } from "./folding.js";
import { bindHearing, hearingKeys } from "./hearing.js";
import { canShare, copy, save, share } from "./sharing.js";
import { bindShortcuts } from "./shortcuts.js";
import { say } from "./strings.js";
import { bindTypingForm } from "./typing.js";

const LABELS = { idle: "button.start", starting: "button.starting", listening: "button.stop", stopping: "button.stopping" };
const LOUD = 0.97;
const byId = (id) => document.getElementById(id);

export function bindControls(live) {
  const toggle = () => (live.listening.isOn ? live.listening.stop() : live.listening.start());
  byId("listen").addEventListener("click", toggle);
  byId("anew").addEventListener("click", () => live.anew());
  bindTypingForm(byId("typing"), (text) => live.typing.submit(text));
  bindMenu(byId("menu"), live);
  const folding = new Folding(byId("dock"), byId("unfold"), live.listening);
  const { entryOf } = live.cards;
  const acts = { say: (text, language) => live.aloud.sayAgain(text, language), play: (entry) => live.aloud.playSaid(entry) };
  bindHearing(byId("finals"), entryOf, acts);
  const keys = { m: toggle, t: () => type(folding), d: () => live.choices.turn(), v: () => live.view.turn() };
  bindShortcuts({ ...keys, ...hearingKeys(byId("finals"), entryOf, acts) });
  byId("text").addEventListener("keydown", (event) => event.key === "Escape" && byId("listen").focus());
  live.listening.addEventListener("state", () => showState(live));
  live.listening.addEventListener("level", ({ detail }) => showLevel(byId("dock"), detail.level));
}

function type(folding) {
  folding.unfold();
  byId("text").focus();
}

function showState(live) {
  const { state, isOn } = live.listening;
  const button = byId("listen");
  button.setAttribute("aria-pressed", String(isOn));
  button.querySelector(".label").textContent = say(LABELS[isOn && state === "stopping" ? "starting" : state]);
  const isAway = !live.connection.isReady || (live.isGoingAway && !live.uplink.isHolding);
  if (isAway && isOn) live.setState("listening_later");
  else if (!isAway) live.setState({ idle: "ready", starting: "allow" }[state] ?? state);
}

function showLevel(dock, level) {
  dock.style.setProperty("--level", level.toFixed(3));
  dock.querySelector(".meter").classList.toggle("loud", level > LOUD);
}

function bindMenu(menu, live) {
  menu.querySelector("[data-do=share]").hidden = !canShare();
  menu.addEventListener("click", ({ target }) => {
    const act = target.closest("[data-do]")?.dataset.do;
    if (act) take(act, live);
    if (act || target.closest("[data-view]")) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
}

async function take(act, live) {
  const own = { watch: () => live.watchers.open(), speak: () => live.voices.open(), leave: () => live.leave() }[act];
  if (own) {
    own();
    return;
  }
  const { entries } = live.journal;
  if (!entries.length) live.hint(say("hint.nothing"));
  else if (act === "copy" || (act === "share" && !(await share(entries)))) await copyAndSay(entries, live);
  else if (act !== "share") save(entries, act);
}

async function copyAndSay(entries, live) {
  live.hint(say((await copy(entries)) ? "hint.copied" : "hint.not_copied"));
}

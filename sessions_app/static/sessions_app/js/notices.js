// What is wrong and what to do about it: one line for what matters now, which opens to all there is.

import { make } from "./elements.js";
import { say } from "./strings.js";

const LEVELS = ["error", "warning", "calm"]; // what matters first stands first, and the newest of its level

export class Notices {
  #list;
  #frame;
  #more;
  #rest;
  #timers = new Map();
  #hidden = new Set(); // titles of lasting notices that somebody has read and hidden
  #away = new Set(); // codes of what goes on, and was hidden until it is over

  // `rest` gets the focus when what had it is over.
  constructor(list, rest) {
    this.#list = list;
    this.#rest = rest;
    this.#frame = list.closest(".notices");
    this.#more = this.#frame.querySelector(".more");
    this.#more.addEventListener("click", () => this.#open(!this.#isOpen));
  }

  // `action` is {label, run}; without one, or if `canHide`, the notice can be hidden.
  // `progress` is 0..1, null: unknown. `seconds` is how long it is shown, for what passes by itself; `isNews`: each time it
  // is told, something else has happened.
  // `isLasting`: it goes on until `hide`, and is told again meanwhile; whoever hides it, hides it until then.
  show({ code, level = "warning", title, help, action, canHide = !action, progress, seconds, isNews, isLasting }) {
    this.#hideAfter(code, seconds);
    if (this.#hidden.has(title) || this.#away.has(code)) return;
    const item = make("li", { class: `notice ${level}`, "data-code": code }, make("strong", {}, title));
    if (help) item.append(make("p", {}, help));
    if (progress !== undefined) item.append(bar(progress));
    if (action) item.append(button(action.label, action.run));
    const isAwayUntilOver = isLasting || (Boolean(seconds) && !isNews);
    if (canHide) item.append(button(say("button.hide"), () => this.#putAway(code, action && title, isAwayUntilOver), "hide"));
    this.#place(code, item);
  }

  isShown(code) {
    return Boolean(this.#find(code));
  }

  // They are over: what is told of them from now on is news.
  hide(...codes) {
    codes.forEach((code) => {
      this.#away.delete(code);
      this.#remove(code);
    });
  }

  // So are all whose code `isOver` takes.
  over(isOver) {
    const shown = [...this.#list.children].map((item) => item.dataset.code);
    this.hide(...[...shown, ...this.#away].filter(isOver));
  }

  get #isOpen() {
    return this.#frame.classList.contains("open");
  }

  #open(isOpen) {
    this.#frame.classList.toggle("open", isOpen);
    this.#arrange();
  }

  // Nobody has read what came and went while the page was hidden.
  #hideAfter(code, seconds) {
    clearTimeout(this.#timers.get(code));
    if (!seconds) return;
    const end = () => (document.hidden ? this.#hideAfter(code, seconds) : this.hide(code));
    this.#timers.set(code, setTimeout(end, seconds * 1000));
  }

  #find(code) {
    return [...this.#list.children].find((item) => item.dataset.code === code);
  }

  #place(code, item) {
    const before = this.#find(code);
    const rank = (one) => LEVELS.findIndex((level) => one.classList.contains(level));
    const isOfSameRank = before && rank(before) === rank(item);
    if (isOfSameRank) this.#renew(before, item);
    else {
      before?.remove();
      this.#list.insertBefore(item, [...this.#list.children].find((one) => rank(one) >= rank(item)) ?? null);
    }
    this.#arrange();
  }

  // A count-down changes every second: what has the focus keeps it.
  #renew(before, item) {
    item.classList.toggle("first", before.classList.contains("first"));
    if (before.isEqualNode(item)) return;
    const has = before.contains(document.activeElement) ? [...before.querySelectorAll("button")].indexOf(document.activeElement) : -1;
    before.replaceWith(item);
    if (has >= 0) (item.querySelectorAll("button")[has] ?? this.#more).focus();
  }

  #remove(code) {
    const item = this.#find(code);
    if (!item) return;
    const hadFocus = item.contains(document.activeElement);
    item.remove();
    this.#arrange();
    if (hadFocus) (this.#list.querySelector(".first button:not(.hide)") ?? this.#rest).focus();
  }

  // What has the focus stays in sight, whatever comes.
  #arrange() {
    const items = [...this.#list.children];
    const first = items.find((item) => item.contains(document.activeElement)) ?? items[0];
    items.forEach((item) => item.classList.toggle("first", item === first));
    if (!items.length) this.#frame.classList.remove("open");
    const others = items.length - 1;
    const label = others > 0 ? say("notices.more_of", { count: others }) : say("notices.more");
    this.#more.textContent = this.#isOpen ? say("notices.less") : label;
    this.#more.setAttribute("aria-expanded", String(this.#isOpen));
    this.#more.classList.toggle("alone", others === 0);
    const hadFocus = this.#more === document.activeElement;
    this.#more.hidden = !items.length;
    if (hadFocus && !items.length) this.#rest.focus();
  }

  #putAway(code, title, isAwayUntilOver) {
    if (title) this.#hidden.add(title);
    if (isAwayUntilOver) this.#away.add(code);
    this.#remove(code);
  }
}

function button(label, run, kind = "act") {
  const element = make("button", { class: `button ${kind}`, type: "button" }, label);
  element.addEventListener("click", run);
  return element;
}

function bar(progress) {
  const element = make("progress", { max: "1", "aria-label": say("notices.progress") });
  if (progress !== null) element.setAttribute("value", String(progress));
  return element;
}

// What is wrong and what to do about it, above the conversation: one notice a problem.

import { make } from "./elements.js";
import { say } from "./strings.js";

export class Notices {
  #list;
  #timers = new Map();
  #hidden = new Set(); // titles of lasting notices that somebody has read and hidden
  #away = new Set(); // codes of what goes on, and was hidden until it is over

  constructor(list) {
    this.#list = list;
  }

  // `action` is {label, run}; without one, or if `canHide`, the notice can be hidden.
  // `progress` is 0..1, null: unknown. `seconds` is how long it is shown, for what passes by itself.
  // `isLasting`: it goes on until `hide`, and is told again meanwhile; whoever hides it, hides it until then.
  // `isBrief`: one line, whose help is shown when asked for.
  show({ code, level = "warning", title, help, action, canHide = !action, progress, seconds, isLasting, isBrief }) {
    this.#hideAfter(code, seconds);
    if (this.#hidden.has(title) || this.#away.has(code)) return;
    const item = make("li", { class: `card notice ${level}`, "data-code": code });
    if (isBrief) item.classList.add("brief");
    item.append(...(isBrief ? [briefly(title, help)] : atLength(title, help)));
    if (progress !== undefined) item.append(bar(progress));
    if (action) item.append(button(action.label, action.run));
    const isAwayUntilOver = isLasting || Boolean(seconds);
    if (canHide) item.append(button(say("button.hide"), () => this.#putAway(code, action && title, isAwayUntilOver)));
    this.#place(code, item);
  }

  // They are over: what is told of them from now on is news.
  hide(...codes) {
    codes.forEach((code) => {
      this.#away.delete(code);
      this.#find(code)?.remove();
    });
  }

  // So are all whose code `isOver` takes.
  over(isOver) {
    const shown = [...this.#list.children].map((item) => item.dataset.code);
    this.hide(...[...shown, ...this.#away].filter(isOver));
  }

  #hideAfter(code, seconds) {
    clearTimeout(this.#timers.get(code));
    if (seconds) this.#timers.set(code, setTimeout(() => this.hide(code), seconds * 1000));
  }

  #find(code) {
    return [...this.#list.children].find((item) => item.dataset.code === code);
  }

  #place(code, item) {
    const before = this.#find(code);
    if (!before) this.#list.prepend(item);
    else if (!before.isEqualNode(item)) this.#renew(before, item);
  }

  // A count-down changes every second: what has the focus keeps it, and what is open stays open.
  #renew(before, item) {
    const focused = before.contains(document.activeElement) ? document.activeElement.localName : "";
    const details = item.querySelector("details");
    if (details) details.open = before.querySelector("details")?.open ?? false;
    before.replaceWith(item);
    if (focused) (item.querySelector(focused) ?? item.querySelector("button")).focus();
  }

  #putAway(code, title, isAwayUntilOver) {
    if (title) this.#hidden.add(title);
    this.#find(code)?.remove();
    if (isAwayUntilOver) this.#away.add(code);
  }
}

function atLength(title, help) {
  return [make("strong", {}, title), ...(help ? [make("p", {}, help)] : [])];
}

function briefly(title, help) {
  return make("details", {}, make("summary", {}, make("strong", {}, title)), make("p", {}, help));
}

function button(label, run) {
  const element = make("button", { class: "button", type: "button" }, label);
  element.addEventListener("click", run);
  return element;
}

function bar(progress) {
  const element = make("progress", { max: "1" });
  if (progress !== null) element.setAttribute("value", String(progress));
  return element;
}

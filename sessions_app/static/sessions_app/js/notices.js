// What is wrong and what to do about it, above the conversation: one notice a problem.

import { make } from "./elements.js";
import { say } from "./strings.js";

export class Notices {
  #list;
  #timers = new Map();
  #hidden = new Set(); // titles of lasting notices that somebody has read and hidden

  constructor(list) {
    this.#list = list;
  }

  // `action` is {label, run}; without one, or if `canHide`, the notice can be hidden.
  // `progress` is 0..1, null: unknown. `seconds` is how long it is shown, for what passes by itself.
  show({ code, level = "warning", title, help, action, canHide = !action, progress, seconds }) {
    if (this.#hidden.has(title)) return;
    const item = make("li", { class: `card notice ${level}`, "data-code": code }, make("strong", {}, title));
    if (help) item.append(make("p", {}, help));
    if (progress !== undefined) item.append(bar(progress));
    if (action) item.append(button(action.label, action.run));
    if (canHide) item.append(button(say("button.hide"), () => this.#hideForGood(code, action && title)));
    clearTimeout(this.#timers.get(code));
    if (seconds) this.#timers.set(code, setTimeout(() => this.hide(code), seconds * 1000));
    this.#place(code, item);
  }

  hide(...codes) {
    codes.forEach((code) => this.#find(code)?.remove());
  }

  #find(code) {
    return [...this.#list.children].find((item) => item.dataset.code === code);
  }

  #place(code, item) {
    const before = this.#find(code);
    if (!before) this.#list.prepend(item);
    else if (!before.isEqualNode(item)) this.#renew(before, item);
  }

  // A count-down changes every second: the button that has the focus keeps it.
  #renew(before, item) {
    const hadFocus = before.contains(document.activeElement);
    before.replaceWith(item);
    if (hadFocus) item.querySelector("button").focus();
  }

  #hideForGood(code, title) {
    if (title) this.#hidden.add(title);
    this.hide(code);
  }
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

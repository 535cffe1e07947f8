// How the connection is doing, in words: the state line, and a notice when it is bad.

import { describe } from "./problems.js";
import { say } from "./strings.js";

const OURS = [
  "server_gone", "server_gone_retrying", "server_gone_holding", "full", "login_required", "wrong_origin", "protocol", "silent",
  "taken_over", "left",
];

export class ConnectionWords {
  #live;
  #counting = 0;
  #isBack = true;

  constructor(live) {
    this.#live = live;
  }

  tell({ state, reason, seconds }) {
    clearInterval(this.#counting);
    if (state === "ready") this.#tellReady();
    else if (state === "waiting") this.#tellWaiting(reason, seconds);
    else if (state === "refused") this.#tellRefused(reason);
    else this.#tellTrying(state);
  }

  #tellReady() {
    this.#live.notices.hide(...OURS, "loading", "going_away", "server_error");
    this.#isBack = true;
    this.#live.setState(this.#live.listening.isOn ? "listening" : "ready");
  }

  #tellTrying(state) {
    if (this.#isBack) this.#live.setState("connecting");
    else if (state === "connecting") this.#show(this.#goneCode("server_gone_retrying"));
  }

  // Where what is said is held, and the next try is always near, nobody has to watch the tries.
  #goneCode(code) {
    return this.#live.connection.isUrgent() ? "server_gone_holding" : code;
  }

  #tellWaiting(reason, seconds) {
    const live = this.#live;
    live.notices.hide("loading", "going_away", "too_slow", "dropped");
    this.#isBack = false;
    live.setState(live.listening.isOn ? "listening_later" : "waiting");
    if (reason === "cannot_keep_up") live.notices.show(describe(reason));
    if (reason === "server_gone" && live.lastWord) live.notices.show(describe("server_error", { message: live.lastWord }));
    live.lastWord = "";
    const code = reason === "full" ? "full" : this.#goneCode("server_gone");
    let rest = Math.ceil(seconds);
    this.#show(code, { seconds: rest });
    this.#counting = setInterval(() => this.#show(code, { seconds: (rest = Math.max(0, rest - 1)) }), 1000);
  }

  #tellRefused(reason) {
    this.#live.notices.hide("loading", "going_away");
    this.#live.setState("refused");
    this.#isBack = false;
    const live = this.#live;
    const actions = {
      login_required: { label: say("button.log_in"), run: () => location.assign(loginAddress(live.place)) },
      wrong_origin: { label: say("button.retry"), run: () => live.connection.open() },
      protocol: { label: say("button.reload"), run: () => location.reload() },
      silent: { label: say("button.continue"), run: () => live.connection.open() },
      taken_over: { label: say("button.take_back"), run: () => live.connection.open() },
      left: { label: say("button.begin_again"), run: () => location.reload() },
    };
    this.#show(reason, {}, actions[reason]);
  }

  #show(code, values = {}, action = undefined) {
    const live = this.#live;
    live.notices.hide(...OURS.filter((other) => other !== code));
    const tryNow = { label: say("button.try_now"), run: () => live.connection.hurry() };
    live.notices.show({ ...describe(code, values), action: action ?? tryNow });
  }
}

function loginAddress(place) {
  const address = new URL(place.dataset.login || "/", location.href);
  address.searchParams.set("next", location.pathname);
  return address;
}

// The recording through Habla: a session of its own hears it, and tells what it hears.

import { Cards } from "../../sessions_app/js/cards.js";
import { Journal } from "../../sessions_app/js/journal.js";
import { Playing } from "../../sessions_app/js/playing.js";
import { say } from "./strings.js";

const byId = (id) => document.getElementById(id);

export class Through {
  #data;
  #socket = null;
  #isOver = false;
  #problem = "";
  #playing = new Playing(byId("playing"), (message) => this.#send(message));
  #cards = new Cards({ finals: byId("through-said"), partials: byId("through-partials"), acts: { rename: () => {}, sendAgain: () => {} } });
  #journal = new Journal({
    changed: (entry) => this.#cards.show(entry),
    removed: (entry) => this.#cards.remove(entry),
  });

  constructor(data) {
    this.#data = data;
  }

  bind() {
    byId("through").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
  }

  #start() {
    if (this.#socket) return;
    this.#isOver = false;
    this.#journal.clear();
    byId("through-problem").textContent = "";
    byId("through-state").textContent = say("through.connecting");
    this.#enable(false);
    const socket = new WebSocket(this.#address());
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener("close", () => this.#lose());
  }

  #address() {
    const address = new URL(this.#data.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("direction", this.#data.direction);
    address.searchParams.set("mode", this.#data.mode);
    return address;
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #take(message) {
    if (message.type === "ready") this.#begin(message);
    else if (message.type === "error") this.#hearError(message);
    else if (message.type === "resolved") this.#solve(message.code);
    else if (message.type === "loading") byId("through-state").textContent = message.message;
    else if (this.#playing.take(message)) this.#follow(message.type.replace("playback_", ""));
    else this.#journal.take(message);
  }

  #begin({ session_id: session }) {
    this.#journal.beginSession(session);
    this.#send({
      type: "start_playback",
      recording_id: this.#data.id,
      mode: byId("through-mode").value,
      speed: Number(byId("through-speed").value),
    });
  }

  #follow(state) {
    if (state === "started") {
      this.#journal.beginSource();
      byId("through-state").textContent = "";
    } else if (["finished", "stopped", "failed"].includes(state)) {
      byId("through-state").textContent = say(`through.${state}`);
      this.#leave();
    }
  }

  #solve(code) {
    if (code === this.#problem) byId("through-problem").textContent = "";
  }

  #hearError({ code, about, message, fatal }) {
    if (typeof about === "number" && this.#journal.fail(about, message)) return;
    if (code === "no_corrections") return; // nobody learns here
    this.#problem = code;
    byId("through-problem").textContent = message;
    if (about === "start_playback" || fatal) this.#leave();
  }

  #leave() {
    this.#isOver = true;
    this.#socket?.close();
  }

  #lose() {
    this.#socket = null;
    this.#journal.interrupt();
    this.#playing.hide();
    this.#enable(true);
    if (this.#isOver) {
      if (byId("through-problem").textContent) byId("through-state").textContent = "";
      return;
    }
    byId("through-state").textContent = "";
    byId("through-problem").textContent ||= say("problem.socket");
  }

  #enable(isFree) {
    for (const field of byId("through").elements) field.disabled = !isFree;
    if (isFree && document.activeElement === document.body) byId("through").querySelector("button").focus();
  }
}

// Offers to go on with a conversation that was left: after a reload, or where the history asks for it.

import { make } from "./elements.js";
import { say } from "./strings.js";

export class GoingOn {
  #place;
  #listening;

  constructor(place, listening) {
    this.#place = place;
    this.#listening = listening;
    const button = make("button", { class: "button", type: "button" }, say("go_on.button"));
    button.addEventListener("click", () => {
      document.getElementById("listen").focus(); // the button goes away
      listening.start();
    });
    place.replaceChildren(make("span", {}, say("go_on.title")), " ", button);
    listening.addEventListener("state", () => listening.isOn && this.over());
  }

  offer() {
    this.#place.hidden = this.#listening.isOn;
  }

  over() {
    this.#place.hidden = true;
  }
}

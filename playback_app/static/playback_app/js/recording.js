// The page of one recording: who does what.

import { Follower } from "./following.js";
import { Player } from "./player.js";
import { Through } from "./through.js";
import { Truths } from "./truths.js";

const byId = (id) => document.getElementById(id);
const place = byId("recording");

if (place) {
  new Truths(byId("segments"), place.dataset).bind();
  if (byId("through")) new Through(place.dataset).bind();
  if (byId("heard")) {
    const follower = new Follower(byId("segments"));
    const player = new Player(place.dataset, follower.spans, (seconds) => follower.show(seconds));
    player.bind();
    follower.bind((seconds) => player.playFrom(seconds));
  }
}

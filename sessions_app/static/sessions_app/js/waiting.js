// The page of a conversation while some of it waits to be transcribed: what comes is shown as it comes.

import { tellMoments } from "./moments.js";

const LOOK_SECONDS = 2;
const stateOf = (page) => page.getElementById("waiting")?.dataset.state;

// Returns whether anything still waits.
async function look() {
  const answer = await fetch(location.href);
  if (!answer.ok) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (stateOf(page) !== stateOf(document)) show(page);
  return page.querySelector("#waiting[data-goes-on]") !== null;
}

function show(page) {
  for (const element of document.querySelectorAll("[data-follow]")) {
    const now = page.querySelector(`[data-follow="${element.dataset.follow}"]`);
    if (now) element.replaceWith(now);
    else element.remove();
    if (now) tellMoments(now);
  }
}

async function follow() {
  let goesOn = true;
  while (goesOn) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_SECONDS * 1000));
    goesOn = await look().catch(() => true); // the server is gone for a moment: the next look says more
  }
}

follow();

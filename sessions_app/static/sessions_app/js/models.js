// Models that the owner lets the server fetch.

import { say } from "./strings.js";

// Asks for them at `address`; returns why they are not fetched, empty: they are being.
export async function askFor(name, address) {
  const body = new URLSearchParams({ name });
  const headers = { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value, Accept: "application/json" };
  try {
    const answer = await fetch(address, { method: "POST", headers, body });
    if (answer.ok) return "";
    return say(answer.status === 403 ? "models.key" : "models.refused");
  } catch {
    return say("models.refused");
  }
}

// The panel of choices at the top of every page.

import { keepSetting, setting } from "./settings.js";
import { keepShell } from "./shell.js";
import { wipeAll } from "./tabstore.js";

function bind(control) {
  const name = control.dataset.setting;
  const kind = control.type === "checkbox" ? "checked" : "value";
  control[kind] = setting(name);
  control.addEventListener("change", () => keepSetting(name, control[kind]));
}

function closeFromOutside(panel) {
  document.addEventListener("click", (event) => {
    if (!panel.contains(event.target)) panel.open = false;
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.open) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
}

// What live pages hold for the server is their user's: nothing of it stays behind.
function wipeFirst(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    new BroadcastChannel("habla").postMessage("logged out");
    await wipeAll();
    form.submit();
  });
}

document.querySelectorAll("[data-setting]").forEach(bind);
document.querySelectorAll("form[data-ends-login]").forEach(wipeFirst);
closeFromOutside(document.getElementById("preferences"));
// after what the page itself loads
if (document.readyState === "complete") keepShell();
else addEventListener("load", () => keepShell());

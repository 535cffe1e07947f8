// The panel of choices at the top of every page.

import { keepSetting, setting } from "./settings.js";

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

document.querySelectorAll("[data-setting]").forEach(bind);
closeFromOutside(document.getElementById("preferences"));

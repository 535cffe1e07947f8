// Colours and text size, set before the first paint: a classic script, so that nothing flashes.

(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const bars = document.querySelectorAll('meta[name="theme-color"]');
  const colours = Object.fromEntries(Array.from(bars, (bar) => [bar.dataset.theme, bar.content]));

  function read(name, fallback) {
    try {
      return JSON.parse(localStorage.getItem("habla." + name)) ?? fallback;
    } catch {
      return fallback; // storage is closed, or holds something else
    }
  }

  function apply() {
    const theme = read("theme", "system");
    root.dataset.theme = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    bars.forEach((bar) => (bar.content = colours[root.dataset.theme]));
    root.dataset.textSize = read("textSize", "medium");
  }

  apply();
  dark.addEventListener("change", apply);
  addEventListener("habla:setting", apply);
  addEventListener("storage", apply);
})();

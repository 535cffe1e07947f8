// The page that is shown while the server cannot be reached: it looks for the server, and opens what was asked for.

(() => {
  "use strict";
  const LOOK_MS = 3000;

  async function look() {
    try {
      const answer = await fetch("/healthz", { cache: "no-store" });
      if (answer.ok && (await answer.text()).trim() === "ok") location.reload();
    } catch {
      // not there yet
    }
  }

  setInterval(look, LOOK_MS);
  addEventListener("online", look);
  document.getElementById("again").addEventListener("click", () => location.reload());
})();

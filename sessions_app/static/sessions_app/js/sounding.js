// Audio contexts that go on: one that was opened before the reader touched the page stands still until it is asked again.

const GESTURES = ["pointerdown", "keydown"];

export function keepRunning(context) {
  const over = new AbortController();
  const start = () => {
    if (context.state === "closed") over.abort();
    else if (context.state !== "running") context.resume().catch(() => {}); // the next gesture tries again
  };
  GESTURES.forEach((name) => addEventListener(name, start, { signal: over.signal, passive: true }));
}

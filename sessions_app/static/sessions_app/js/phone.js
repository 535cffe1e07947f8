// Whether this device trusts Habla: told on the page that leads it here, as soon as it does.

const AGAIN_MS = 5_000;
const SOCKET_MS = 10_000;
const DEVICES = [
  [/iPhone|iPad|iPod/, "iphone"],
  [/Android/, "android"],
  [/Windows/, "windows"],
  [/Macintosh/, "mac"],
  [/./, "linux"],
];

const page = document.getElementById("phone");
const probe = page.dataset.probe;

function show(state) {
  for (const part of page.querySelectorAll("[data-when]")) {
    part.hidden = !part.dataset.when.split(" ").includes(state);
  }
  page.dataset.state = state;
}

function openOwnSteps() {
  const [, device] = DEVICES.find(([pattern]) => pattern.test(navigator.userAgent));
  const steps = page.querySelector(`[data-device="${device}"]`);
  if (steps) steps.open = true;
}

// a picture comes by https only if the certificate is trusted, and says nothing more than that
function isPictureShown(address) {
  return new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve(true);
    picture.onerror = () => resolve(false);
    picture.src = `${address}?${Date.now()}`;
  });
}

function doesSocketOpen() {
  return new Promise((resolve) => {
    const socket = new WebSocket(`wss://${location.host}/ws/watch/none/`);
    const end = (opened) => {
      socket.close();
      resolve(opened);
    };
    socket.onopen = () => end(true);
    socket.onerror = () => end(false);
    setTimeout(() => end(false), SOCKET_MS);
  });
}

async function lookFromOutside() {
  if (await isPictureShown(probe)) {
    show("trusted");
    return;
  }
  show("untrusted");
  setTimeout(lookWhenSeen, AGAIN_MS);
}

function lookWhenSeen() {
  if (document.visibilityState === "visible") lookFromOutside();
  else document.addEventListener("visibilitychange", lookWhenSeen, { once: true });
}

async function lookFromInside() {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) show("insecure");
  else if (location.protocol === "https:" && !(await doesSocketOpen())) show("no-socket");
  else show("works");
}

openOwnSteps();
if (probe) lookFromOutside();
else lookFromInside();

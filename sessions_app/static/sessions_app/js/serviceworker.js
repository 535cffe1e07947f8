// Keeps what the live page is made of, and shows a page of its own while the server cannot be reached.
//
// It keeps nothing that anybody said, and no page but that one. Sockets never come by here; recordings, downloads, logins,
// the administration and the interface are left to the browser. The server puts before this what there is to keep:
// const SHELL = {version, files, offline}.

const PREFIX = "habla-";
const CACHE = PREFIX + SHELL.version;
const FILES = new Set(SHELL.files);
const ELSEWHERE = /^\/(?:admin|api|first-account|login|logout|phone|recordings|static|ws)(?:\/|$)|\/export$/;
const AWAY = new Set([502, 504]); // what a proxy says while Habla does not run

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...SHELL.files, new Request(SHELL.offline, { cache: "reload" })]);
  await skipWaiting();
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await clients.claim();
}

async function kept(request) {
  return (await caches.match(request.url, { cacheName: CACHE })) ?? fetch(request);
}

async function page(request) {
  try {
    const answer = await fetch(request);
    if (!AWAY.has(answer.status)) return answer;
  } catch {
    // the server cannot be reached
  }
  return (await caches.match(SHELL.offline, { cacheName: CACHE })) ?? Response.error();
}

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(dropOthers()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (FILES.has(pathname)) event.respondWith(kept(request));
  else if (request.mode === "navigate" && !ELSEWHERE.test(pathname)) event.respondWith(page(request));
});

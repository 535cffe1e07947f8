// What a service worker becomes where nothing is to be kept: it forgets all it kept, and itself.

async function forget() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("habla-")).map((name) => caches.delete(name)));
  await registration.unregister();
}

addEventListener("install", (event) => event.waitUntil(skipWaiting()));
addEventListener("activate", (event) => event.waitUntil(forget()));

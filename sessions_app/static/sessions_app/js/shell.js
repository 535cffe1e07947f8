// Lets a service worker keep what pages are made of. Where there can be none (by http, in some private windows) pages
// work without it.

export async function keepShell(address = document.documentElement.dataset.worker) {
  try {
    if (address) await navigator.serviceWorker?.register(address);
    else await forgetShell();
  } catch {
    // the browser does not trust the server's certificate, or may keep nothing
  }
}

async function forgetShell() {
  const registrations = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(registrations.map((each) => each.unregister()));
}

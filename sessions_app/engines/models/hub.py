"""The model hub: its address, and whether it answers.

The address is huggingface_hub's: HF_ENDPOINT names another hub, HF_HUB_OFFLINE forbids fetching.
Its client library takes 25 MB; it is imported when the hub is asked, not before.
"""

import os
import threading

PROBE_SECONDS = 8.0
"""How long the hub may take to answer at all; after ten seconds the next source is tried."""
NO = frozenset({"", "0", "off", "no", "false"})


def endpoint() -> str:
    """Return the address of the hub."""
    from huggingface_hub import constants  # noqa: PLC0415 -- heavy: see above

    named = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return named or constants.ENDPOINT


def is_offline() -> bool:
    """Return whether the environment forbids fetching models; also if it is unclear."""
    words = (os.environ.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(word.strip().lower() not in NO for word in words)


def reachable(timeout: float = PROBE_SECONDS) -> bool:
    """Return whether the hub answers within ``timeout`` seconds. Blocks, never longer than that.

    A host name lookup has no time limit of its own, so a thread does it, which may be left behind.
    """
    if is_offline():
        return False
    answered = threading.Event()
    asking = threading.Thread(
        target=_ask, args=(timeout, answered), name="habla hub probe", daemon=True
    )
    asking.start()
    asking.join(timeout)
    return answered.is_set()


def _ask(timeout: float, answered: threading.Event) -> None:
    import httpx  # noqa: PLC0415 -- heavy: see above

    try:
        response = httpx.head(endpoint(), timeout=timeout, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return
    if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
        answered.set()

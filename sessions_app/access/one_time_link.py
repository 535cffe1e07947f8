"""The link by which the first account is made: good once, for an hour, in this process.

Whoever has it may become the owner, so it is shown only where the owner's key may be.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from threading import Lock
from time import monotonic

from sessions_app.access.authentication import can_anybody_log_in
from sessions_app.store.database.thread import on_database_thread

TOKEN_BYTES = 32
LIFE_SECONDS = 3_600.0
"""Long enough to walk over to the phone."""


class OneTimeLink:
    """One token at a time, of which only the hash is kept."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._digest = b""
        """Empty: there is none."""
        self._ends_at = 0.0

    def make(self) -> str:
        """Return a new token; the one before is not good any more."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with self._lock:
            self._digest, self._ends_at = _digest(token), self._clock() + LIFE_SECONDS
        return token

    def is_good(self, token: str) -> bool:
        """Return whether ``token`` has not been used, and is not too old."""
        with self._lock:
            return self._matches(token)

    def use(self, token: str) -> bool:
        """Use ``token`` up; return whether it was good. Of several at once, one gets it."""
        with self._lock:
            if not self._matches(token):
                return False
            self._digest = b""
            return True

    def _matches(self, token: str) -> bool:
        is_same = hmac.compare_digest(self._digest, _digest(token))
        return is_same and self._clock() < self._ends_at


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


account_link = OneTimeLink()
"""Of this process."""
is_account_made = on_database_thread(can_anybody_log_in)
"""The same from the event loop. Raises StoreError: the database does not say."""

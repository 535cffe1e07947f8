"""The secrets by which a client attaches to its session again."""

import hashlib
import secrets

SECRET_BYTES = 32
MOST_FOLLOWING = 4
"""How many tickets are good of which nobody knows whether the client has them."""


class ResumeTickets:
    """A session's ticket, and those that follow it, until it is known which one the client has.

    Only hashes are kept. The ticket in use stays good until the first message comes over the
    connection that it opened, or a later one is used: so an answer that is lost loses nothing.
    """

    def __init__(self, current: str = "") -> None:
        self.current = current
        """The hash of the ticket in use; empty: there is none."""
        self._following: list[str] = []

    @property
    def following(self) -> str:
        """The hash of the newest that follows; empty: there is none."""
        return self._following[-1] if self._following else ""

    def issue(self) -> str:
        """Return a new ticket, which is to follow the one in use."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        if self.current:
            self._following = [*self._following, ticket_hash(secret)][-MOST_FOLLOWING:]
        else:
            self.current = ticket_hash(secret)
        return secret

    def opens(self, hashed: str) -> bool:
        """Return whether a ticket of this hash is good."""
        return bool(hashed) and hashed in (self.current, *self._following)

    def confirm(self, hashed: str) -> bool:
        """Note that the client has the ticket of this hash; return whether that is new.

        Those before it are worth nothing from now on.
        """
        if hashed not in self._following:
            return False
        later = self._following[self._following.index(hashed) + 1 :]
        self.current, self._following = hashed, later
        return True


def ticket_hash(secret: str) -> str:
    """Return the SHA-256 of a ticket, in hexadecimal; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

"""The secrets by which a client attaches to its session again."""

import hashlib
import secrets

SECRET_BYTES = 32


class ResumeTickets:
    """A session's ticket, and the next one, until it is known that the client got it.

    Only hashes are kept. The ticket in use stays good until the first message comes over the
    connection that it opened, or the next one is used: so an answer that is lost loses nothing.
    """

    def __init__(self, current: str = "", following: str = "") -> None:
        self.current = current
        """The hash of the ticket in use; empty: there is none."""
        self.following = following
        """The hash of the one that follows; empty: there is none."""

    def issue(self) -> str:
        """Return a new ticket, which is to follow the one in use."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        if self.current:
            self.following = ticket_hash(secret)
        else:
            self.current = ticket_hash(secret)
        return secret

    def opens(self, hashed: str) -> bool:
        """Return whether a ticket of this hash is good."""
        return bool(hashed) and hashed in (self.current, self.following)

    def use(self, hashed: str) -> None:
        """Note that a client attached with the ticket of this hash: it has what it got before."""
        if self.following and hashed == self.following:
            self.confirm()

    def confirm(self) -> bool:
        """Note that the client has the following ticket; return whether that is new."""
        if not self.following:
            return False
        self.current, self.following = self.following, ""
        return True


def ticket_hash(secret: str) -> str:
    """Return the SHA-256 of a ticket, in hexadecimal; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

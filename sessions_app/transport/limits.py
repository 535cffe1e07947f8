"""Limits on the size of requests, the time they take, and the memory of all of them together."""

HEALTH_CHECKS = frozenset({"/healthz", "/readyz"})
"""Paths that monitors and proxies ask for all day, at almost no cost."""
MAX_BODY_BYTES = 1_000_000
"""No route needs more: the largest form is a ground truth; imports go by a command."""
MAX_WIRE_BYTES = 2 * MAX_BODY_BYTES
"""The same including the size lines of its chunks, which may be longer than the chunks."""
MAX_SMALL_CHUNKS = 1_024
"""How many chunks of a body may be smaller than SMALL_CHUNK_BYTES: each costs as much time as a
large one, and one read may hold ten thousand chunks of one byte."""
SMALL_CHUNK_BYTES = 256
MAX_HEAD_BYTES = 16 * 1024
"""The request line and all headers."""
MAX_HEADERS = 100
HEAD_SECONDS = 20.0
"""How long the head may take from its first byte to its last."""
BODY_SECONDS = 30.0
"""How long the body may take after the head."""
LINGER_SECONDS = 5.0
"""How long a refused client may go on sending: one that sends everything before it reads would
otherwise be reset before it has seen the response."""
SMALL_BODY_BYTES = 64 * 1024
"""Body size that is always accepted, whatever other requests hold: a login is far smaller."""
MAX_LARGE_BODIES_BYTES = 32_000_000
"""Total size of all bodies that are larger than that."""


class BodyBudget:
    """The memory budget for large bodies, shared by all requests that are not answered yet."""

    def __init__(self) -> None:
        self._held_bytes = 0

    def reserve(self, size: int) -> bool:
        """Reserve ``size`` more bytes; return False if that exceeds the budget."""
        if self._held_bytes + size > MAX_LARGE_BODIES_BYTES:
            return False
        self._held_bytes += size
        return True

    def release(self, size: int) -> None:
        """Release ``size`` bytes."""
        self._held_bytes -= size

"""How much a request may hold, how long it may take to come, and what all of them hold together."""

LOOKERS = frozenset({"/healthz", "/readyz"})
"""What monitors and proxies ask all day, and what costs nothing."""
MAX_BODY_BYTES = 1_000_000
"""No route takes more: the largest form is a ground truth, and an import is a command's."""
MAX_WIRE_BYTES = 2 * MAX_BODY_BYTES
"""The same with the sizes of its chunks, which may take more than what is in them."""
MAX_SMALL_CHUNKS = 1_024
"""How many chunks of a body may hold less than SMALL_CHUNK_BYTES: each takes as long as a large
one, and ten thousand of a byte come in one read."""
SMALL_CHUNK_BYTES = 256
MAX_HEAD_BYTES = 16 * 1024
"""The request line and all headers."""
MAX_HEADERS = 100
HEAD_SECONDS = 20.0
"""How long the head may take from its first byte to its last."""
BODY_SECONDS = 30.0
"""How long the body may take then."""
LINGER_SECONDS = 5.0
"""How long whoever was refused may go on sending: one that sends before it reads would otherwise
be reset before it has seen the answer."""
SMALL_BODY_BYTES = 64 * 1024
"""What every request may hold, whatever all others do: a login is far smaller."""
MAX_LARGE_BODIES_BYTES = 32_000_000
"""What the bodies that are larger may hold together."""


class Bodies:
    """What the bodies of all requests that are not answered yet hold beyond a small one."""

    def __init__(self) -> None:
        self._held_bytes = 0

    def take(self, size: int) -> bool:
        """Note ``size`` more bytes; return False where that is too much."""
        if self._held_bytes + size > MAX_LARGE_BODIES_BYTES:
            return False
        self._held_bytes += size
        return True

    def give_back(self, size: int) -> None:
        """Note that ``size`` bytes are held no more."""
        self._held_bytes -= size

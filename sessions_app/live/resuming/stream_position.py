"""Where a client's stream stands: which stream it is, and how many bytes of it were taken."""


class StreamPosition:
    """Counts a client's sound when it comes, in bytes as sent, stream by stream.

    What is counted may still wait in the session's line: this is what a client that comes back
    need not send again. A stream is what follows one `start_listening`: 1, 2, 3, ...
    """

    def __init__(self, number: int = 0, taken: int = 0, *, is_open: bool = False) -> None:
        self.number = number
        """The newest stream; 0: none has begun."""
        self.bytes = taken
        """How many bytes of it were taken."""
        self.is_open = is_open
        """Whether sound that comes now belongs to it."""

    def begin(self) -> int | None:
        """Count a `start_listening`; return the number of its stream, None: one is open already."""
        if self.is_open:
            return None
        self.number += 1
        self.bytes = 0
        self.is_open = True
        return self.number

    def take(self, size: int) -> None:
        """Count the bytes of a chunk, and of sound that the client says it cannot send."""
        if self.is_open:
            self.bytes += size

    def stop(self) -> None:
        """Count a `stop_listening`: no more sound of the stream comes."""
        self.is_open = False

    def end(self, number: int) -> None:
        """Note that a stream ended by itself, since it broke."""
        if number == self.number:
            self.is_open = False

    def refuse(self, number: int) -> None:
        """Note that a stream was refused when its turn came: its number is free again."""
        if number == self.number:
            self.number -= 1
            self.bytes = 0
            self.is_open = False

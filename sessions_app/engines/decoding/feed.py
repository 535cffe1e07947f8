"""A file whose reader waits for the writer's next chunk, and whose writer knows when it waits."""

from threading import Condition

from sessions_app.core.errors import DecodeError

MAX_WAIT_SECONDS = 30
"""The longest time that the reader may work on one chunk."""


class Feed:
    """What libav reads as a file, in its own thread, while another thread hands it chunks.

    The hand-off needs no clock: ``hand_over`` returns when the reader has used up all that was
    there and asks for more, or has finished.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting = bytearray()
        self._is_hungry = False
        self._has_ended = False
        self.is_finished = False
        """Whether the reader will ask for nothing more."""
        self.is_aborted = False
        """Whether the result of further decoding will be discarded."""

    # --- the reader's side; libav calls ``read`` ---

    def read(self, size: int) -> bytes:
        """Return the next 1 to ``size`` bytes; waits for them; empty: the stream has ended."""
        with self._changed:
            while not self._waiting and not self._has_ended:
                self._is_hungry = True
                self._changed.notify_all()
                # it is certain to end: whoever made the feed ends it
                self._changed.wait()
            taken = bytes(self._waiting[:size])
            del self._waiting[:size]
            return taken

    def finish(self) -> None:
        """Note that nothing more will be read."""
        with self._changed:
            self.is_finished = True
            self._changed.notify_all()

    # --- the writer's side ---

    def hand_over(self, chunk: bytes) -> None:
        """Give the reader ``chunk``; return when it asks for more or has finished.

        Raises:
            DecodeError: the reader did neither in MAX_WAIT_SECONDS.
        """
        with self._changed:
            if chunk and not self.is_finished:
                self._waiting += chunk
                self._is_hungry = False
            self._wait_for_reader()

    def end(self) -> None:
        """Tell the reader that no more comes; return when it has finished.

        Raises:
            DecodeError: it did not in MAX_WAIT_SECONDS.
        """
        with self._changed:
            self._has_ended = True
            self._is_hungry = False
            self._wait_for_reader()

    def abort(self) -> None:
        """Drop what is left and tell the reader that no more comes, without waiting."""
        with self._changed:
            self._waiting.clear()
            self._has_ended = self.is_aborted = True
            self._changed.notify_all()

    def _wait_for_reader(self) -> None:
        self._changed.notify_all()
        if not self._changed.wait_for(self._is_idle, MAX_WAIT_SECONDS):
            raise DecodeError("The sound could not be decoded in time.")

    def _is_idle(self) -> bool:
        return self._is_hungry or self.is_finished

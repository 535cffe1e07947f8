"""Up to where a client's stream is kept, so that the client may forget it."""

from sessions_app.core.audio import Encoding
from sessions_app.core.events import Discarded, Event, Exchange, Failure, Notice
from sessions_app.live.resuming.told_position import ToldPosition
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.utterance import Utterance
from sessions_app.recording.recorder import Recorder

HURRY_BYTES = 64 * 1024
"""So much more than was told last is told sooner: the client may be waiting to send the rest."""


class KeptSound:
    """Follows one stream at a time: what of it is in its recording, or has become words.

    While the stream is recorded that is what was written, which survives the process. Otherwise it
    is the sound of which the client was told what it became.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._stream = 0
        self._listener: Listener | None = None
        self._told = ToldPosition(Encoding.PCM_S16LE)
        self._heard_bytes = 0
        self._holes: list[tuple[int, int]] = []
        """After how many bytes the client could not send some, and how many those were."""
        self._kept = 0
        self._last = 0

    @property
    def is_owing(self) -> bool:
        """Whether more is kept by now than the client was told, by HURRY_BYTES."""
        return self._listener is not None and self._position()[0] - self._last >= HURRY_BYTES

    def begin(self, stream: int, encoding: Encoding, listener: Listener, heard: int = 0) -> None:
        """Follow another stream, of which ``heard`` bytes are known already."""
        self._stream, self._listener = stream, listener
        self._told = ToldPosition(encoding)
        self._heard_bytes = self._kept = self._last = heard
        self._holes = []

    def hear(self, size: int) -> None:
        """Note that the next ``size`` bytes were decoded."""
        self._heard_bytes += size
        if self._listener is not None:
            self._told.reach(self._heard_bytes, self._listener.heard_samples)

    def skip(self, size: int) -> None:
        """Note that the client could not send the next ``size`` bytes."""
        self._holes.append((self._heard_bytes, size))

    def cut(self, utterance: Utterance) -> None:
        """Note that an utterance was cut out of the stream."""
        self._told.begin(utterance.id, utterance.start_sample)

    def note_told(self, event: Event) -> None:
        """Note it where ``event`` told the client what became of an utterance."""
        if isinstance(event, Exchange | Discarded):
            self._told.end(event.utterance_id)
        elif isinstance(event, Failure) and isinstance(event.about, int):
            self._told.end(event.about)

    def end(self) -> Notice | None:
        """Follow it no more, since all of it became words; return the last message about it."""
        listener, self._listener = self._listener, None
        if listener is None:
            return None
        return self._notice(self._as_sent(self._heard_bytes), is_durable=self._is_recorded())

    def notice(self) -> Notice | None:
        """Return the message that says what is kept by now; None: no stream is open."""
        return None if self._listener is None else self._notice(*self._position())

    def _position(self) -> tuple[int, bool]:
        undecided = self._listener.decided_samples if self._listener is not None else 0
        told = self._told.told_bytes(undecided)
        written = self._recorder.written_sound_bytes
        found = self._as_sent(told if written is None else written)
        self._kept = max(self._kept, found)
        return self._kept, written is not None

    def _is_recorded(self) -> bool:
        return self._recorder.written_sound_bytes is not None

    def _as_sent(self, position: int) -> int:
        return position + sum(size for after, size in self._holes if after <= position)

    def _notice(self, kept: int, is_durable: bool) -> Notice:
        self._last = self._kept = max(self._kept, kept)
        fields = {"stream": self._stream, "bytes": self._last, "durable": is_durable}
        return Notice("kept", fields, is_passing=True)

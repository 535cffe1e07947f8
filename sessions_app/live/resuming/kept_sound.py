"""Up to where a client's stream is kept, so that the client may forget it."""

from collections.abc import Callable, Iterable

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.core.events import Discarded, Event, Exchange, Failure, Notice
from sessions_app.live.resuming.checkpoint import OpenStream
from sessions_app.live.resuming.seam import Seam
from sessions_app.live.resuming.told_position import ToldPosition
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.listener import HeardBefore, Listener
from sessions_app.pipeline.utterance import Utterance
from sessions_app.protocol import StartListening
from sessions_app.recording.recorder import Recorder

HURRY_BYTES = 64 * 1024
"""So much more than was told last is told sooner: the client may be waiting to send the rest."""


class KeptSound:
    """Follows one stream at a time: what of it is in its recording, or has become words.

    While the stream is recorded that is what was written, which survives the process. Otherwise it
    is the sound of which the client was told what it became. ``is_over`` is called when a stream is
    over, once all of it became words, and before its recording is closed.
    """

    def __init__(
        self, recorder: Recorder, account: Account, is_over: Callable[[], None] = lambda: None
    ) -> None:
        self._recorder = recorder
        self._account = account
        self._is_over = is_over
        self._command = StartListening(type="start_listening", sample_rate=SAMPLE_RATE)
        self._seam = Seam(account)
        self._stream = 0
        self._encoding: Encoding | None = None
        self._listener: Listener | None = None
        self._told = ToldPosition(Encoding.PCM_S16LE)
        self._stored = ToldPosition(Encoding.PCM_S16LE)
        self._heard_bytes = 0
        self._holes: list[tuple[int, int]] = []
        """After how many bytes the client could not send some, and how many those were."""
        self._kept = 0
        self._last = 0

    @property
    def stream(self) -> int:
        """The number of the newest stream; 0: none has begun."""
        return self._stream

    @property
    def is_open(self) -> bool:
        """Whether that goes on."""
        return self._listener is not None

    @property
    def bytes(self) -> int:
        """How much of it need not be sent to another process that has the rows and recordings.

        If it is not recorded, that is the sound whose words are being stored, told or not.
        """
        if self._listener is None:
            return self._kept
        kept, is_recorded = self._position()
        if is_recorded:
            return kept
        stored = self._as_sent(self._stored.told_bytes(self._listener.decided_samples))
        return max(kept, stored)

    @property
    def heard_before(self) -> HeardBefore | None:
        """What another session need not hear again, of sound that it is sent again.

        None: nothing, or all that is sent again.
        """
        is_container = self._command.encoding is not Encoding.PCM_S16LE
        if self._listener is None or self._is_recorded() or not is_container:
            return None
        end_sample = self._stored.told_sample(self._listener.decided_samples)
        return HeardBefore(self._stored.earliest_sample, end_sample)

    @property
    def encoding(self) -> Encoding | None:
        """How the newest stream is encoded; None: none has begun here, or was open before."""
        return self._encoding

    @property
    def is_owing(self) -> bool:
        """Whether more is kept by now than the client was told, by HURRY_BYTES."""
        return self._listener is not None and self._position()[0] - self._last >= HURRY_BYTES

    def begin(self, stream: int, command: StartListening, listener: Listener) -> None:
        """Follow another stream."""
        self._stream, self._command, self._listener = stream, command, listener
        self._encoding = command.encoding
        self._told = ToldPosition(command.encoding)
        self._stored = ToldPosition(command.encoding)
        self._seam = Seam(self._account.copy())
        self._heard_bytes = self._kept = self._last = 0
        self._holes = []

    def restore(self, stream: int, taken_bytes: int, left: OpenStream | None) -> None:
        """Begin where another process was: its newest stream, of which so much is kept.

        ``left`` is that stream, if it is open.
        """
        self._stream, self._kept = stream, taken_bytes
        self._encoding = left.encoding if left is not None else None

    def go_on(self, stream: int, left: OpenStream, listener: Listener) -> None:
        """Follow a stream that another process has left."""
        command = StartListening(
            type="start_listening", encoding=left.encoding, sample_rate=left.sample_rate
        )
        self.begin(stream, command, listener)
        self._seam = Seam(left.before, left.seam_sample, self._account)
        self._holes = list(left.holes)

    def hear(self, size: int) -> None:
        """Note that the next ``size`` bytes were decoded."""
        self._heard_bytes += size
        if self._listener is not None:
            for position in (self._told, self._stored):
                position.reach(self._heard_bytes, self._listener.decoded_samples)

    def skip(self, size: int) -> None:
        """Note that the client could not send the next ``size`` bytes."""
        self._holes.append((self._heard_bytes, size))

    def cut(self, utterance: Utterance) -> None:
        """Note that an utterance was cut out of the stream."""
        for position in (self._told, self._stored):
            position.begin(utterance.id, utterance.start_sample)
        self._seam.cut(utterance)

    def note_stored(self, utterance_id: int) -> None:
        """Note that the exchange of an utterance is being stored."""
        self._seam.end(utterance_id)
        self._stored.end(utterance_id)

    def note_told(self, event: Event) -> None:
        """Note it where ``event`` told the client what became of an utterance."""
        if isinstance(event, Exchange):
            self._told.end(event.utterance_id)
        elif isinstance(event, Discarded):
            self._end_without_words(event.utterance_id, event.reason)
        elif isinstance(event, Failure) and isinstance(event.about, int):
            self._end_without_words(event.about, event.code)

    def _end_without_words(self, utterance_id: int, reason: str) -> None:
        self._told.end(utterance_id)
        self._stored.end(utterance_id)
        self._seam.end(utterance_id, reason)

    def open_stream(self) -> tuple[Account, OpenStream | None]:
        """Return the session's account as it is in the rows, and the stream that would go on.

        None: no stream is open, or it is not recorded.
        """
        listener, recording_id = self._listener, self._recorder.recording_id
        if listener is None:
            return self._account.copy(), None
        found = self._seam.state(listener.decided_samples, self._account)
        if recording_id is None or not self._is_recorded():
            return found.account, None
        stream = OpenStream(
            recording_id,
            self._command.encoding,
            self._command.sample_rate,
            listener.offset_samples,
            found.sample,
            self._seam.before,
            tuple(self._holes),
        )
        return found.account, stream

    def end(self) -> Notice | None:
        """Follow it no more, since all of it became words; return the last message about it."""
        listener, self._listener = self._listener, None
        if listener is None:
            return None
        last = self._notice(self._as_sent(self._heard_bytes), is_durable=self._is_recorded())
        self._is_over()
        return last

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
        return as_sent(position, self._holes)

    def _notice(self, kept: int, is_durable: bool) -> Notice:
        self._last = self._kept = max(self._kept, kept)
        fields = {"stream": self._stream, "bytes": self._last, "durable": is_durable}
        return Notice("kept", fields, is_passing=True)


def as_sent(position: int, holes: Iterable[tuple[int, int]]) -> int:
    """Return where the client's stream stands of which so many bytes came; ``holes`` did not."""
    return position + sum(size for after, size in holes if after <= position)

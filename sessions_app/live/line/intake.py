"""The queue of chunks, and of the commands that must keep their place among them."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from sessions_app.core.audio import Encoding, to_samples
from sessions_app.core.descriptors import EXHAUSTED, was_exhausted
from sessions_app.core.errors import CommandError, EngineError, GuestEndedError, HablaError
from sessions_app.core.events import Failure, Notice
from sessions_app.live.line.incoming_sound import IncomingSound, Item
from sessions_app.live.line.listening_period import ListeningPeriod
from sessions_app.live.line.turns import Turn
from sessions_app.live.resuming.checkpoint import OpenStream
from sessions_app.live.resuming.kept_sound import KeptSound
from sessions_app.live.resuming.stream_position import StreamPosition
from sessions_app.live.states import State
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.listener import HeardBefore, ListeningPlace
from sessions_app.pipeline.pace import PaceLimiter, PaceOptions, PaceVerdict
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.stage import Stage
from sessions_app.pipeline.utterance import Utterance
from sessions_app.protocol import (
    ClientCommand,
    NewConversation,
    NotSent,
    StartListening,
    StopListening,
)
from sessions_app.recording.recorder import Recorder

logger = logging.getLogger(__name__)
T = TypeVar("T")

ITEMS_WAITING = 2_048
READ_BYTES = 64 * 1024
"""How much of a recording is heard again at once: two seconds of PCM."""


class Intake:
    """Takes sound without ever waiting, and processes it in the order in which it came.

    One listening period at a time. ``become`` is called when one begins, is stopping and has ended.
    ``kept`` follows what the client may forget; None: the client holds nothing.
    """

    def __init__(
        self,
        assembly: Assembly,
        context: SessionContext,
        recorder: Recorder,
        become: Callable[[State], None],
        too_fast: Callable[[], None],
        kept: KeptSound | None = None,
    ) -> None:
        self._assembly = assembly
        self._interpreter = assembly.interpreter
        self._context = context
        self._emit = context.emit
        self._account = context.account
        self._timeline = context.timeline
        self._recorder = recorder
        self._become = become
        self._too_fast = too_fast
        self._incoming = IncomingSound(context.account)
        self._kept = kept
        self.position = StreamPosition()
        """Where the client's stream stands, counted as it comes."""
        self.owed_seconds = 0.0
        """How much sound the client may hold that it could not send: its debt is no flood.

        What of it one stream does not use is left for the next.
        """
        self.is_hearing_again = False
        """Whether it hears what another process recorded of the stream that goes on here."""
        self.heard_before: HeardBefore | None = None
        """What another session has heard of the first stream, if that goes on with its stream."""
        self.command_in_hand: ClientCommand | None = None
        """The client's whose turn it is; None: it is that of sound, or of other work."""
        self._asked_sample = 0
        self._came_at = 0.0
        self._begun_stream: int | None = None
        self._is_refusing = False
        self._period: ListeningPeriod | None = None
        self._is_overrun = False
        self._is_stop_owed = False
        self._is_stray_told = False
        self._is_guest_gone = False
        self._is_closed = False
        self._rest: tuple[list[Item], list[Item]] = [], []
        self.inbox: Stage[Item] = Stage(
            "listen", self._take, failed=self._failed, size=ITEMS_WAITING
        )

    @property
    def is_listening(self) -> bool:
        """Whether a listening period is open."""
        return self._period is not None

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk if there is room; never waits. Return whether it was taken."""
        self.position.take(len(chunk))
        has_room = self._incoming.has_room(chunk) and not self._is_overrun
        if has_room and self.inbox.offer(chunk):
            self._incoming.wait(chunk)
            return True
        self._drop(chunk)
        return False

    def perform(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        command: ClientCommand | None = None,
        dropped: Callable[[], None] | None = None,
    ) -> Turn[T]:
        """Queue ``work`` among the chunks; awaiting the turn gives what it returns.

        If it is awaited when the intake closes, GuestEndedError is raised there; otherwise
        ``dropped`` is called. ``command`` is the client's, if the work does what one asks.

        Raises:
            CommandError: too much waits, or the session is over.
        """
        if self._is_closed:
            raise CommandError("The session is over.", code="not_ready")
        self._place_owed_stop()
        turn = Turn(
            work,
            self._timeline.now(),
            command,
            worker=lambda: self.inbox.worker,
            dropped=dropped,
        )
        if not self.inbox.offer(turn):
            raise CommandError("Too much waits to be heard; try again in a moment.", code="busy")
        self._note_taken(turn)
        return turn

    def _note_taken(self, turn: Turn[T]) -> None:
        match turn.command:
            case StartListening():
                turn.stream = self.position.begin()
            case StopListening() | NewConversation():
                self.position.stop()
            case NotSent(stream=stream, bytes=size) if stream == self.position.number:
                self.position.take(size)

    @property
    def waits_since(self) -> float | None:
        """Since when it has waited for sound, on the monotonic clock; None: it does not."""
        period = self._period
        is_waiting = period is not None and not period.is_guests and self.inbox.is_idle
        return self.inbox.done_at if is_waiting else None

    # --- what runs in its turn

    @property
    def place(self) -> int:
        """The place on the timeline at which the work whose turn it is was asked for."""
        return self._timeline.place(self._asked_sample)

    async def start(self, command: StartListening) -> None:
        """Open the client's listening period.

        Raises:
            CommandError: ``too_many_streams`` are being decoded already.
            EngineError: it cannot be decoded here.
        """
        listener = await self._assembly.open_listener(
            command.encoding,
            command.sample_rate,
            place=ListeningPlace(self.place, heard_before=self._take_heard_before(command)),
            cut=self._cut,
        )
        stream = self._begun_stream or self.position.begin() or self.position.number
        self._incoming.begin(command)
        # judged by when the command and the sound came, not by when their turn came
        pace = self._new_pace(self._came_at)
        self._period = ListeningPeriod(listener, stream, pace, self._account.received)
        self._become(State.LISTENING)
        recording = self._recorder.begin(command, self._context.manner, listener)
        if self._kept is not None:
            self._kept.begin(stream, command, listener)
        fields = {"encoding": command.encoding, "recording": recording, "stream": stream}
        await self._emit(Notice("listening_started", fields, is_counted=True))

    def _take_heard_before(self, command: StartListening) -> HeardBefore | None:
        heard, self.heard_before = self.heard_before, None
        return None if command.encoding is Encoding.PCM_S16LE else heard

    def _new_pace(self, began_at: float) -> PaceLimiter:
        options = PaceOptions()
        burst_seconds = options.burst_seconds + self.owed_seconds
        return PaceLimiter(replace(options, burst_seconds=burst_seconds), began_at)

    async def go_on(self, stream: int, left: OpenStream, taken_up: Callable[[], None]) -> None:
        """Go on with a stream that another process left; hear again what is not in the rows.

        ``taken_up`` is called when the stream is followed here, or cannot be.

        Raises:
            CommandError: ``too_many_streams`` are being decoded already.
            EngineError: it cannot be decoded here.
        """
        place = ListeningPlace(left.offset_samples, left.seam_sample, left.before)
        try:
            listener = await self._assembly.open_listener(
                left.encoding, left.sample_rate, place=place, cut=self._cut
            )
        except HablaError:
            taken_up()
            self.position.end(stream)
            await self._recorder.finish(is_whole=False)
            raise
        command = StartListening(
            type="start_listening", encoding=left.encoding, sample_rate=left.sample_rate
        )
        self._incoming.begin(command)
        period = ListeningPeriod(listener, stream)
        self._period = period
        self._become(State.LISTENING)
        self._recorder.go_on(listener, self._context.manner)
        if self._kept is not None:
            self._kept.go_on(stream, left, listener)
        taken_up()
        self.is_hearing_again = True
        try:
            goes_on = await self._hear_written(period)
        finally:
            self.is_hearing_again = False
        if goes_on:
            period.received_before = self._account.received
            period.pace = self._new_pace(monotonic())

    async def _hear_written(self, period: ListeningPeriod) -> bool:
        """Hear what another process recorded of a stream; return whether the stream goes on."""
        start = 0
        while chunk := await self._recorder.read_written(start, READ_BYTES):
            start += len(chunk)
            if not await self._listen_to(period, chunk):
                return False
        return True

    def _cut(self, utterance: Utterance) -> None:
        self._recorder.add_utterance(utterance)
        if self._kept is not None:
            self._kept.cut(utterance)

    async def start_guests(self, command: StartListening, origin: uuid.UUID | None) -> None:
        """Open a guest's listening period, whose sound comes by ``hear``.

        Raises:
            CommandError: ``too_many_streams`` are being decoded already.
            EngineError: it cannot be decoded here.
        """
        listener = await self._assembly.open_listener(
            command.encoding,
            command.sample_rate,
            place=ListeningPlace(self.place),
            origin=origin,
        )
        self._incoming.begin(command)
        self._period = ListeningPeriod(listener)
        self._become(State.LISTENING)
        self._recorder.note_unrecorded()

    async def hear(self, chunk: bytes) -> int:
        """Hear the next chunk of a guest's; return how many samples its period has had so far.

        Raises:
            CommandError: no listening period is open.
            EngineError: the stream is broken.
        """
        if self._period is None:
            raise CommandError("Nobody listens.", code="not_listening")
        listener = self._period.listener
        await listener.hear(chunk)
        self._timeline.reach(listener.reached_sample)
        return listener.heard_samples

    async def end_guests(self) -> None:
        """Close a guest's listening period, after all its results were sent.

        Raises:
            EngineError: the stream is broken at its end; the results before that were sent.
        """
        problem = await self._finish(broken=False)
        if problem is not None:
            raise problem

    def stop_left_open(self) -> None:
        """Have a guest's period closed, where the guest is gone and did not close it."""
        is_open = self._period is not None and self._period.is_guests
        if is_open and not self._is_closed:
            self._is_guest_gone = True  # for the next item, so that no line is too full for it
            with suppress(CommandError):
                self.perform(self._close_left_open)

    async def miss(self, command: NotSent) -> None:
        """Count sound that the client could not send; what came before it is heard as it is."""
        samples = to_samples(command.seconds)
        self._account.received += samples
        self._account.dropped["not_sent"] += samples
        period = self._period
        if period is None or period.stream != command.stream:
            return
        if period.pace is not None:
            period.received_before += samples
        await period.listener.leap(samples)
        self._recorder.mark(self._context.manner)
        self._timeline.reach(period.listener.reached_sample)
        if self._kept is not None:
            self._kept.skip(command.bytes)

    async def stop(self, *, broken: bool = False) -> None:
        """Close the listening period, after all that came was heard and its results were sent."""
        await self._finish(broken=broken)

    async def _finish(self, *, broken: bool) -> EngineError | None:
        """End the listening period, if one is open; return the error that its stream ended with."""
        period, self._period = self._period, None
        self._is_overrun = self._is_stop_owed = False
        if period is None:
            return None
        if period.pace is not None:
            self.owed_seconds = min(self.owed_seconds, period.pace.spare_seconds)
        self._is_stray_told = False
        listener = period.listener
        if period.stream is not None:
            self.position.end(period.stream)
        self._become(State.STOPPING)
        problem: EngineError | None = None
        try:
            await listener.finish(broken=broken)
        except EngineError as error:
            problem = error
            await listener.finish(broken=True)
            if not period.is_guests:
                await self._emit(Failure(error.code, str(error), about="stop_listening"))
        self._timeline.reach(listener.reached_sample)
        await self._interpreter.join()
        last = None if self._kept is None or period.is_guests else self._kept.end()
        await self._recorder.finish(is_whole=not broken and problem is None)
        self._become(State.IDLE)
        if last is not None:
            await self._emit(last)
        if not period.is_guests:
            summary = listener.account.as_summary()
            await self._emit(Notice("listening_stopped", summary, is_counted=True))
        return problem

    def close_queue(self) -> None:
        """End the wait of whatever is queued: nothing of it will be done. May be called twice."""
        self._is_closed = True
        self.inbox.close()
        in_hand, waiting = self.inbox.take_rest()
        for item in (*in_hand, *waiting):
            if not isinstance(item, bytes):
                self._asked_sample = item.asked_sample
                item.fail(GuestEndedError())
        self._rest[0].extend(in_hand)
        self._rest[1].extend(waiting)

    async def close(self) -> None:
        """Release the open stream unfinished, and count what still waits. May be called twice."""
        self.close_queue()
        period, (in_hand, waiting) = self._period, self._rest
        self._period, self._rest = None, ([], [])
        cut_off = None if period is None or period.is_guests else period.listener
        try:
            await self._incoming.count_unfinished(in_hand, waiting, cut_off, self._recorder.append)
        finally:
            if period is not None:
                await period.listener.close()

    # --- one chunk

    async def _close_left_open(self) -> None:
        if self._is_guest_gone:
            self._is_guest_gone = False
            await self.stop(broken=True)

    async def _take(self, item: Item) -> None:
        await self._close_left_open()
        if isinstance(item, bytes):
            self._incoming.go_on(item)
            await self._hear(item)
            return
        self._asked_sample, self._came_at = item.asked_sample, item.came_at
        self._begun_stream, self.command_in_hand = item.stream, item.command
        try:
            await item.take()
        finally:
            self.command_in_hand = None
            has_begun = self._period is not None and self._period.stream == item.stream
            if item.stream is not None and not has_begun:
                self.position.refuse(item.stream)

    async def _hear(self, item: bytes) -> None:
        if self._is_refusing:
            self._incoming.drop(item, "too_fast")
            return
        period = self._period
        if period is None or period.is_guests:
            await self._answer_stray()
            return
        self._recorder.append(item)
        if await self._listen_to(period, item):
            await self._judge_pace(period)

    async def _listen_to(self, period: ListeningPeriod, chunk: bytes) -> bool:
        """Hear the next chunk of the client's; return whether the stream goes on."""
        try:
            await period.listener.hear(chunk)
        except EngineError as error:
            await self._emit(Failure(error.code, str(error), about="start_listening"))
            await self.stop(broken=True)
            self._is_stray_told = True  # the rest of the stream is still on its way
            return False
        self._timeline.reach(period.listener.reached_sample)
        self._incoming.decoded(chunk, period.listener.heard_samples)
        if self._kept is not None:
            self._kept.hear(len(chunk))
        return True

    async def _judge_pace(self, period: ListeningPeriod) -> None:
        verdict = period.judge_pace(self._account.received, self._incoming.came_at)
        if verdict is PaceVerdict.WARN:
            message = "Sound comes faster than anybody speaks; slow down, or it is not heard."
            await self._emit(Failure("too_fast", message, about="audio"))
        elif verdict is PaceVerdict.END:
            self._is_refusing = True
            self._too_fast()

    async def _answer_stray(self) -> None:
        # only once: a client that sends four chunks a second would get four messages a second
        if not self._is_stray_told:
            self._is_stray_told = True
            message = "Sound came while nobody listened; send start_listening first."
            await self._emit(Failure("not_listening", message, about="audio"))

    def _drop(self, chunk: bytes) -> None:
        # a container with a chunk missing cannot be decoded any more; PCM goes on after it
        # nor do positions in a stream count which its client may send again
        is_pcm = self._incoming.encoding is Encoding.PCM_S16LE
        if not (is_pcm and self._kept is None) and not self._is_overrun:
            self._is_overrun = self._is_stop_owed = True
        self._place_owed_stop()
        self._incoming.drop(chunk, "overrun")
        self._interpreter.lateness.note_drop()

    def _place_owed_stop(self) -> None:
        # no room for that either: whatever comes next tries again
        if self._is_stop_owed:
            turn = Turn(self._stop_overrun, self._timeline.now())
            self._is_stop_owed = not self.inbox.offer(turn)

    async def _stop_overrun(self) -> None:
        message = "The server cannot keep up; what came before is kept. Start again in a moment."
        await self._emit(Failure("overrun", message, about="start_listening"))
        await self.stop(broken=True)

    async def _failed(self, item: Item, error: Exception) -> None:
        about = None if isinstance(item, bytes) else item.about
        if isinstance(error, HablaError):
            await self._emit(Failure(error.code, str(error), about=about))
            return
        if was_exhausted(error):
            logger.warning("%s was not done: %s", about or "the sound", error)
            await self._emit(Failure("too_many_files", EXHAUSTED, about=about or "audio"))
            return
        logger.error("a bug in the intake", exc_info=error)
        what = "the sound" if about is None else "this command"
        await self._emit(Failure("internal", f"Something went wrong with {what}.", about=about))

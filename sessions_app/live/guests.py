"""Guests: tasks that play something into a session, and end no later than the session does."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import CommandError, GuestEndedError
from sessions_app.live.line.turns import Turn
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.pipeline.utterance import Utterance
from sessions_app.protocol import StartListening

logger = logging.getLogger(__name__)
T = TypeVar("T")

LEAVE_SECONDS = 2.0
"""How long a guest that must end may take to do so."""


class Guest(Protocol):
    """A task in a session that belongs to an app above."""

    async def run(self, guest_input: "GuestInput") -> None:
        """Do the work. Calls of ``guest_input`` raise GuestEndedError once the guest must end."""
        ...

    def refusal(self) -> CommandError:
        """Return the error for whoever wants to speak, or to be the guest, meanwhile."""
        ...

    def wake(self) -> None:
        """Stop waiting for anything but ``guest_input``, since the guest must end."""
        ...


class GuestInput:
    """The guest's input into a session: a call returns when what it passed has been processed.

    One call at a time. Each keeps its place among the client's own commands. Once the guest must
    end, a call waits until the results of all earlier ones are sent, and raises GuestEndedError.
    """

    def __init__(self, pipeline: SessionPipeline, origin: uuid.UUID | None) -> None:
        self._pipeline = pipeline
        self._origin = origin
        self.is_unheard = False
        """Whether it must end because the session's client is gone, though that may come back."""
        self._is_refused = False
        self._released = asyncio.Event()
        self._turn: Turn[Any] | None = None

    async def start_listening(self, command: StartListening) -> None:
        """Open a listening period without telling the client.

        Raises:
            CommandError: one is open already.
            GuestEndedError: the guest must end.
        """
        await self._in_turn(lambda: self._start(command))

    async def feed(self, chunk: bytes) -> int:
        """Process the next chunk of the stream; return how many samples were decoded so far.

        Raises:
            CommandError: no listening period is open, or too much waits (``busy``).
            EngineError: the stream is broken, or an engine failed.
            GuestEndedError: the guest must end.
        """
        return await self._in_turn(lambda: self._pipeline.intake.hear(chunk))

    async def stop_listening(self) -> None:
        """Process what is left, and return when the last result of it is sent.

        Raises:
            CommandError: too much waits (``busy``).
            EngineError: the stream is broken at its end, or an engine failed; the results before
                that are sent.
            GuestEndedError: the guest must end.
        """
        await self._in_turn(self._pipeline.intake.end_guests)

    async def stop_broken(self) -> None:
        """Close the listening period without the end of its stream; results so far are sent.

        Raises:
            GuestEndedError: the guest must end.
        """
        await self._in_turn(lambda: self._pipeline.intake.stop(broken=True))

    async def interpret(self, pcm: bytes, start_sample: int) -> None:
        """Transcribe and translate a finished utterance (16 kHz mono s16le).

        ``start_sample`` is where it stands on the clock of what the guest brings.

        Raises:
            GuestEndedError: the guest must end.
        """
        await self._in_turn(lambda: self._interpret(pcm, start_sample))

    async def told(self) -> None:
        """Wait until the results of everything passed in are sent.

        Raises:
            GuestEndedError: the guest must end.
        """
        await self._in_turn(self._pipeline.interpreter.join)

    def refuse(self) -> None:
        """Accept nothing more."""
        self._is_refused = True
        if self._turn is not None:
            self._turn.withdraw(GuestEndedError())

    def fail_waiting(self) -> None:
        """Raise GuestEndedError in the call that waits, if any."""
        self._released.set()
        if self._turn is not None:
            self._turn.fail(GuestEndedError())

    def stop_open_period(self) -> None:
        """Have the listening period closed, if the guest has left it open."""
        self._pipeline.intake.stop_left_open()

    # --- queued

    async def _in_turn(self, work: Callable[[], Awaitable[T]]) -> T:
        if not self._is_refused:
            self._turn = turn = self._pipeline.intake.perform(work)
            with suppress(GuestEndedError):
                return await turn
        await self._released.wait()
        raise GuestEndedError

    async def _start(self, command: StartListening) -> None:
        if self._pipeline.intake.is_listening:
            raise CommandError("The session listens already.", code="already_listening")
        await self._pipeline.intake.start_guests(command, self._origin)

    async def _interpret(self, pcm: bytes, start_sample: int) -> None:
        interpreter, context = self._pipeline.interpreter, self._pipeline.context
        place, samples = self._pipeline.intake.place, count_samples(pcm)
        context.timeline.reach(place + samples)
        context.account.received += samples
        utterance = Utterance(
            interpreter.next_id(),
            context.manner,
            pcm=pcm,
            start_sample=start_sample,
            end_sample=start_sample + samples,
            offset_samples=place - start_sample,
            origin=self._origin,
        )
        await interpreter.put(utterance)


class Guests:
    """The one guest that a session may have at a time, and its task."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self.guest: Guest | None = None
        """The guest, if there is one."""
        self._is_closed = False
        self._input: GuestInput | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether there is a guest."""
        return self._task is not None

    def receive(self, guest: Guest, guest_input: GuestInput) -> None:
        """Let ``guest`` in; its task ends with the session.

        Raises:
            CommandError: there is a guest already, or the session is over.
        """
        if self._is_closed:
            raise CommandError("The session is over.", code="not_ready")
        self.refuse_others()
        self.guest, self._input = guest, guest_input
        name = f"habla guest {self._owner}"
        self._task = asyncio.create_task(_stay(guest, guest_input), name=name)
        self._task.add_done_callback(self._gone)

    def refuse_others(self) -> None:
        """Refuse anybody else while there is a guest.

        Raises:
            CommandError: there is one; the error is its ``refusal``.
        """
        if self.guest is not None:
            raise self.guest.refusal()

    def refuse(self) -> None:
        """Accept nothing more from the guest."""
        if self._input is not None:
            self._input.refuse()

    def refuse_unheard(self) -> None:
        """Accept nothing more from the guest, since nobody hears what it plays."""
        if self._input is not None:
            self._input.is_unheard = True
            self._input.refuse()

    async def end(self) -> bool:
        """End the guest, whose results have all been sent; return whether it ended in time."""
        if self._task is None or self._input is None or self.guest is None:
            return True
        self._end_input()
        self.guest.wake()
        _, late = await asyncio.wait({self._task}, timeout=LEAVE_SECONDS)
        return not late

    async def close(self, seconds: float) -> bool:
        """Cancel the guest; return whether it ended within ``seconds``."""
        self._is_closed = True
        task = self._task
        if task is None:
            return True
        await asyncio.sleep(0)  # one that has not begun could not note how it ended
        task.cancel()
        _, unresponsive = await asyncio.wait({task}, timeout=seconds)
        if unresponsive:
            logger.error("%s did not react to cancellation and is abandoned", task.get_name())
            self._end_input()
        return not unresponsive

    def _end_input(self) -> None:
        if self._input is not None:
            self._input.refuse()
            self._input.fail_waiting()

    def _gone(self, task: "asyncio.Task[None]") -> None:
        self.guest = self._input = self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s broke", task.get_name(), exc_info=error)


async def _stay(guest: Guest, guest_input: GuestInput) -> None:
    try:
        await guest.run(guest_input)
    finally:
        guest_input.stop_open_period()

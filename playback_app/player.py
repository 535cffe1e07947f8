"""The guest that plays a recording into a session, piece by piece."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from uuid import UUID

from playback_app import scoring, store
from playback_app.models import PlaybackState
from playback_app.pacing import Pacer
from playback_app.sources import Stream, read_segment, segments_of
from playback_app.store import PlaybackJob
from sessions_app.core.audio import count_samples, to_seconds
from sessions_app.core.errors import (
    CommandError,
    DecodeError,
    GuestEndedError,
    HablaError,
    StoreError,
)
from sessions_app.core.events import Notice
from sessions_app.live.guests import GuestInput
from sessions_app.live.session import LiveSession
from sessions_app.store.database.thread import LATE_SECONDS, database_thread

logger = logging.getLogger(__name__)

MOVE_SECONDS = 0.25
"""How often its position is sent, at most."""
Change = Callable[[UUID], Awaitable[bool]]
"""Changes a playback's row; returns whether it was as expected."""
READ_SECONDS = 10.0
"""How long reading one piece may take."""


@dataclass(frozen=True, slots=True)
class PlaybackEnd:
    """How a playback ended."""

    state: str
    reason: str
    is_written: bool
    """Whether its row says so by now; otherwise it will, once the database allows."""

    def message(self, fields: Mapping[str, Any]) -> Notice:
        """Return the message that tells it to the client."""
        told = {**fields, "reason": self.reason} if self.reason else fields
        if self.state == PlaybackState.FINISHED:
            return Notice("playback_finished", told, is_counted=True)
        if self.state == PlaybackState.STOPPED:
            return Notice("playback_stopped", told, is_counted=True)
        return Notice("playback_failed", told, is_counted=True)


class Player:
    """Plays one playback into ``session``. ``left`` is called when it is over, however it ended."""

    def __init__(
        self,
        job: PlaybackJob,
        session: LiveSession,
        *,
        left: Callable[[], None] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.job = job
        self.is_over = False
        self.position_seconds = 0.0
        self._session = session
        self._left = left
        self._pacer = Pacer(job.speed, clock)
        self._moved_at = float("-inf")
        self._begun = asyncio.Event()

    # --- what a guest does

    async def run(self, guest_input: GuestInput) -> None:
        """Play it to its end; report how it ended once, in the row and to the client."""
        state, reason = PlaybackState.FAILED, "internal"
        try:
            await self._begin()
            await (
                self._stream(guest_input)
                if self.job.mode == "full"
                else self._segments(guest_input)
            )
            state, reason = PlaybackState.FINISHED, ""
        except GuestEndedError:
            state = PlaybackState.STOPPED
            reason = self._why_stopped(guest_input)
        except asyncio.CancelledError:
            state, reason = PlaybackState.STOPPED, "session_ended"
            raise
        except HablaError as error:
            logger.warning("playback %s failed: %s", self.job.id, error)
            reason = error.code
        finally:
            self._begun.set()
            await self._end(state, reason)

    def _why_stopped(self, guest_input: GuestInput) -> str:
        if guest_input.is_unheard:
            return "client_away"
        return "asked" if self._session.is_open else "session_ended"

    def refusal(self) -> CommandError:
        """Return the error for whoever wants to speak, or to play something else, meanwhile."""
        message = "A recording is being played; stop it first."
        return CommandError(message, code="already_playing")

    def wake(self) -> None:
        """Stop waiting for the next piece, even while it is paused: the guest must end."""
        self._pacer.stop_pacing()

    # --- how it is steered

    async def pause(self) -> None:
        """Pause it; does nothing if it is paused.

        Raises:
            CommandError: it is over.
        """
        if await self._note(store.mark_paused):
            self._pacer.hold()
            await self._session.emit(Notice("playback_paused", self._fields(), is_counted=True))

    async def resume(self) -> None:
        """Resume it; does nothing if it is playing.

        Raises:
            CommandError: it is over.
        """
        if await self._note(store.mark_resumed):
            self._pacer.go_on()
            await self._session.emit(Notice("playback_resumed", self._fields(), is_counted=True))

    async def take_back(self) -> bool:
        """Reopen its row, which others ended while this process seemed dead."""
        state = PlaybackState.PAUSED if self._pacer.is_held else PlaybackState.PLAYING
        return not self.is_over and await store.reclaim_playback(self.job.id, state)

    async def _change(self, change: Change) -> bool:
        if await change(self.job.id):
            return True
        return await self.take_back() and await change(self.job.id)

    async def _note(self, change: Change) -> bool:
        await self._begun.wait()
        if not self.is_over and await self._change(change):
            return True
        if self.is_over:
            raise CommandError("Nothing is being played.", code="not_playing")
        return False

    # --- what it plays

    async def _begin(self) -> None:
        session, generation = self._session, self._session.generation
        infos = generation.engines.infos if generation else {}
        engines = {kind: asdict(info) for kind, info in infos.items()}
        options = {"direction": session.manner.direction, "mode": session.manner.mode}
        if not await store.mark_playing(self.job.id, engines, options):
            raise GuestEndedError
        await session.emit(Notice("playback_started", self._fields(), is_counted=True))
        self._begun.set()

    async def _stream(self, guest_input: GuestInput) -> None:
        stream = Stream(self.job)
        try:
            await guest_input.start_listening(await _read(stream.open))
            while piece := await _read(stream.read):
                heard = to_seconds(await guest_input.feed(piece))
                await self._reach(heard, heard)
            await guest_input.stop_listening()
        except Exception:
            # whatever broke it, the session must not go on listening
            await guest_input.stop_broken()
            raise
        finally:
            stream.close()

    async def _segments(self, guest_input: GuestInput) -> None:
        heard = 0.0
        for segment in await segments_of(self.job):
            pcm = await _read(lambda segment=segment: read_segment(segment))  # type: ignore[misc]
            await guest_input.interpret(pcm, segment.start_sample)
            heard += to_seconds(count_samples(pcm))
            await self._reach(to_seconds(segment.end_sample), heard)
        await guest_input.told()

    async def _reach(self, position_seconds: float, heard_seconds: float) -> None:
        """Note its position, and wait until the next piece is due."""
        self.position_seconds = position_seconds
        now = self._pacer.clock()
        if now - self._moved_at >= MOVE_SECONDS:
            self._moved_at = now
            if not await self._move():
                raise GuestEndedError
            await self._session.emit(Notice("playback_progress", self._fields(), is_passing=True))
        await self._pacer.due(heard_seconds)

    async def _move(self) -> bool:
        if database_thread.is_late:  # a late database must not slow the playback down
            return True
        try:
            async with asyncio.timeout(LATE_SECONDS):
                move = partial(store.record_position, position_seconds=self.position_seconds)
                return await self._change(move)
        except TimeoutError:  # it stays queued; the database is late from now on
            return True
        except StoreError as error:  # the next position may be stored
            logger.warning("playback %s: %s", self.job.id, error)
            return True

    # --- the end

    async def _end(self, state: PlaybackState, reason: str) -> None:
        end = await self._end_row(state, reason)
        self.is_over = True
        if end.state == PlaybackState.FINISHED:
            await scoring.score_in_time(self.job.id, is_late=not end.is_written)
        # no await after the last message: whoever gets it may start the next playback at once
        if self._left is not None:
            self._left()
        await self._session.emit(end.message(self._fields()))

    async def _end_row(self, state: PlaybackState, reason: str) -> PlaybackEnd:
        """Have its row ended; return how it did, which others may have decided before."""
        ending = (self.job.id, state, reason, self.position_seconds)
        try:
            has_ended = await store.end_playback_behind(*ending)
            if has_ended is False and await self.take_back():
                has_ended = await store.end_playback_behind(*ending)
            if has_ended is not None:
                return PlaybackEnd(*await store.outcome_of(self.job.id), is_written=True)
        except StoreError as error:
            logger.warning("playback %s: it is not known how it ended: %s", self.job.id, error)
        return PlaybackEnd(state, reason, is_written=False)

    def _fields(self) -> dict[str, Any]:
        return {
            "playback_id": str(self.job.id),
            "recording_id": str(self.job.recording_id),
            "mode": self.job.mode,
            "speed": self.job.speed,
            "position_seconds": round(self.position_seconds, 3),
            "duration_seconds": round(self.job.duration_seconds, 3),
        }


async def _read(work: Callable[[], Any]) -> Any:
    """Return what ``work`` returns, called in a thread, where a slow disk blocks nobody."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.to_thread(work)
    except TimeoutError as error:
        raise DecodeError("The disk does not answer.", code="recording_gone") from error

"""Starts, steers and looks after the playbacks of this process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import UUID

from playback_app import store
from playback_app.admission import PlaybackRequest, admit_here
from playback_app.models import PlaybackState, PlaybackWish
from playback_app.player import Player
from playback_app.protocol import StartPlayback
from playback_app.store import PendingWish, PlaybackJob
from sessions_app.core.descriptors import EXHAUSTED, is_exhaustion
from sessions_app.core.errors import CommandError, RefusedError, StoreError
from sessions_app.core.events import Direction, Event, Manner, Mode, Notice, Numbered
from sessions_app.live import registry as registries
from sessions_app.live.registry import Registry
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.session import LiveSession
from sessions_app.live.states import EndCause, SessionRequest, State

logger = logging.getLogger(__name__)

OVER = EndCause("playback_over")
"""Why a session that was made for a playback ends."""
SESSION_ENDED = (PlaybackState.STOPPED, "session_ended")
"""How a playback ends if its session does."""
CLIENT_AWAY = (PlaybackState.STOPPED, "client_away")
"""How it ends if its session waits for a client whose connection is lost."""

Told = Callable[[Event], Awaitable[None]]


# --- in a session; each runs in its turn among the session's commands


async def start(session: LiveSession, command: StartPlayback) -> None:
    """Begin to play a recording into ``session``.

    Raises:
        CommandError: it cannot be played now, or not in this way; nothing was begun.
    """
    if session.state is State.DETACHED:
        message = "The connection was lost before this began; it is not played."
        raise CommandError(message, code="not_ready")
    await _let_finished_go(session)
    request = PlaybackRequest(
        session.user_id,
        command.recording_id,
        session.id,
        command.mode,
        command.speed,
        session.boot,
        session.is_listening,
        is_leaving=not session.is_open,
    )
    async with _ended_if_cut(request.id):
        job = await _admit(request)
    await play_in(session, job)


async def _admit(request: PlaybackRequest) -> PlaybackJob:
    try:
        return await admit_here(request)
    except OSError as error:
        if not is_exhaustion(error):
            raise
        raise CommandError(EXHAUSTED, code="too_many_files") from error


async def play_in(
    session: LiveSession, job: PlaybackJob, left: Callable[[], None] | None = None
) -> None:
    """Play in ``session`` a playback whose row was written.

    Raises:
        CommandError: the session cannot play it; the playback has failed.
    """
    try:
        async with _ended_if_cut(job.id):
            await _let_finished_go(session)
        session.check_that_someone_hears()
        session.receive(Player(job, session, left=left), job.id)
    except CommandError as error:
        await _end_refused(job, session, error)
        raise


async def _end_refused(job: PlaybackJob, session: LiveSession, error: CommandError) -> None:
    if session.is_open:
        await store.end_playback_behind(job.id, PlaybackState.FAILED, error.code)
    elif session.state is State.DETACHED:
        await store.end_playback_behind(job.id, *CLIENT_AWAY)
    else:
        await store.end_playback_behind(job.id, *SESSION_ENDED)


@asynccontextmanager
async def _ended_if_cut(playback_id: UUID) -> AsyncIterator[None]:
    """End the playback's row if its start is cancelled or raises; a refusal has written none."""
    try:
        yield
    except CommandError:
        raise
    except BaseException:
        # the database thread keeps the order: a row that is still to be written comes before this
        await store.end_playback_behind(playback_id, PlaybackState.STOPPED, "session_ended")
        raise


async def steer_playback(session: LiveSession, wish: PlaybackWish) -> None:
    """Pause, resume or stop the playback of ``session``; to stop none is no error.

    Raises:
        CommandError: nothing is being played.
    """
    player = player_in(session)
    if player is None or player.is_over:
        if wish != PlaybackWish.STOP:
            raise CommandError("Nothing is being played.", code="not_playing")
    elif wish == PlaybackWish.PAUSE:
        await player.pause()
    elif wish == PlaybackWish.RESUME:
        await player.resume()
    else:
        await session.end_guest()


def player_in(session: LiveSession) -> Player | None:
    """Return the player that is the guest of ``session``; None: there is none."""
    return session.guest if isinstance(session.guest, Player) else None


async def _let_finished_go(session: LiveSession) -> None:
    player = player_in(session)
    if player is not None and player.is_over:
        await session.end_guest()


# --- what the rows say


async def poll_playbacks(registry: Registry, is_beat: bool) -> None:
    """Take playbacks that wait for this process, grant wishes, and give signs of life."""
    # a process that is not a server, such as `play`, leaves to servers what waits for them
    has_room = registry is registries.live and not registry.readiness()
    taken = await store.take_waiting(
        registry.boot,
        list(registry.sessions),
        directory=registry.sound_directory,
        has_room=has_room,
    )
    for job in taken:
        await _begin(registry, job)
    for wished in await store.pending_wishes(registry.boot):
        _grant(registry, wished)
    if is_beat:
        await _beat(registry)
    if lost := await store.interrupt_of_dead_servers(registry.boot):
        logger.warning("%d playbacks of a server that died are marked as interrupted", lost)


async def _begin(registry: Registry, job: PlaybackJob) -> None:
    if job.session_id is None:
        await _begin_alone(registry, job)
        return
    session = registry.sessions.get(job.session_id)
    if session is None:
        await store.end_playback_behind(job.id, *SESSION_ENDED)
        return
    try:
        session.perform(partial(_engage_or_log, session, job), dropped=partial(_drop, job))
    except CommandError as error:
        await _end_refused(job, session, error)


def _drop(job: PlaybackJob) -> None:
    store.begin_ending(job.id, *SESSION_ENDED)


async def _engage_or_log(session: LiveSession, job: PlaybackJob) -> None:
    try:
        await play_in(session, job)
    except CommandError as error:
        logger.info("playback %s was refused: %s", job.id, error)


async def _begin_alone(registry: Registry, job: PlaybackJob) -> None:
    try:
        play_alone(registry, job)
    except RefusedError as error:
        await store.end_playback_behind(job.id, PlaybackState.FAILED, error.code)


def _grant(registry: Registry, wished: PendingWish) -> None:
    session = registry.sessions.get(wished.session_id)
    if session is not None:
        with suppress(CommandError):  # retried at the next look
            session.perform(partial(_grant_in_turn, session, wished))


async def _grant_in_turn(session: LiveSession, wished: PendingWish) -> None:
    try:
        player = player_in(session)
        if player is not None and player.job.id == wished.id:
            await steer_playback(session, wished.wish)
    except CommandError as error:
        logger.info("playback %s: %s", wished.id, error)
    await store.clear_wish(wished)


async def _beat(registry: Registry) -> None:
    players = {p.job.id: p for s in registry.sessions.values() if (p := player_in(s))}
    await store.record_signs_of_life(list(players))
    # a paused one would not notice by itself
    for playback_id in await store.interrupted_playbacks(list(players)):
        await players[playback_id].take_back()


# --- without a browser


def play_alone(
    registry: Registry, job: PlaybackJob, told: Told | None = None
) -> "asyncio.Task[None]":
    """Play into a session of its own, which ends with the playback; return the session's task.

    ``told`` is called with each of the session's events.

    Raises:
        RefusedError: there is no room, or this process does not serve.
    """
    return _Alone(registry, job, told).task


class _Alone:
    """A session without a client, and its playback."""

    def __init__(self, registry: Registry, job: PlaybackJob, told: Told | None) -> None:
        self._job = job
        self._told = told
        manner = Manner(Direction(job.direction), Mode(job.session_mode))
        # admission has counted it for the user already
        request = SessionRequest(job.user_id, manner, is_operator=True)
        self.session, self.task = registry.launch(
            request, ClientConnection(self._emit, self._disconnect)
        )

    async def _emit(self, event: Event | Numbered) -> None:
        if isinstance(event, Numbered):  # a session without a client cannot be resumed
            return
        if self._told is not None:
            await self._told(event)
        if isinstance(event, Notice) and event.type == "ready":
            await self._begin()

    async def _begin(self) -> None:
        try:
            if not await store.assign_session(self._job.id, self.session.id):
                self._end_session()
                return
            await play_in(self.session, self._job, self._end_session)
        except (CommandError, StoreError) as error:
            logger.info("playback %s was refused: %s", self._job.id, error)
            self._end_session()

    def _end_session(self) -> None:
        self.session.end(OVER)

    async def _disconnect(self, code: int) -> None:
        # does something only if the session ended before it played
        await store.end_playback_behind(self._job.id, PlaybackState.FAILED, "session_ended")

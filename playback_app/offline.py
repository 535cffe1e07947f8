"""Plays a recording in this process, into a session of its own, as `manage.py play` does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from playback_app import service
from playback_app.admission import PlaybackRequest, admit_here
from playback_app.models import Playback
from playback_app.store import PlaybackJob
from sessions_app.config import conf
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import Event, Exchange, Failure, Notice
from sessions_app.engines.model_condition import wait_for_model
from sessions_app.live.registry import Registry
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.store.database.thread import database_thread, on_database_thread
from sessions_app.store.sessions import new_boot

WRITE_SECONDS = 20.0
"""How long the database may take for what waits to be written when a playback is over."""


@dataclass(slots=True)
class OfflinePlayback:
    """What a playback produces; it grows while it is played."""

    told: Callable[[Exchange], None]
    """Called with each exchange as it comes."""
    failures: list[Failure] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Note a failure, and pass an exchange on."""
        if isinstance(event, Exchange):
            self.told(event)
        elif isinstance(event, Failure):
            self.failures.append(event)


async def play_offline(
    request: PlaybackRequest,
    direction: str | None,
    result: OfflinePlayback,
    *,
    heard: Callable[[float], None],
) -> Playback:
    """Play a recording to its end; return its row. ``result`` takes what comes of it.

    ``heard`` is called with the seconds played so far.
    ``direction`` None: as it was recorded.

    Raises:
        CommandError: it cannot be played in this way.
        EngineUnavailableError: no engines can be loaded.
    """

    async def note(event: Event) -> None:
        result.note(event)
        if isinstance(event, Notice) and "position_seconds" in event.fields:
            heard(event.fields["position_seconds"])

    async with _serving() as registry:
        job = await admit_here(replace(request, boot=registry.boot))
        if direction is not None:
            job = replace(job, direction=direction)
        await _play(registry, job, note)
        return await _row(job.id)


async def _play(registry: Registry, job: PlaybackJob, note: service.Told) -> None:
    task = service.play_alone(registry, job, note)
    try:
        await asyncio.shield(task)
    finally:
        # what waits for the database is written, or named in the log
        await registry.drain(WRITE_SECONDS if task.done() else 0)


@asynccontextmanager
async def _serving() -> AsyncIterator[Registry]:
    """Open a registry that gives a heartbeat, so that no server takes this process for dead."""
    registry = Registry()
    settings = replace(conf.read(), is_recording=False, max_sessions=1)
    registry.open(settings, new_boot(secrets.token_hex(4)))
    heartbeat = asyncio.create_task(keep_heartbeat(registry), name="habla heartbeat")
    try:
        if not await registry.load():
            raise EngineUnavailableError(registry.readiness()[0])
        if (generations := registry.generations) and (current := generations.current):
            await wait_for_model(current.engines.translator.remote_model)
        yield registry
    finally:
        heartbeat.cancel()
        await asyncio.wait({heartbeat})
        await registry.close()
        database_thread.close()


@on_database_thread
def _row(playback_id: UUID) -> Playback:
    return Playback.objects.get(pk=playback_id)

"""Whichever await is cut while a client is away and comes back: one session, which ends once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sessions_app.config import conf
from sessions_app.models import Recording, RecordingState, SessionState, TranslationSession
from sessions_app.recording.recovery import recover_recordings
from sessions_app.routing import reset_connection_rates
from sessions_app.store import ownership
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.faults.saboteur import Sabotage, SabotageError, Saboteur
from tests.house import Client, House, eventually
from tests.patience import PATIENCE_SECONDS
from tests.resuming import LOST, resuming
from tests.sounds import say, silence

TARGETS = {
    "the session": frozenset({"LiveSession.run", "Stage.run"}),
    "its connections": frozenset({"TrustedProxies.__call__"}),
}
FARTHEST = 1_000
"""More awaits than one visit has."""
RESUME_SECONDS = 0.25
"""How long a session that nobody can resume any more outlives its client."""
Pause = Callable[[], Awaitable[None]]
"""What happens while the client is away."""


async def visit(connect: Connect, saboteur: Saboteur, away: Pause | None = None) -> None:
    """Speak, lose the connection, come back, speak on, and leave.

    Where ``away`` is given, only what comes after it is sabotaged.
    """
    with saboteur.at_work(is_on=away is None):
        async with connect(resumable="1", is_ready=False) as first:
            if await first.until_any("ready", "closed") != "ready":
                return
            await first.say("start_listening", encoding="pcm-s16le", command=1)
            await first.send_sound(say("hola mundo") + silence(0.8) + say("agua"), 2.0)
            await first.until_any("transcript", "error", "closed")
            await first.leave(LOST)
    if away is not None:
        await away()
    with saboteur.at_work():
        await come_back(connect, first)


async def come_back(connect: Connect, first: Client) -> None:
    async with resuming(connect, first) as second:
        if await second.until_any("resumed", "ready", "closed") == "closed":
            return
        await second.send_sound(say("gracias"))
        await second.say("stop_listening", command=2)
        await second.say("leave")
        await second.close_code()


def left_over() -> list[str]:
    """Return the names of the tasks that a session has left behind."""
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("habla")]


def open_rows() -> int:
    """Return how many sessions are open, counted after all work on the database thread."""
    return TranslationSession.objects.filter(state=SessionState.OPEN).count()


def states_of_rows() -> tuple[set[int], set[str]]:
    """Return how often sessions were closed, and the states of recordings."""
    sessions = TranslationSession.objects.values_list("close_count", flat=True)
    return set(sessions), set(Recording.objects.values_list("state", flat=True))


def parts() -> list[Path]:
    """Return the files that are not complete."""
    return list(conf.recordings_dir().glob("**/*.part"))


async def look(k: int, house: House) -> None:
    """Check that nothing of a visit is left, once nobody can come back any more."""
    reset_connection_rates()
    await eventually(lambda: house.registry.sessions == {} and left_over() == [])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while is_open := await database_thread.run(open_rows):  # what a server does at each look
            await asyncio.sleep(0.05)
            await ownership.mark_lost(house.registry.boot)
    assert (k, is_open) == (k, 0)
    await recover_recordings(house.registry.boot)
    sessions, recordings = await database_thread.run(states_of_rows)
    assert (k, sessions) in ((k, set()), (k, {1}))
    assert (k, recordings - {RecordingState.COMPLETE, RecordingState.SALVAGED}) == (k, set())
    assert (k, parts()) == (k, [])


@pytest.mark.parametrize("whose", TARGETS)
@pytest.mark.parametrize("kind", Sabotage)
async def test_every_await_of_a_client_that_comes_back_may_be_cut(
    kind: Sabotage, whose: str, connect: Connect, house: House
) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    for k in range(1, FARTHEST):
        saboteur = Saboteur(kind, k, TARGETS[whose])
        with suppress(SabotageError, ConnectionError):
            await visit(connect, saboteur)
        await look(k, house)
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted


@pytest.mark.parametrize("whose", TARGETS)
@pytest.mark.parametrize("kind", Sabotage)
async def test_every_await_of_a_client_that_comes_to_the_next_process_may_be_cut(
    kind: Sabotage, whose: str, connect: Connect, house: House
) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    for k in range(1, FARTHEST):
        saboteur = Saboteur(kind, k, TARGETS[whose])
        with suppress(SabotageError, ConnectionError):
            await visit(connect, saboteur, house.restart)
        await house.restart()
        await look(k, house)
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted

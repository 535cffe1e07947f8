"""Whichever await of a playback is cancelled or fails: it ends once, and the session goes on."""

import asyncio

import pytest

from playback_app.models import ACTIVE, Playback
from sessions_app.models import Recording, SessionState, TranslationSession
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.faults.saboteur import Sabotage, Saboteur
from tests.house import House, eventually
from tests.recordings import record
from tests.sounds import say

TARGETS = {
    "the player": frozenset({"Player.run"}),
    "the session": frozenset({"LiveSession.run", "Stage.run"}),
}
FARTHEST = 1_000
"""More awaits than one visit has."""
LAST_WORDS = ("playback_finished", "playback_stopped", "playback_failed")


async def visit(connect: Connect, recording: Recording) -> None:
    """Connect, speak, play, and leave; leave early if something ends the session."""
    async with connect(is_ready=False) as browser:
        if await browser.until_any("ready", "closed") != "ready":
            return
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("agua"))
        await browser.say("stop_listening")
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        if (
            await browser.until_any("playback_started", *LAST_WORDS, "error", "closed")
            != "playback_started"
        ):
            return
        await browser.say("stop_playback")


def left_over() -> list[str]:
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("habla")]


def what_is_left() -> tuple[int, set[int], set[tuple[str, int]]]:
    """Return what still plays, how often each playback ended, and the state of sessions' rows."""
    ended = set(Playback.objects.exclude(state__in=ACTIVE).values_list("end_count", flat=True))
    sessions = set(TranslationSession.objects.values_list("state", "close_count"))
    return Playback.objects.filter(state__in=ACTIVE).count(), ended - {1}, sessions


@pytest.mark.parametrize("whose", TARGETS)
@pytest.mark.parametrize("kind", Sabotage)
async def test_every_await_of_a_playback_may_be_cut(
    kind: Sabotage, whose: str, connect: Connect, house: House
) -> None:
    recording = await record(say("hola mundo"))
    for k in range(1, FARTHEST):
        saboteur = Saboteur(kind, k, TARGETS[whose])
        with saboteur.at_work():
            await visit(connect, recording)
        await eventually(lambda: left_over() == [])
        still, twice, rows = await database_thread.run(what_is_left)
        assert (k, still, twice) == (k, 0, set())
        assert rows <= {(SessionState.CLOSED, 1)}
        assert house.registry.sessions == {}
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted

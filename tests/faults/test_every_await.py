"""Whichever await of a session is cancelled or fails: nothing is left, and the row is closed."""

import asyncio

import pytest

from sessions_app.models import Exchange, SessionState, TranslationSession
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.faults.saboteur import Sabotage, Saboteur
from tests.house import House, eventually
from tests.sounds import say, silence, speech

SESSION = frozenset({"LiveSession.run", "Stage.run", "Partials.run"})
FARTHEST = 1_000
"""More awaits than one visit has."""
EARS = {"last_words": ["mundo"]}
TALK = speech(2.0, "hola") + say("mundo") + speech(3.0, "casa") + silence(0.8) + say("agua")
"""A sentence that is cut off the next one, which ends by a pause, and another."""


async def visit(connect: Connect) -> None:
    """Connect, speak, type, start over and leave; leave early if something ends the session."""
    async with connect(is_ready=False) as browser:
        if await browser.until_any("ready", "closed") != "ready":
            return
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(TALK, seconds=3.0)
        await browser.say("stop_listening")
        await browser.say("text_input", text="gracias")
        await browser.say("new_conversation")
        await browser.until_any("conversation_started", "error", "closed")


def left_over() -> list[str]:
    """Return the names of the tasks that a session has left behind."""
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("habla")]


def states_of_rows() -> set[tuple[str, int]]:
    """Return the state of the sessions' rows, queried after all work on the database thread."""
    return set(TranslationSession.objects.values_list("state", "close_count"))


async def test_a_visit_has_a_sentence_that_is_cut_off(connect: Connect, house: House) -> None:
    await house.restart(transcriber=EARS)
    await visit(connect)
    said = [row.source async for row in Exchange.objects.order_by("pk")]
    assert said == ["Hola mundo.", "Casa", "Agua", "gracias"]


@pytest.mark.parametrize("kind", Sabotage)
async def test_every_await_may_be_cut(kind: Sabotage, connect: Connect, house: House) -> None:
    await house.restart(transcriber=EARS)
    for k in range(1, FARTHEST):
        saboteur = Saboteur(kind, k, SESSION)
        with saboteur.at_work():
            await visit(connect)
        await eventually(lambda: left_over() == [])
        rows = await database_thread.run(states_of_rows)
        assert (k, rows) in ((k, set()), (k, {(SessionState.CLOSED, 1)}))
        assert house.registry.sessions == {}
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted

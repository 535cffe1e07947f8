"""Whichever await of catching up is cancelled or fails: nothing is lost, and nothing done twice."""

import asyncio
from pathlib import Path

import pytest

from sessions_app.live.catching_up.catcher import Catcher
from sessions_app.models import Exchange, TranslationSession
from sessions_app.pipeline import interpreter
from sessions_app.store.catch_up_facts import Waiting
from sessions_app.store.catch_up_requests import waiting_of
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.faults.saboteur import Sabotage, Saboteur
from tests.house import House, eventually
from tests.moody import moody
from tests.sounds import say, silence

TARGETS = {
    "the catcher": frozenset({"Catcher.work_off"}),
    "its pipeline": frozenset({"Stage.run"}),
}
FARTHEST = 500
"""More awaits than the work has."""
WORDS = ("hola", "mundo", "agua", "gracias")


async def speak_and_leave(connect: Connect) -> None:
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        for word in WORDS:
            await browser.send_sound(say(word) + silence(0.9))
        await browser.still_works()


def what_is_kept() -> tuple[list[str], set[int], Waiting]:
    """Return the words of the newest session, how far accounts are out, and what waits."""
    newest = TranslationSession.objects.latest("started_at")
    said = Exchange.objects.filter(session=newest).order_by("said_at", "pk")
    off = {
        row.received_samples
        - row.speech_samples
        - row.silence_samples
        - row.discarded_samples
        - row.dropped_samples
        - row.unfinished_samples
        for row in TranslationSession.objects.all()
    }
    return list(said.values_list("source", flat=True)), off, waiting_of()


def left_over() -> list[str]:
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("habla late")]


@pytest.mark.parametrize(
    ("kind", "whose"),
    [
        (Sabotage.CANCEL, "its pipeline"),
        (Sabotage.FAIL, "the catcher"),
        pytest.param(Sabotage.CANCEL, "the catcher", marks=pytest.mark.long),
        pytest.param(Sabotage.FAIL, "its pipeline", marks=pytest.mark.long),
    ],
)
async def test_every_await_of_catching_up_may_be_cut(
    kind: Sabotage,
    whose: str,
    connect: Connect,
    house: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 1)  # so that not all is cut
    mood = tmp_path / "mood"
    await house.restart(drain_seconds=0.1, transcriber=moody(mood, is_slow=True))
    for k in range(1, FARTHEST):
        mood.touch()
        await speak_and_leave(connect)
        mood.unlink()
        saboteur = Saboteur(kind, k, TARGETS[whose])
        with saboteur.at_work():
            work = asyncio.create_task(Catcher(house.registry).work_off())
            await asyncio.wait({work})
        if not work.cancelled():
            work.exception()
        await eventually(lambda: left_over() == [])
        said, off, _ = await database_thread.run(what_is_kept)
        assert (k, off) == (k, {0})
        assert said == [word for word in WORDS if word in said]
        assert await Catcher(house.registry).work_off() == 0
        assert await database_thread.run(what_is_kept) == ([*WORDS], {0}, Waiting())
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted

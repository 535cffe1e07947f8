"""Two and three people at once: each has a session of their own, and none notices another."""

import asyncio
from uuid import UUID

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.house import House
from tests.scenarios.engines import RECALLING
from tests.sounds import say, silence


async def test_two_at_once_are_heard_each_in_their_own_direction(connect: Connect) -> None:
    async with (
        connect(direction="es_to_en") as ana,
        connect(direction="en_to_es", mode="classroom") as bob,
    ):
        await asyncio.gather(
            ana.speak((say("hola mundo") + silence(1)) * 3),
            bob.speak((say("red house") + silence(1)) * 3),
        )
        assert [ana.texts(), ana.translations()] == [["hola mundo"] * 3, ["hello world"] * 3]
        assert [bob.texts(), bob.translations()] == [["red house"] * 3, ["roja casa"] * 3]
        assert [t["utterance_id"] for t in ana.told("transcript")] == [1, 2, 3]
        assert [t["utterance_id"] for t in bob.told("transcript")] == [1, 2, 3]
    ana_id, bob_id = (browser.told("ready")[0]["session_id"] for browser in (ana, bob))
    assert await sources(ana_id) == ["hola mundo"] * 3
    assert await sources(bob_id) == ["red house"] * 3


async def sources(session_id: str) -> list[str]:
    rows = Exchange.objects.filter(session=UUID(session_id)).order_by("utterance_id")
    return [row.source async for row in rows]


async def test_each_has_a_mode_speakers_and_context_of_their_own(
    house: House, connect: Connect
) -> None:
    await house.restart(translator=RECALLING)
    async with connect(mode="classroom") as ana, connect() as bob:
        await ana.say("rename_speaker", speaker_id="es", name="Ana")
        await ana.until("speakers")
        for text in ("hola", "gracias"):
            await asyncio.gather(
                ana.say("text_input", text=text), bob.say("text_input", text=f"{text} mundo")
            )
            await asyncio.gather(ana.until("translation"), bob.until("translation"))
    assert ana.translations() == ["classroom Ana []", "classroom Ana [hola]"]
    assert bob.translations() == [
        "conversation Spanish speaker []",
        "conversation Spanish speaker [hola mundo]",
    ]
    assert bob.told("speakers") == []


async def test_one_of_three_leaves_and_the_others_do_not_notice(connect: Connect) -> None:
    async with connect() as ana, connect() as bob:
        for browser in (ana, bob):
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola"))
        async with connect() as eva:
            await eva.say("start_listening", encoding="pcm-s16le")
            await eva.send_sound(say("quiero agua"))
        for browser in (ana, bob):
            await browser.send_sound(say("mundo"))
            await browser.say("stop_listening")
            await browser.until("listening_stopped")
    assert ana.texts() == bob.texts() == ["hola mundo"]
    assert ana.problems() == bob.problems() == []
    assert [e.source async for e in Exchange.objects.filter(source="quiero agua")] == [
        "quiero agua"
    ]


async def test_a_direction_changed_by_one_stays_as_it_was_for_the_other(connect: Connect) -> None:
    async with connect() as ana, connect() as bob:
        await ana.say("set_direction", direction="en_to_es")
        await ana.until("direction_changed")
        await asyncio.gather(ana.speak(say("hello world")), bob.speak(say("hola mundo")))
    assert ana.translations() == ["hola mundo"]
    assert bob.translations() == ["hello world"]

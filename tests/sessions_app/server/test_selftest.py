"""Engines are tested by an utterance of the server's own: without words it is not ready."""

import asyncio
from pathlib import Path

import pytest

from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.engines.loading import load_engines
from sessions_app.engines.spoken_sentence import spoken_sentence
from sessions_app.live.generations import Generation
from sessions_app.server import selftest as room
from sessions_app.server.selftest import (
    NO_TRANSLATION,
    NO_WORDS,
    keep_running_selftests,
    run_selftest,
)
from tests.conftest import Connect
from tests.house import House, eventually
from tests.sessions_app.unwell import Deaf
from tests.tiny.whisper import make_whisper


async def rehearsed(
    transcriber: EngineChoice, translator: EngineChoice, directory: Path = Path()
) -> str:
    detector = EngineChoice("fake")
    engines = await load_engines(EngineSettings(transcriber, translator, detector, directory))
    generation = Generation(1, engines)
    try:
        return await run_selftest(generation)
    finally:
        await generation.unload()


FAKE = EngineChoice("fake")


async def test_engines_that_work_have_no_trouble() -> None:
    assert await rehearsed(FAKE, FAKE) == ""
    assert await rehearsed(EngineChoice("fake", {"languages": ["es"]}), FAKE) == ""


async def test_real_engines_hear_the_spoken_sentence(tmp_path: Path) -> None:
    directory = make_whisper(tmp_path, "how much does this cost", "en")
    whisper = EngineChoice("faster-whisper", {"model": str(directory)})
    assert await rehearsed(whisper, FAKE) == ""
    assert 1 < len(spoken_sentence()) / 32_000 < 3


async def test_an_engine_that_hears_nothing_is_in_trouble() -> None:
    deaf = EngineChoice("tests.sessions_app.unwell.Deaf")
    assert await rehearsed(deaf, FAKE) == NO_WORDS


async def test_an_engine_that_fails_is_in_trouble_and_says_why() -> None:
    failing = EngineChoice("fake", {"failing_word": "hello"})
    trouble = await rehearsed(failing, FAKE)
    assert trouble.startswith("The engines do not work: ")
    translator = EngineChoice("fake", {"failing_word": "How"})
    assert (await rehearsed(FAKE, translator)).startswith("The engines do not work: ")


async def test_a_translator_that_says_nothing_is_in_trouble() -> None:
    mute = EngineChoice("tests.sessions_app.unwell.Mute")
    assert await rehearsed(FAKE, mute) == NO_TRANSLATION


async def test_an_engine_with_a_bug_is_in_trouble_and_the_log_has_the_bug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble = await rehearsed(FAKE, EngineChoice("tests.sessions_app.unwell.Buggy"))
    assert trouble == "The engines do not work: the translator has a bug; the log has it."
    assert "Traceback" in caplog.text


async def test_an_ear_that_returns_no_transcript_is_in_trouble() -> None:
    ear = EngineChoice("tests.sessions_app.unwell.CarelessEar")
    trouble = await rehearsed(ear, FAKE)
    assert trouble == "The engines do not work: the transcriber has a bug; the log has it."
    translator = EngineChoice("tests.sessions_app.unwell.Careless")
    assert "The translator returned str, not a Translation." in await rehearsed(FAKE, translator)


async def test_who_knows_one_direction_or_hears_no_english_is_not_in_trouble() -> None:
    one_way = EngineChoice("tests.sessions_app.unwell.OneWay")
    spanish = EngineChoice("tests.sessions_app.unwell.Spanish")
    assert await rehearsed(spanish, one_way) == ""


async def test_who_wants_no_engine_is_not_in_trouble() -> None:
    none = EngineChoice("none")
    assert await rehearsed(none, FAKE) == ""
    assert await rehearsed(none, none) == ""
    by_its_path = EngineChoice("sessions_app.engines.none.NoTranslator")
    assert await rehearsed(none, by_its_path) == ""


async def test_trouble_is_told_to_the_clients_and_to_who_asks_until_it_is_over(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber='{"BACKEND": "tests.sessions_app.unwell.Deaf"}')
    async with connect() as browser:
        work = asyncio.create_task(keep_running_selftests(house.registry, 0.05))
        try:
            await browser.until("error", code="engines_fail", message=NO_WORDS)
            assert house.registry.readiness() == [NO_WORDS]
            async with connect() as late:
                await late.until("error", code="engines_fail", message=NO_WORDS)
            Deaf.hears = True
            await eventually(lambda: house.registry.readiness() == [])
            await browser.until("resolved", code="engines_fail")
        finally:
            Deaf.hears = False
            work.cancel()
            await asyncio.wait({work})


async def test_a_backlog_is_not_made_longer(house: House) -> None:
    generations = house.registry.generations
    assert generations is not None
    assert generations.current is not None
    generations.current.trouble = "as it was"
    scheduler = generations.current.scheduler
    assert scheduler is not None
    seat = scheduler.seat()
    waiting = [asyncio.create_task(seat.final(b"\0" * 32_000, "es")) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert scheduler.backlog > 0
    assert await run_selftest(generations.current) == "as it was"
    await asyncio.gather(*waiting)


async def test_words_that_wait_for_their_turn_are_no_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "LIMIT_SECONDS", 0.1)
    assert await rehearsed(EngineChoice("fake", {"delay_seconds": 0.4}), FAKE) == ""
    slow = await rehearsed(FAKE, EngineChoice("fake", {"delay_seconds": 0.4}))
    assert slow.startswith("The engines do not work: a sentence took more than")

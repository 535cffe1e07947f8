"""An engine fails: the client is told, what was said is kept, and the next sentence works."""

import pytest

from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import House
from tests.scenarios import engines
from tests.sounds import say, silence

TWO = say("quiero agua") + silence(1) + say("hola mundo")


async def kept() -> list[tuple[str, str, str]]:
    rows = Exchange.objects.order_by("utterance_id")
    return [(row.source, row.translated, row.failure) async for row in rows]


async def test_a_sentence_that_cannot_be_heard_is_told_and_the_next_one_works(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"failing_word": "agua"})
    async with connect() as browser:
        await browser.speak(TWO)
    assert browser.problems() == [("engine_failed", 1)]
    assert [m["fatal"] for m in browser.told("error")] == [False]
    assert await kept() == [("hola mundo", "hello world", "")]
    row = await TranslationSession.objects.aget()
    assert row.losses == {"engine_failed": row.discarded_samples}
    assert row.discarded_samples > 0


async def test_a_sentence_that_cannot_be_translated_is_kept_without_a_translation(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"failing_word": "agua"})
    async with connect() as browser:
        await browser.speak(TWO)
    assert browser.texts() == ["quiero agua", "hola mundo"]
    assert browser.translations() == ["hello world"]
    assert browser.problems() == [("translation_failed", 1)]
    assert await kept() == [
        ("quiero agua", "", "translation_failed"),
        ("hola mundo", "hello world", ""),
    ]


async def test_a_bug_in_a_translator_loses_no_words_and_tells_no_secret(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart(translator=engines.FAULTY)
    async with connect() as browser:
        await browser.speak(TWO)
    assert browser.translations() == ["HOLA MUNDO"]
    assert browser.problems() == [("internal", 1)]
    assert "secret" not in str(browser.heard)
    assert await kept() == [("quiero agua", "", "internal"), ("hola mundo", "HOLA MUNDO", "")]
    assert "a bug in the pipeline" in caplog.text
    caplog.clear()


async def test_a_bug_in_a_transcriber_is_told_without_its_secrets(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart(transcriber=engines.FAULTY_EAR)
    async with connect() as browser:
        await browser.speak(TWO)
    assert browser.texts() == ["hola mundo"]
    assert browser.problems() == [("engine_failed", 1)]
    assert "secret" not in str(browser.heard)
    caplog.clear()


async def test_words_in_a_language_that_nobody_speaks_here_are_told_as_a_failure(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber=engines.FOREIGN)
    async with connect(direction="auto") as browser:
        await browser.speak(say("hola mundo"))
        await browser.say("text_input", text="gracias")
        await browser.until("translation")
    assert browser.problems() == [("language_not_supported", 1)]
    assert browser.translations() == ["thanks"]


async def test_what_no_database_keeps_is_left_out_of_what_is_kept_and_told(
    house: House, connect: Connect
) -> None:
    await house.restart(translator=engines.CARELESS)
    async with connect() as browser:
        await browser.speak(say("hola"))
    row = await Exchange.objects.aget()
    assert (row.translated, len(row.translator)) == ("hello ?", 120)
    [phrase] = row.phrases
    assert (phrase["text"], phrase["meaning"]) == ("hola", "half ?")
    assert [m["exchange_id"] for m in browser.told("translation")] == [row.pk]
    assert browser.problems() == []


async def test_a_detector_that_fails_ends_the_listening_and_not_the_session(
    house: House, connect: Connect
) -> None:
    await house.restart(detector=engines.FAULTY_DETECTOR)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(silence(0.5) + say("hola mundo"))
        await browser.until("listening_stopped")
        await browser.say("text_input", text="gracias")
        await browser.until("translation")
    assert browser.problems() == [("engine_failed", "start_listening")]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (
            {"transcriber": {"broken": True}},
            "The fake transcriber was told to be broken.",
        ),
        ({"translator": engines.REFUSING}, "The refusing translator wants a key."),
    ],
)
async def test_an_engine_that_cannot_be_loaded_is_told_in_its_words(
    house: House,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    choices: dict[str, object],
    message: str,
) -> None:
    await house.restart(**choices)
    async with connect(is_ready=False) as browser:
        assert await browser.close_code() == 4011
    assert [(m["message"], m["fatal"]) for m in browser.told("error")] == [(message, True)]
    assert [m["reason"] for m in browser.told("closed")] == ["failed"]
    assert house.registry.readiness() == [message]
    assert [row async for row in TranslationSession.objects.all()] == []
    caplog.clear()


async def test_who_waits_while_an_engine_fails_to_load_is_told(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 0.3, "broken": True})
    async with connect(is_ready=False) as browser:
        await browser.until("loading")
        assert await browser.close_code() == 4011
    assert [m["fatal"] for m in browser.told("error")] == [True]
    caplog.clear()


async def test_who_waits_while_engines_load_is_served_as_soon_as_they_are_there(
    house: House, connect: Connect
) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 0.3})
    async with connect(is_ready=False) as browser:
        await browser.until("loading")
        await browser.say("text_input", text="hola")
        await browser.send_sound(say("hola"))
        await browser.until("ready")
        await browser.speak(say("hola mundo"))
    assert browser.problems() == [("not_ready", "text_input"), ("not_ready", "audio")]
    assert browser.translations() == ["hello world"]

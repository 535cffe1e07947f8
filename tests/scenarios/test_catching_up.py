"""What a session was cut off from is transcribed afterwards, and stands where it was spoken."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.engines.loading import Engines, load_engines
from sessions_app.live.catching_up import catcher
from sessions_app.live.catching_up.catcher import Catcher
from sessions_app.models import (
    Conversation,
    Exchange,
    RecordedSegment,
    Recording,
    TranslationSession,
)
from sessions_app.pipeline import interpreter
from sessions_app.recording import files
from sessions_app.store.catch_up_facts import Waiting
from sessions_app.store.catch_up_requests import ask_to_catch_up, waiting_of
from sessions_app.store.database.thread import database_thread
from sessions_app.store.due_segments import MOST_ATTEMPTS
from tests.conftest import Connect
from tests.house import House
from tests.sounds import mp4, ogg, say, silence, speech, webm

WORDS = ("hola", "mundo", "gracias", "agua", "casa", "roja")
ENGLISH = ("hello", "world", "thanks", "water", "house", "red")
SLOW = {"delay_seconds": 60}
QUICK: dict[str, Any] = {"delay_seconds": 0}


def talk(*words: str) -> bytes:
    return b"".join(say(word) + silence(0.9) for word in words)


async def cut_off(house: House, connect: Connect, pcm: bytes, **slow: Any) -> None:
    """Say something to an engine that does not come to it in time, and leave."""
    await house.restart(drain_seconds=0.3, **(slow or {"transcriber": SLOW}))
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(pcm)
        await browser.still_works()


async def catch_up(house: House, **engines: Any) -> int:
    """Catch up with other engines; return of how many sessions something still waits."""
    choices: dict[str, Any] = {"transcriber": QUICK, "translator": QUICK}
    await house.restart(**(choices | engines))
    return await Catcher(house.registry).work_off()


async def said() -> list[tuple[str, str, bool]]:
    """Return what is kept in the order of the history, each with whether it came late."""
    rows = Exchange.objects.order_by("said_at", "pk")
    return [(row.source, row.translated, row.is_late) async for row in rows]


async def waiting() -> Waiting:
    return await database_thread.run(waiting_of)


async def row() -> TranslationSession:
    return await TranslationSession.objects.aget()


def balance(row: TranslationSession) -> int:
    parts = (
        row.speech_samples,
        row.silence_samples,
        row.discarded_samples,
        row.dropped_samples,
        row.unfinished_samples,
    )
    assert min(parts) >= 0
    assert sum(row.losses.values()) == sum(parts[2:])
    return row.received_samples - sum(parts)


async def test_what_a_slow_engine_had_not_come_to_is_transcribed_and_translated(
    house: House, connect: Connect
) -> None:
    await cut_off(house, connect, talk(*WORDS))
    before = await row()
    assert (await said(), balance(before)) == ([], 0)
    assert before.unfinished_samples > 0
    assert await waiting() == Waiting(sentences=len(WORDS))
    assert await catch_up(house) == 0
    assert await said() == [(es, en, True) for es, en in zip(WORDS, ENGLISH, strict=True)]
    after = await row()
    assert (after.unfinished_samples, after.received_samples, balance(after)) == (
        0,
        before.received_samples,
        0,
    )
    assert after.speech_samples + after.silence_samples == after.received_samples
    assert after.losses == {}
    assert await waiting() == Waiting()


async def test_what_was_not_even_cut_into_sentences_is_heard_too(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # where the inbox of the transcriber is full, the listener waits
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)
    words = [*WORDS, *WORDS]
    await cut_off(house, connect, talk(*words))
    recording = await Recording.objects.aget()
    assert recording.undecided_from is not None
    assert await waiting() == Waiting(sentences=await RecordedSegment.objects.acount() + 1)
    assert await catch_up(house) == 0
    assert [source for source, _, _ in await said()] == words
    after = await row()
    assert (after.unfinished_samples, balance(after)) == (0, 0)
    rows = [one async for one in RecordedSegment.objects.order_by("start_sample")]
    assert [one.text for one in rows] == words
    assert [files.segment_path(recording.pk, one.utterance_id) is None for one in rows] == (
        [False] * len(words)
    )
    await recording.arefresh_from_db()
    size = await asyncio.to_thread(files.total_bytes, recording.pk)
    assert (recording.catch_up, recording.bytes) == ("done", size)


@pytest.mark.parametrize(
    ("encoding", "encode"), [("webm-opus", webm), ("ogg-opus", ogg), ("mp4-aac", mp4)]
)
async def test_the_rest_of_a_container_is_heard_from_where_its_session_stood(
    house: House,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    encode: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)
    words = [*WORDS, *WORDS]
    stream = encode(talk(*words))
    await house.restart(drain_seconds=0.3, transcriber=SLOW)
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding=encoding)
        for start in range(0, len(stream), 4000):
            await browser.send_bytes(stream[start : start + 4000])
        await browser.still_works()
    assert await catch_up(house) == 0
    assert [source for source, _, _ in await said()] == words
    after = await row()
    assert (after.unfinished_samples, balance(after)) == (0, 0)


async def test_late_sentences_stand_where_they_were_spoken(house: House, connect: Connect) -> None:
    """The first is told late, the second fails, the third is told in time, the rest is cut off."""
    await house.restart(
        drain_seconds=0.3, transcriber={"delay_seconds": 0.4, "failing_word": "mundo"}
    )
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(talk(*WORDS[:3]))
        await browser.until("translation", source="gracias")
        slow_from_now_on(house)
        await browser.send_sound(talk(*WORDS[3:]))
        await browser.still_works()
    assert [source for source, _, _ in await said()] == ["hola", "gracias"]
    assert await waiting() == Waiting(sentences=4)
    assert await catch_up(house) == 0
    late = [False, True, False, True, True, True]
    assert await said() == [*zip(WORDS, ENGLISH, late, strict=True)]
    rows = [one async for one in Exchange.objects.order_by("start_seconds")]
    assert [one.source for one in rows] == [*WORDS]
    assert [one.utterance_id for one in rows] == [1, 2, 3, 4, 5, 6]
    began = (await row()).started_at
    last = rows[-1]
    spoken_at = began + timedelta(seconds=last.end_seconds)
    assert abs(last.said_at - spoken_at) < timedelta(seconds=10)
    assert balance(await row()) == 0


async def test_an_utterance_that_is_judged_to_be_nothing_is_accounted_for(
    house: House, connect: Connect
) -> None:
    noise = speech(0.03) + silence(0.9)
    await cut_off(house, connect, talk("hola") + noise + talk("mundo"))
    assert await catch_up(house) == 0
    assert [source for source, _, _ in await said()] == ["hola", "mundo"]
    after = await row()
    assert (after.unfinished_samples, balance(after)) == (0, 0)
    assert set(after.losses) <= {"no_speech", "too_short"}
    assert after.losses


async def test_words_that_were_cut_off_are_translated_in_their_place(
    house: House, connect: Connect
) -> None:
    await house.restart(drain_seconds=0.3, translator=SLOW)
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(talk("hola"))
        await browser.say("text_input", text="gracias")
        await browser.until("transcript", text="hola")
        await browser.still_works()
    assert await said() == [("hola", "", False), ("gracias", "", False)]
    assert await waiting() == Waiting(translations=2)
    dated = [one.said_at async for one in Exchange.objects.order_by("pk")]
    assert await catch_up(house) == 0
    assert await said() == [("hola", "hello", False), ("gracias", "thanks", False)]
    assert [one.said_at async for one in Exchange.objects.order_by("pk")] == dated
    assert {one.failure async for one in Exchange.objects.all()} == {""}
    assert [one.translation async for one in RecordedSegment.objects.all()] == ["hello"]
    assert await waiting() == Waiting()


async def test_what_a_translator_failed_at_is_not_asked_again(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"failing_word": "agua"})
    async with connect(direction="es_to_en") as browser:
        await browser.say("text_input", text="agua")
        await browser.until("error")
    assert await waiting() == Waiting()
    assert await catch_up(house) == 0
    assert await said() == [("agua", "", False)]


async def test_an_engine_that_fails_again_is_given_time_and_then_up(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = {"failing_word": "agua"}
    await house.restart(transcriber=failing)
    async with connect(direction="es_to_en") as browser:
        await browser.speak(talk("hola", "agua", "mundo"))
    assert await waiting() == Waiting(sentences=1)
    lost = (await row()).losses
    assert set(lost) == {"engine_failed"}
    assert await catch_up(house, transcriber=failing) == 1
    late = Catcher(house.registry)
    monkeypatch.setattr(catcher, "FIRST_PAUSE_SECONDS", 600.0)
    await late.work_off()
    attempts = (await RecordedSegment.objects.aget(text="")).attempts
    await late.work_off()  # too soon
    assert (await RecordedSegment.objects.aget(text="")).attempts == attempts == 2
    monkeypatch.setattr(catcher, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(catcher, "LONGEST_PAUSE_SECONDS", 0.0)
    tireless = Catcher(house.registry)
    while await tireless.work_off():
        pass
    segment = await RecordedSegment.objects.aget(text="")
    assert (segment.attempts, segment.discarded) == (MOST_ATTEMPTS, "engine_failed")
    assert await waiting() == Waiting(failed=1)
    assert ((await row()).losses, balance(await row())) == (lost, 0)
    assert await database_thread.run(lambda: len(ask_to_catch_up(TranslationSession.objects.all())))
    assert await waiting() == Waiting(sentences=1)
    assert await catch_up(house) == 0
    assert await said() == [
        ("hola", "hello", False),
        ("agua", "water", True),
        ("mundo", "world", False),
    ]
    assert ((await row()).losses, balance(await row())) == ({}, 0)


async def test_new_engines_are_asked_at_once(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"failing_word": "agua"})
    async with connect(direction="es_to_en") as browser:
        await browser.speak(talk("agua"))
    late = Catcher(house.registry)
    assert await late.work_off() == 1
    house.choose(transcriber=QUICK)
    generations = house.registry.generations
    assert generations is not None
    generations._load = partial(load_engines, conf.read().engines)  # noqa: SLF001 -- as they are now
    await generations.renew()
    assert await late.work_off() == 0
    assert await said() == [("agua", "water", True)]


async def test_the_direction_is_that_in_which_it_was_spoken(house: House, connect: Connect) -> None:
    await house.restart(drain_seconds=0.3, transcriber=SLOW)
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(talk("hola"))
        await browser.say("set_direction", direction="en_to_es")
        await browser.until("direction_changed")
        await browser.send_sound(talk("water"))
        await browser.still_works()
    assert await catch_up(house) == 0
    assert await said() == [("hola", "hello", True), ("water", "agua", True)]
    assert [one.direction async for one in Exchange.objects.order_by("said_at")] == [
        "es_to_en",
        "en_to_es",
    ]


async def cut_off_in_a_second_conversation(house: House, connect: Connect) -> str:
    """Say "hola", and "mundo" in a new conversation, which is not heard; return that one's id."""
    await house.restart(drain_seconds=0.3)
    async with connect(direction="es_to_en") as browser:
        await browser.speak(talk("hola"))
        await browser.say("new_conversation")
        second = (await browser.until("conversation_started"))["conversation_id"]
        slow_from_now_on(house)
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(talk("mundo"))
        await browser.still_works()
    return str(second)


async def test_it_stands_in_the_conversation_in_which_it_was_spoken(
    house: House, connect: Connect
) -> None:
    second = await cut_off_in_a_second_conversation(house, connect)
    assert await catch_up(house) == 0
    late = await Exchange.objects.aget(is_late=True)
    assert (late.source, str(late.conversation_id)) == ("mundo", second)
    assert (await Conversation.objects.aget(pk=second)).title == "mundo"


def engines_of(house: House) -> Engines:
    generations = house.registry.generations
    assert generations is not None
    assert generations.current is not None
    return generations.current.engines


def slow_from_now_on(house: House) -> None:
    engines_of(house).transcriber._delay_seconds = 60  # type: ignore[union-attr]  # noqa: SLF001 -- the fake one's


async def test_what_was_said_before_is_its_context(house: House, connect: Connect) -> None:
    await cut_off(house, connect, talk("hola", "mundo"))
    asked: list[tuple[str, list[str]]] = []
    await house.restart(transcriber=QUICK, translator=QUICK)
    translator = engines_of(house).translator
    translate = translator.translate

    async def listening(request: Any) -> Any:
        asked.append((request.text, [one.source for one in request.context]))
        return await translate(request)

    translator.translate = listening  # type: ignore[method-assign]
    assert await Catcher(house.registry).work_off() == 0
    assert asked == [("hola", []), ("mundo", ["hola"])]


async def test_where_the_sound_was_deleted_nothing_waits_and_the_conversation_says_so(
    house: House, connect: Connect
) -> None:
    await cut_off(house, connect, talk("hola", "mundo"))
    await Recording.objects.all().adelete()
    assert await waiting() == Waiting(deleted=2)
    assert await catch_up(house) == 0
    assert await said() == []


async def test_a_recording_that_is_deleted_meanwhile_ends_it(
    house: House, connect: Connect
) -> None:
    await cut_off(house, connect, talk("hola", "mundo", "agua"))
    await house.restart(transcriber={"delay_seconds": 1}, translator=QUICK)
    work = asyncio.create_task(Catcher(house.registry).work_off())
    while not await Exchange.objects.acount():  # noqa: ASYNC110 -- rows tell nobody
        await asyncio.sleep(0.02)
    await Recording.objects.all().adelete()
    assert await work == 0
    assert [source for source, _, _ in await said()] == ["hola"]
    assert await waiting() == Waiting(deleted=2)
    assert balance(await row()) == 0


async def test_no_file_is_left_of_a_recording_that_is_deleted_while_it_is_cut(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)
    await cut_off(house, connect, talk(*WORDS))
    recording = await Recording.objects.aget()
    await house.restart(transcriber=QUICK, translator=QUICK, drain_seconds=8)
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("agua"))
        await browser.until("speech_started")
        work = asyncio.create_task(Catcher(house.registry).work_off())
        begun = TranslationSession.objects.filter(recordings=recording).exclude(catcher="")
        while not await begun.aexists():  # noqa: ASYNC110 -- rows tell nobody
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        await Recording.objects.filter(pk=recording.pk).adelete()
        assert not files.folder(recording.pk).exists()
        await browser.send_sound(silence(1))
        await browser.until("translation")
        await work
    assert not files.folder(recording.pk).exists()
    assert [source for source, _, _ in await said()] == ["agua"]


async def test_where_the_conversation_was_deleted_nothing_comes_back(
    house: House, connect: Connect
) -> None:
    second = await cut_off_in_a_second_conversation(house, connect)
    await Conversation.objects.filter(pk=second).adelete()
    assert await catch_up(house) == 0
    assert [source for source, _, _ in await said()] == ["hola"]
    assert await waiting() == Waiting()


async def test_files_that_are_gone_end_it_with_a_reason(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)
    await cut_off(house, connect, talk(*WORDS))
    recording = await Recording.objects.aget()
    await asyncio.to_thread(files.delete, recording.pk)
    await catch_up(house)
    after = await row()
    assert (await said(), after.unfinished_samples, balance(after)) == ([], 0, 0)
    assert set(after.losses) == {"sound_gone"}
    assert (await waiting()).sentences == 0


async def test_a_session_that_is_live_waits_for_nothing(house: House, connect: Connect) -> None:
    """Somebody speaks and speaks: nothing late is begun until there is a pause."""
    await cut_off(house, connect, talk("hola"))
    await house.restart(transcriber=QUICK, translator=QUICK, drain_seconds=8)
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("agua"))
        await browser.until("speech_started")
        work = asyncio.create_task(Catcher(house.registry).work_off())
        done, _ = await asyncio.wait({work}, timeout=1.5)
        assert (done, await said()) == (set(), [])
        await browser.send_sound(silence(1))
        await browser.until("translation")
        assert await work == 0
    assert [(source, late) for source, _, late in await said()] == [
        ("hola", True),
        ("agua", False),
    ]


async def test_with_recording_off_nothing_can_be_caught_up(house: House, connect: Connect) -> None:
    await cut_off(house, connect, talk("hola"), transcriber=SLOW, recording="off")
    assert await waiting() == Waiting()
    assert await catch_up(house) == 0
    after = await row()
    assert (await said(), after.losses) == ([], {"unfinished": after.unfinished_samples})

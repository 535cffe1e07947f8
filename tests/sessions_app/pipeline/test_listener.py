"""The listener: the same utterances whatever the chunks, and no sample lost."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import DecodeError
from sessions_app.core.events import (
    Direction,
    Discarded,
    FinalTranscript,
    Manner,
    Mode,
    SpeechEnded,
    SpeechStarted,
)
from sessions_app.pipeline.utterance import Utterance
from tests.sessions_app.pipeline.assembled import Assembled, assembled
from tests.sounds import chunks, say, silence, tone, webm

SOUND = (
    silence(0.5)
    + say("hola mundo")
    + silence(0.8)
    + tone(400, 0.04)
    + silence(0.9)
    + say("la casa es roja")
)


async def heard(pieces: list[bytes]) -> Assembled:
    async with assembled() as pipeline:
        await pipeline.hear(pieces)
    return pipeline


def split(sound: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(sound)]
    return [sound[start:end] for start, end in pairwise(edges)]


WHOLE = asyncio.run(heard([SOUND]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=40))
def test_any_chunks_give_the_same_events_in_the_same_order(places: list[int]) -> None:
    pieces = split(SOUND, places)
    assert asyncio.run(heard(pieces)).finals == WHOLE.finals
    assert asyncio.run(heard(pieces)).kept == WHOLE.kept


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=40))
def test_no_sample_is_lost_by_any_chunks(places: list[int]) -> None:
    account = asyncio.run(heard(split(SOUND, places))).account
    assert account == WHOLE.account
    assert (account.received, account.unfinished) == (count_samples(SOUND), 0)


async def test_speech_is_told_when_it_begins_and_when_it_ends() -> None:
    async with assembled() as pipeline:
        await pipeline.hear(chunks(SOUND, 0.1))
    boundaries = [e for e in pipeline.told if isinstance(e, SpeechStarted | SpeechEnded)]
    assert [(type(e), e.utterance_id) for e in boundaries] == [
        (SpeechStarted, 1),
        (SpeechEnded, 1),
        (SpeechStarted, 2),
        (SpeechEnded, 2),
        (SpeechStarted, 3),
        (SpeechEnded, 3),
    ]
    times = [e.at_seconds for e in boundaries]
    assert times == sorted(times)
    assert [e.utterance_id for e in pipeline.told if isinstance(e, Discarded)] == [2]
    assert pipeline.texts == ["hola mundo", "la casa es roja"]


async def test_an_utterance_is_interpreted_in_the_manner_in_which_it_began() -> None:
    sound = say("hola mundo") + silence(1) + say("red house")

    def changing(pipeline: Assembled) -> Iterator[bytes]:
        yield sound[:9_600]
        pipeline.session.manner = Manner(Direction.EN_TO_ES, Mode.CONVERSATION)
        yield sound[9_600:]

    async with assembled() as pipeline:
        await pipeline.hear(changing(pipeline))
    assert [final.direction for final in pipeline.finals] == ["es_to_en", "en_to_es"]


async def test_a_second_period_has_a_clock_and_an_account_of_its_own() -> None:
    async with assembled() as pipeline:
        await pipeline.hear([say("hola mundo")])
        second = await pipeline.hear([silence(1) + say("gracias")])
    assert [final.start_seconds > 0.5 for final in pipeline.finals] == [False, True]
    assert [final.utterance_id for final in pipeline.finals] == [1, 2]
    assert second.account.received == count_samples(silence(1) + say("gracias"))
    assert second.account.utterances == 1
    assert pipeline.account.unfinished == 0


async def test_a_period_without_a_sound_ends_without_a_word() -> None:
    async with assembled() as pipeline:
        listener = await pipeline.hear([], Encoding.WEBM_OPUS)
    assert (pipeline.told, listener.heard_samples) == ([], 0)


async def test_what_came_before_a_broken_chunk_can_still_be_finished() -> None:
    async with assembled() as pipeline:
        with pytest.raises(DecodeError):
            await pipeline.hear([webm(say("hola")), b"x" * 5_000], Encoding.WEBM_OPUS)
    assert [type(event) for event in pipeline.told if isinstance(event, FinalTranscript)] == []
    assert pipeline.account.received > 0


async def test_an_utterance_is_noted_before_anybody_is_told_that_its_speech_has_ended() -> None:
    noted: list[tuple[int, int]] = []
    async with assembled() as pipeline:

        def note(utterance: Utterance) -> None:
            ended = sum(isinstance(event, SpeechEnded) for event in pipeline.told)
            noted.append((utterance.id, ended))

        listener = await pipeline.assembly.open_listener(Encoding.PCM_S16LE, cut=note)
        await listener.hear(say("hola") + silence(1) + say("mundo") + silence(1))
        await listener.finish()
        await pipeline.interpreter.join()
    assert noted == [(1, 0), (2, 1)]

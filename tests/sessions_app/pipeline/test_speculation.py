"""Speculative recognition: used if speech is over, dropped without a trace if it goes on."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Direction,
    Discarded,
    Event,
    Failure,
    FinalTranscript,
    Manner,
    Mode,
    SpeechEnded,
    SpeechStarted,
    Transcript,
)
from sessions_app.engines.fake import FakeTranscriber
from tests.sessions_app.pipeline.assembled import Assembled, assembled
from tests.sounds import chunks, say, silence

PAUSE = silence(0.4)
END = silence(1)


class Counting(FakeTranscriber):
    """A transcriber that counts its finals; the first ``failures`` of them fail."""

    def __init__(self, *, failures: int = 0) -> None:
        super().__init__()
        self.finals = 0
        self.ended_before: list[bool] = []
        """Whether the utterance had ended when each final was asked for."""
        self.told: list[Event] = []
        self._failures = failures

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        if final:
            self.finals += 1
            self.ended_before.append(isinstance(self.told[-1], SpeechEnded))
            if self.finals <= self._failures:
                raise EngineError("It choked.")
        return await super().transcribe(pcm, language=language, final=final)


async def hear(
    sound: bytes,
    ears: Counting,
    *,
    is_ahead: bool = True,
    direction: Direction = Direction.ES_TO_EN,
    chunk_seconds: float = 0.05,
) -> Assembled:
    async with assembled(ears, is_ahead=is_ahead) as pipeline:
        ears.told = pipeline.told
        pipeline.session.manner = Manner(direction, Mode.CONVERSATION)
        await pipeline.hear(chunks(sound, chunk_seconds))
    return pipeline


async def test_the_words_of_an_utterance_are_looked_for_before_it_is_known_to_be_over() -> None:
    ears = Counting()
    pipeline = await hear(say("hola mundo") + END + say("gracias") + END, ears)
    assert pipeline.texts == ["hola mundo", "gracias"]
    assert ears.ended_before == [False, False]


async def test_without_its_worker_nothing_is_looked_for_ahead() -> None:
    ears = Counting()
    pipeline = await hear(say("hola mundo") + END, ears, is_ahead=False)
    assert pipeline.texts == ["hola mundo"]
    assert ears.ended_before == [True]


async def test_what_was_found_is_dropped_where_speech_goes_on() -> None:
    ears = Counting()
    pipeline = await hear(say("hola") + PAUSE + say("mundo") + END, ears)
    assert pipeline.texts == ["hola mundo"]
    assert ears.finals == 2


async def test_a_pause_and_the_next_one_in_a_single_chunk_are_not_mixed_up() -> None:
    for seconds in (0.1, 0.3, 0.5, 0.7):
        sound = say("hola") + PAUSE + say("mundo") + PAUSE + say("la casa") + END
        pipeline = await hear(sound, Counting(), chunk_seconds=seconds)
        assert pipeline.texts == ["hola mundo la casa"]


@pytest.mark.parametrize("direction", Direction)
async def test_the_language_is_found_ahead_of_time_too(direction: Direction) -> None:
    pipeline = await hear(say("hola mundo") + END, Counting(), direction=direction)
    assert [final.text for final in pipeline.finals] == ["hola mundo"]


async def test_what_fails_ahead_of_time_is_tried_again_in_its_time() -> None:
    pipeline = await hear(say("hola") + END, Counting(failures=1))
    assert pipeline.texts == ["hola"]
    assert not any(isinstance(event, Failure) for event in pipeline.told)


async def test_what_fails_twice_is_told_once() -> None:
    pipeline = await hear(say("hola") + END + say("mundo") + END, Counting(failures=2))
    assert [f.about for f in pipeline.told if isinstance(f, Failure)] == [1]
    assert pipeline.texts == ["mundo"]


WORDS = st.sampled_from(["hola", "mundo", "hello world", "la casa es roja"])
CHUNKS = st.sampled_from([0.03, 0.1, 0.4])
PAUSES = st.sampled_from([0.1, 0.25, 0.35, 0.5, 0.58, 0.62, 0.8, 1.2])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(WORDS, PAUSES), min_size=1, max_size=6), st.sampled_from([0.03, 0.1, 0.4])
)
def test_each_utterance_has_exactly_one_end_and_all_is_told_as_without_looking_ahead(
    said: list[tuple[str, float]], chunk_seconds: float
) -> None:
    sound = b"".join(say(words) + silence(pause) for words, pause in said)
    with_it, without = (
        asyncio.run(
            hear(
                sound,
                Counting(),
                is_ahead=is_ahead,
                direction=Direction.AUTO,
                chunk_seconds=chunk_seconds,
            )
        )
        for is_ahead in (True, False)
    )
    assert with_it.finals == without.finals
    assert Counter(map(type, with_it.told)) == Counter(map(type, without.told))
    assert with_it.account == without.account
    begun = [e.utterance_id for e in with_it.told if isinstance(e, SpeechStarted)]
    ends = (FinalTranscript, Discarded, Failure)
    ended = [
        e.about if isinstance(e, Failure) else e.utterance_id
        for e in with_it.told
        if isinstance(e, ends)
    ]
    assert sorted(map(str, ended)) == sorted(map(str, begun))


async def test_who_stops_in_a_pause_gets_the_words_once() -> None:
    """An utterance ended by a flush has all its silence: it is not the one recognised before."""
    ears = Counting()
    pipeline = await hear(say("hola mundo") + PAUSE, ears)
    assert pipeline.texts == ["hola mundo"]
    assert ears.finals == 2

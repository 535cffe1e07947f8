"""Translations made while somebody speaks: the final uses what fits, the rest is dropped."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.events import Failure, TranslationRequest, Usage
from sessions_app.engines.base import Tell
from tests.sessions_app.pipeline.assembled import Assembled, assembled
from tests.sessions_app.pipeline.sentences import (
    FIRST,
    SECOND,
    TWO,
    TWO_TRANSLATED,
    Patient,
    Punctuating,
)
from tests.sounds import chunks, say, silence

PAUSE = silence(0.4)
END = silence(1)


async def hear(
    sound: bytes,
    translator: Patient,
    *,
    is_ahead: bool = True,
    has_partials: bool = True,
    finds_words_ahead: bool = True,
) -> Assembled:
    ears = Punctuating(is_interruptible=finds_words_ahead)
    together = assembled(
        ears, translator, is_ahead=is_ahead, has_partials=is_ahead and has_partials
    )
    async with together as pipeline:
        translator.told = pipeline.told
        await pipeline.hear(chunks(sound, 0.05))
    return pipeline


def translations(pipeline: Assembled) -> list[str]:
    return [exchange.translated for exchange in pipeline.kept]


async def test_what_is_said_is_translated_before_it_is_known_to_be_over() -> None:
    patient = Patient()
    pipeline = await hear(say("hola mundo") + END, patient, has_partials=False)
    assert (patient.asked, patient.is_ahead) == ([FIRST], [True])
    assert translations(pipeline) == ["hello world."]


async def test_nothing_is_translated_ahead_by_what_does_not_draft() -> None:
    patient = Patient(drafts=False)
    pipeline = await hear(say("hola mundo") + END, patient)
    assert (patient.asked, patient.is_ahead) == ([FIRST], [False])
    assert translations(pipeline) == ["hello world."]


async def test_what_was_translated_in_a_pause_is_dropped_where_speech_goes_on() -> None:
    patient = Patient()
    patient.hangs = {"hola"}
    pipeline = await hear(say("hola") + PAUSE + say("agua") + END, patient, has_partials=False)
    assert patient.asked == ["hola", "hola agua"]
    assert (patient.cancelled, patient.cancelled_ahead) == (["hola"], [True])
    assert translations(pipeline) == ["hello water"]


async def test_stable_sentences_are_translated_before_the_speech_ends() -> None:
    patient = Patient()
    sound = say("hola mundo la casa es roja") + END
    pipeline = await hear(sound, patient, finds_words_ahead=False)
    assert list(zip(patient.asked, patient.is_ahead, strict=True)) == [
        (FIRST, True),
        (SECOND, False),
    ]
    assert patient.before == [[], [FIRST]]
    assert translations(pipeline) == [TWO_TRANSLATED]
    assert pipeline.kept[0].usage == Usage(20, 4, 1.0)


async def test_what_fails_ahead_of_time_is_asked_again_in_its_time() -> None:
    patient = Patient(failures=1)
    pipeline = await hear(say("hola mundo") + END, patient, has_partials=False)
    assert (patient.asked, translations(pipeline)) == ([FIRST] * 2, ["hello world."])
    assert not any(isinstance(event, Failure) for event in pipeline.told)


async def test_a_bug_met_ahead_of_time_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    patient = Patient(bugs=1)
    pipeline = await hear(say("hola mundo") + END + say("agua") + END, patient)
    assert translations(pipeline) == ["hello world.", "water"]
    assert "a bug in the translator" in caplog.text


async def test_one_utterance_has_one_translator() -> None:
    patient = Patient()
    patient.engines[SECOND] = "another"
    pipeline = await hear(say("hola mundo la casa es roja") + END, patient)
    assert patient.asked[-1] == TWO
    assert [exchange.translator for exchange in pipeline.kept] == ["patient"]
    assert translations(pipeline) == [TWO_TRANSLATED]


class Sketching(Patient):
    """Makes drafts that never end by themselves, and records which end before the speech does."""

    def __init__(self) -> None:
        super().__init__()
        self.drafts_ended_ahead: list[str] = []

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            if not self.is_over:
                self.drafts_ended_ahead.append(request.text)


async def test_a_draft_makes_way_for_what_is_translated_in_a_pause() -> None:
    sketching = Sketching()
    await hear(say("hola mundo") + END, sketching)
    assert sketching.asked == [FIRST]
    assert sketching.drafts_ended_ahead[-1] == FIRST


WORDS = st.sampled_from(["hola mundo", "agua", "hola", "la casa es roja"])
PAUSES = st.sampled_from([0.1, 0.25, 0.35, 0.5, 0.58, 0.62, 0.8, 1.2])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(WORDS, PAUSES), min_size=1, max_size=6))
def test_all_is_translated_as_it_would_be_in_the_end(said: list[tuple[str, float]]) -> None:
    sound = b"".join(say(words) + silence(pause) for words, pause in said)
    with_it, without = (
        asyncio.run(hear(sound, Patient(), is_ahead=is_ahead)) for is_ahead in (True, False)
    )
    kept = [[replace(one, usage=Usage()) for one in each.kept] for each in (with_it, without)]
    assert kept[0] == kept[1]

"""Partials: how often they come, that they are the newest, and what they cost."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, count_samples, to_samples, to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Event, Partial, Transcript
from sessions_app.engines.base import Transcriber
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.recognition.partials import Cadence, Partials
from sessions_app.protocol import encode

SENTENCE = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country my fellow citizens of the world ask not what america will do for you"
)
HALF_A_SECOND = to_samples(0.5)


class Hearer(Transcriber):
    """A transcriber that finds one more word with each half second of sound."""

    languages = frozenset({"en"})

    def __init__(self) -> None:
        self.heard: list[tuple[float, str | None]] = []
        self.words: list[str] = SENTENCE.split()
        self.error: EngineError | None = None
        self.delay_seconds = 0.0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.begun = asyncio.Event()

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        self.heard.append((to_seconds(count_samples(pcm)), language))
        self.begun.set()
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await self.goes_on.wait()
        if self.error is not None:
            raise self.error
        return Transcript(" ".join(self.words[: count_samples(pcm) // HALF_A_SECOND]), "en")


class Talker:
    """Speech that is fed to Partials, and a client that reads the events."""

    def __init__(self, hearer: Hearer) -> None:
        self.hearer = hearer
        self.seat = Scheduler(hearer).seat()
        self.partials = Partials(self.seat, lambda: "en", self._emit)
        self.said: asyncio.Queue[Event] = asyncio.Queue()

    def talk(self, seconds: float, utterance_id: int = 1) -> None:
        samples = to_samples(seconds)
        self.partials.hear(utterance_id, samples, lambda: bytes(samples * SAMPLE_BYTES))

    async def hears(self, seconds: float, utterance_id: int = 1) -> Event:
        self.talk(seconds, utterance_id)
        return await self.said.get()

    async def _emit(self, event: Event) -> None:
        self.said.put_nowait(event)


@pytest.fixture
async def hearer() -> Hearer:
    return Hearer()


@pytest.fixture
async def talker(hearer: Hearer) -> AsyncIterator[Talker]:
    talker = Talker(hearer)
    task = asyncio.create_task(talker.partials.run())
    yield talker
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


def test_a_hypothesis_is_due_every_half_second_at_first() -> None:
    assert Cadence().samples == SAMPLE_RATE // 2


def test_the_cadence_widens_at_once_under_load_and_narrows_step_by_step() -> None:
    cadence = Cadence()
    cadence.took(0.9)
    widest = [cadence.samples]
    for _ in range(6):
        cadence.took(0.01)
        widest.append(cadence.samples)
    assert [round(to_seconds(samples), 2) for samples in widest] == [
        1.8,
        1.35,
        1.01,
        0.76,
        0.57,
        0.5,
        0.5,
    ]


def test_an_engine_that_hardly_answers_is_asked_every_three_seconds() -> None:
    cadence = Cadence()
    cadence.took(60)
    assert to_seconds(cadence.samples) == 3.0


def test_what_came_to_nothing_does_not_narrow_the_cadence_but_may_widen_it() -> None:
    cadence = Cadence()
    cadence.took(0.9)
    cadence.took(0.01, wasted=True)
    assert to_seconds(cadence.samples) == 1.8
    cadence.took(1.2, wasted=True)
    assert to_seconds(cadence.samples) == 2.4


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans())))
def test_the_cadence_stays_within_its_bounds(answers: list[tuple[float, bool]]) -> None:
    cadence = Cadence(shortest_seconds=0.25, longest_seconds=2.0)
    for seconds, wasted in answers:
        cadence.took(seconds, wasted=wasted)
        assert to_samples(0.25) <= cadence.samples <= to_samples(2.0)


async def test_partials_grow_with_the_speech_and_count_their_revisions(talker: Talker) -> None:
    said = [await talker.hears(seconds) for seconds in (0.5, 1.0, 1.5)]
    assert said == [
        Partial(1, 1, "", "and"),
        Partial(1, 2, "and", "so"),
        Partial(1, 3, "and so", "my"),
    ]
    assert talker.hearer.heard == [(0.5, "en"), (1.0, "en"), (1.5, "en")]


async def test_too_little_new_sound_brings_no_hypothesis(talker: Talker) -> None:
    talker.talk(0.4)
    await talker.hears(0.6)
    talker.talk(1.0)
    await talker.hears(1.1)
    assert talker.hearer.heard == [(0.6, "en"), (1.1, "en")]


async def test_the_first_is_due_early_whatever_pace_the_utterance_before_it_had(
    talker: Talker, hearer: Hearer
) -> None:
    hearer.delay_seconds = 0.5  # after which twice as much sound is waited for
    await talker.hears(0.5)
    talker.partials.finish(1)
    hearer.delay_seconds = 0.0
    talker.talk(0.7, utterance_id=2)
    await talker.hears(0.8, utterance_id=2)
    talker.talk(1.5, utterance_id=2)
    await talker.hears(3.8, utterance_id=2)
    assert hearer.heard == [(0.5, "en"), (0.8, "en"), (3.8, "en")]


async def test_each_utterance_begins_afresh(talker: Talker) -> None:
    await talker.hears(0.5)
    await talker.hears(1.0)
    talker.partials.finish(1)
    assert await talker.hears(0.5, utterance_id=2) == Partial(2, 1, "", "and")


async def test_nothing_is_said_when_nothing_changed(talker: Talker) -> None:
    talker.hearer.words = ["and"]
    said = [await talker.hears(0.5), await talker.hears(1.0)]
    talker.hearer.begun.clear()
    talker.talk(1.5)
    await talker.hearer.begun.wait()
    talker.hearer.words = ["and", "and", "and", "so"]
    said.append(await talker.hears(2.0))
    assert said == [
        Partial(1, 1, "", "and"),
        Partial(1, 2, "and", ""),
        Partial(1, 3, "and", "and and so"),
    ]


async def test_while_one_is_in_the_engine_only_the_newest_sound_waits(
    talker: Talker, hearer: Hearer
) -> None:
    hearer.goes_on.clear()
    talker.talk(0.5)
    await hearer.begun.wait()
    for seconds in (1.0, 1.5, 2.0, 2.5):
        talker.talk(seconds)
    hearer.goes_on.set()
    assert [await talker.said.get(), await talker.said.get()] == [
        Partial(1, 1, "", "and"),
        Partial(1, 2, "and", "so my fellow americans"),
    ]
    assert hearer.heard == [(0.5, "en"), (2.5, "en")]


async def test_no_partial_follows_the_end_of_its_utterance(talker: Talker, hearer: Hearer) -> None:
    hearer.goes_on.clear()
    talker.talk(0.5)
    await hearer.begun.wait()
    talker.partials.finish(1)
    hearer.goes_on.set()
    talker.talk(5.0)
    assert await talker.hears(1.0, utterance_id=2) == Partial(2, 1, "", "and so")
    assert talker.said.empty()


async def test_speech_that_ends_before_its_turn_is_not_heard(
    talker: Talker, hearer: Hearer
) -> None:
    talker.talk(0.5)
    talker.partials.finish(1)
    await talker.hears(0.5, utterance_id=2)
    assert hearer.heard == [(0.5, "en")]


async def test_a_failing_partial_is_said_once_in_the_log_and_the_next_one_comes(
    talker: Talker, hearer: Hearer, caplog: pytest.LogCaptureFixture
) -> None:
    hearer.error = EngineError("The model choked.")
    for seconds in (0.5, 1.0):
        hearer.begun.clear()
        talker.talk(seconds)
        await hearer.begun.wait()
    hearer.error = None
    assert await talker.hears(1.5) == Partial(1, 1, "", "and so my")
    warnings = [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]
    assert warnings == ["no partial of utterance 1: The model choked."]


async def test_phantom_sentences_are_not_shown(talker: Talker, hearer: Hearer) -> None:
    hearer.words = ["Thanks for watching!", "but", "why"]
    hearer.begun.clear()
    talker.talk(0.5)
    await hearer.begun.wait()
    assert await talker.hears(1.0) == Partial(1, 1, "", "Thanks for watching! but")


async def test_an_hour_of_talk_costs_a_client_less_than_five_megabytes(talker: Talker) -> None:
    """Two partials a second and two words a second, in utterances of 15 s: more than people do."""
    utterance = [await talker.hears(0.5 * step) for step in range(1, 31)]
    partials_bytes = sum(len(encode(event).encode()) for event in utterance)
    final_bytes = 2 * 600  # a transcript and a translation, generously
    assert (partials_bytes + final_bytes) * 240 < 5_000_000

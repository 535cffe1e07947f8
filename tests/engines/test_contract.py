"""What holds for every transcriber: the contract of sessions_app/engines/base.py."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Transcript
from sessions_app.engines.base import Transcriber
from sessions_app.engines.fake import FakeTranscriber
from sessions_app.engines.speech.faster_whisper import FasterWhisperTranscriber
from sessions_app.engines.speech.openai_audio import OpenAiTranscriber
from tests.engines.conftest import HEARD
from tests.sounds import say
from tests.tiny.fakeears import FakeEars


@dataclass(frozen=True)
class Candidate:
    """A transcriber, how it is made, and a piece of sound with the words that it finds in it."""

    make: Callable[[], Transcriber]
    pcm: bytes
    text: str


@pytest.fixture
def ears() -> Iterator[FakeEars]:
    with FakeEars() as server:
        yield server


@pytest.fixture(params=["faster-whisper", "openai", "fake", "fake in sentences"])
def candidate(request: pytest.FixtureRequest) -> Candidate:
    if request.param == "faster-whisper":
        directory: Path = request.getfixturevalue("whisper_directory")
        return Candidate(
            lambda: FasterWhisperTranscriber(str(directory), threads=1), say("hola"), HEARD
        )
    if request.param == "openai":
        url = request.getfixturevalue("ears").url
        return Candidate(lambda: OpenAiTranscriber(url), say("hello world"), "hello world")
    if request.param == "fake in sentences":
        return Candidate(
            lambda: FakeTranscriber(last_words=["world"]), say("hello world"), "Hello world."
        )
    return Candidate(FakeTranscriber, say("hello world"), "hello world")


@pytest.fixture
async def transcriber(candidate: Candidate) -> AsyncIterator[Transcriber]:
    made = candidate.make()
    await made.load()
    yield made
    await made.aclose()


async def test_the_words_are_heard(transcriber: Transcriber, candidate: Candidate) -> None:
    heard = await transcriber.transcribe(candidate.pcm, language="en", final=True)
    assert (heard.text, heard.language) == (candidate.text, "en")
    assert 0.35 <= heard.confidence <= 1
    partial = await transcriber.transcribe(candidate.pcm, language="en", final=False)
    assert partial.text.rstrip(".?") == candidate.text.rstrip(".?")


async def test_the_words_of_a_final_are_its_text_if_they_have_times(
    transcriber: Transcriber, candidate: Candidate
) -> None:
    heard = await transcriber.transcribe(candidate.pcm, language="en", final=True)
    if not transcriber.gives_word_times:
        assert heard.words == ()
        return
    assert "".join(word.text for word in heard.words).split() == heard.text.split()
    times = [time for word in heard.words for time in (word.start_seconds, word.end_seconds)]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= len(candidate.pcm) / 32_000 + 0.1


async def test_an_unknown_language_is_one_of_those_it_knows(
    transcriber: Transcriber, candidate: Candidate
) -> None:
    heard = await transcriber.transcribe(candidate.pcm, language=None, final=True)
    assert heard.language in transcriber.languages
    assert transcriber.languages <= {"es", "en"}


ODD = {
    "nothing": b"",
    "half a sample": b"\x01",
    "an odd length": bytes(32_001),
    "silence": bytes(64_000),
    "a click": b"\xff\x7f" * 8,
    "noise": random.Random(0).randbytes(24_000),
}


@pytest.mark.parametrize("pcm", ODD.values(), ids=ODD.keys())
async def test_odd_sound_is_answered_or_refused_and_the_next_is_heard(
    transcriber: Transcriber, candidate: Candidate, pcm: bytes
) -> None:
    for final in (False, True):
        try:
            answer = await transcriber.transcribe(pcm, language="en", final=final)
        except EngineError:
            continue
        assert isinstance(answer, Transcript)
        assert 0 <= answer.confidence <= 1
    heard = await transcriber.transcribe(candidate.pcm, language="en", final=True)
    assert heard.text == candidate.text


async def test_pieces_at_once_are_all_heard(transcriber: Transcriber, candidate: Candidate) -> None:
    calls = [transcriber.transcribe(candidate.pcm, language="en", final=True) for _ in range(4)]
    assert [heard.text for heard in await asyncio.gather(*calls)] == [candidate.text] * 4


async def test_a_cancelled_piece_leaves_the_next_one_right(
    transcriber: Transcriber, candidate: Candidate
) -> None:
    long = asyncio.create_task(transcriber.transcribe(candidate.pcm * 4, language="en", final=True))
    await asyncio.wait([long], timeout=0.02)
    long.cancel()
    await asyncio.wait([long])
    heard = await transcriber.transcribe(candidate.pcm, language="en", final=True)
    assert heard.text == candidate.text


async def test_likely_languages_sum_to_one(transcriber: Transcriber, candidate: Candidate) -> None:
    if not transcriber.can_tell_languages:
        # it knows one language only, or finds it by itself
        assert transcriber.languages == {"en"} or isinstance(transcriber, OpenAiTranscriber)
        return
    for pcm in (candidate.pcm, b"", bytes(64_000)):
        found = await transcriber.language_probabilities(pcm) or {}
        assert found.keys() == {"es", "en"}
        assert sum(found.values()) == pytest.approx(1)


async def test_closing_may_be_done_twice_and_ends_the_work(candidate: Candidate) -> None:
    transcriber = candidate.make()
    await transcriber.load()
    await transcriber.aclose()
    await transcriber.aclose()
    with pytest.raises(EngineError):
        await transcriber.transcribe(candidate.pcm, language="en", final=True)


async def test_closing_may_come_before_loading(candidate: Candidate) -> None:
    transcriber = candidate.make()
    await transcriber.aclose()
    with pytest.raises(EngineError):
        await transcriber.transcribe(candidate.pcm, language="en", final=True)


async def test_closing_in_mid_piece_ends_it(candidate: Candidate) -> None:
    transcriber = candidate.make()
    await transcriber.load()
    work = asyncio.create_task(transcriber.transcribe(candidate.pcm, language="en", final=True))
    await asyncio.wait([work], timeout=0.02)
    async with asyncio.timeout(5):
        await transcriber.aclose()
        (ended,) = await asyncio.gather(work, return_exceptions=True)
    assert isinstance(ended, Transcript | EngineError)


def test_it_says_how_many_calls_it_takes_at_once(transcriber: Transcriber) -> None:
    assert transcriber.parallel >= 1

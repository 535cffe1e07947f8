"""Speech that goes on is translated: the newest words win, and no draft outlives its utterance."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions_app.core.audio import SAMPLE_BYTES, count_samples, to_samples
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Event, Partial, Transcript, TranslationRequest
from sessions_app.engines.base import Tell, Transcriber, Translation, Translator
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.recognition.partials import Partials
from sessions_app.pipeline.translation.drafts import Drafts
from tests.house import eventually

WORDS = {"hola": "hello", "mundo": "world", "agua": "water", "casa": "house"}


class Hearer(Transcriber):
    """A transcriber that finds one more word with each half second of sound."""

    languages = frozenset({"es"})

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        return Transcript(" ".join([*WORDS][: count_samples(pcm) // to_samples(0.5)]), "es")


class Drafter(Translator):
    """Drafts word by word; it can be paused after the first word, and told to fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.fails = False
        self.takes_back = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("")

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        self.asked.append(request.text)
        try:
            words = [WORDS[word] for word in request.text.split()]
            for count in range(1, len(words) + 1):
                await tell(" ".join(words[:count]))
                await self.goes_on.wait()
                if self.takes_back:
                    await tell("")
                    raise EngineError("It was no translation.")
                if self.fails:
                    raise EngineError("It broke off.")
        finally:
            self.ended.append(request.text)


class Talker:
    """Speech that is fed to Partials, and the events that come of it."""

    def __init__(self, drafter: Drafter, pause_seconds: float) -> None:
        drafts = Drafts(drafter, TranslationRequest, pause_seconds=pause_seconds)
        seat = Scheduler(Hearer()).seat()
        self.partials = Partials(seat, lambda: "es", self._emit, drafts=drafts)
        self.said: list[Event] = []

    def talk(self, seconds: float, utterance_id: int = 1) -> None:
        samples = to_samples(seconds)
        self.partials.hear(utterance_id, samples, lambda: bytes(samples * SAMPLE_BYTES))

    def last(self) -> tuple[str, str | None]:
        """Return the words and the translation that are shown now."""
        partial = self.said[-1] if self.said else Partial(0, 0, "", "")
        assert isinstance(partial, Partial)
        return f"{partial.stable} {partial.unstable}".strip(), partial.translation

    async def _emit(self, event: Event) -> None:
        self.said.append(event)


@pytest.fixture
async def drafter() -> Drafter:
    return Drafter()


@pytest.fixture(params=[0.0, 60.0], ids=["each-word", "whole-drafts"])
async def talker(drafter: Drafter, request: pytest.FixtureRequest) -> AsyncIterator[Talker]:
    talker = Talker(drafter, request.param)
    task = asyncio.create_task(talker.partials.run())
    yield talker
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_partial_carries_its_translation(talker: Talker) -> None:
    talker.talk(0.5)
    await eventually(lambda: talker.last() == ("hola", "hello"))
    talker.talk(1.0)
    await eventually(lambda: talker.last() == ("hola mundo", "hello world"))
    revisions = [event.revision for event in talker.said if isinstance(event, Partial)]
    assert revisions == [*range(1, len(revisions) + 1)]


async def test_newer_words_overtake_a_draft_and_end_it_at_once(
    talker: Talker, drafter: Drafter
) -> None:
    drafter.goes_on.clear()
    talker.talk(0.5)
    await eventually(lambda: drafter.asked == ["hola"])
    talker.talk(1.0)
    await eventually(lambda: drafter.asked == ["hola", "hola mundo"])
    assert drafter.ended == ["hola"]
    drafter.goes_on.set()
    await eventually(lambda: talker.last() == ("hola mundo", "hello world"))


async def test_what_is_shown_does_not_shrink_while_the_next_draft_grows(
    talker: Talker, drafter: Drafter
) -> None:
    talker.talk(1.0)
    await eventually(lambda: talker.last() == ("hola mundo", "hello world"))
    drafter.goes_on.clear()
    talker.talk(2.0)
    await eventually(lambda: len(drafter.asked) == 2)
    assert talker.last() == ("hola mundo agua casa", "hello world")
    drafter.goes_on.set()
    await eventually(lambda: talker.last()[1] == "hello world water house")


async def test_the_end_of_an_utterance_ends_its_draft(talker: Talker, drafter: Drafter) -> None:
    drafter.goes_on.clear()
    talker.talk(1.0)
    await eventually(lambda: drafter.asked == ["hola mundo"])
    told = len(talker.said)
    talker.partials.finish(1)
    await eventually(lambda: drafter.ended == ["hola mundo"])
    drafter.goes_on.set()
    assert len(talker.said) == told
    talker.talk(0.5, utterance_id=2)
    await eventually(lambda: talker.last() == ("hola", "hello"))
    assert {e.utterance_id for e in talker.said[told:] if isinstance(e, Partial)} == {2}


async def test_a_draft_that_fails_leaves_the_words(talker: Talker, drafter: Drafter) -> None:
    drafter.fails = True
    talker.talk(0.5)
    await eventually(lambda: drafter.ended == ["hola"])
    assert talker.last()[0] == "hola"
    drafter.fails = False
    talker.talk(1.0)
    await eventually(lambda: talker.last() == ("hola mundo", "hello world"))


async def test_a_draft_that_turns_out_to_be_none_is_taken_back(
    talker: Talker, drafter: Drafter
) -> None:
    drafter.takes_back = True
    drafter.goes_on.clear()
    talker.talk(0.5)
    await eventually(lambda: talker.last() == ("hola", "hello"))
    drafter.goes_on.set()
    await eventually(lambda: talker.last() == ("hola", None))
    drafter.takes_back = False
    talker.talk(1.0)
    await eventually(lambda: talker.last() == ("hola mundo", "hello world"))

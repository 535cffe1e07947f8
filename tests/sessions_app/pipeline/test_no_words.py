"""A speaker who gets no words is warned once, and again only after new speech."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions_app.core.events import (
    Discarded,
    DiscardReason,
    Event,
    Failure,
    Notice,
    Partial,
    SpeechStarted,
)
from sessions_app.pipeline.no_words import NoWordsMonitor
from tests.house import eventually


class Watched:
    """A watch of 0.05 s, and its events."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.monitor = NoWordsMonitor(self._take, 0.05)

    async def emit(self, event: Event) -> None:
        self.monitor.note(event)
        await self._take(event)
        await self.monitor.note_told(event)

    async def _take(self, event: Event) -> None:
        self.told.append(event)

    def problems(self) -> list[str]:
        return [event.code for event in self.told if isinstance(event, Failure)]


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    work = asyncio.create_task(made.monitor.run())
    yield made
    work.cancel()
    await asyncio.wait({work})


async def test_speech_without_words_is_told_once(watched: Watched) -> None:
    await watched.emit(SpeechStarted(1, 0.0))
    await eventually(lambda: watched.problems() == ["no_words"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await eventually(lambda: len(watched.problems()) > 1)
    await watched.emit(SpeechStarted(2, 9.0))
    await eventually(lambda: watched.problems() == ["no_words"] * 2)


@pytest.mark.parametrize(
    "answer",
    [
        Partial(1, 1, "hola", ""),
        Discarded(1, DiscardReason.NO_SPEECH),
        Failure("engine_failed", "It failed.", about=1),
        Notice("listening_stopped", {}),
    ],
    ids=str,
)
async def test_words_or_a_verdict_are_enough(watched: Watched, answer: Event) -> None:
    await watched.emit(SpeechStarted(1, 0.0))
    await watched.emit(answer)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await eventually(lambda: "no_words" in watched.problems())
    assert watched.told == [SpeechStarted(1, 0.0), answer]


@pytest.mark.parametrize(
    "answer",
    [
        Partial(1, 1, "hola", ""),
        Discarded(1, DiscardReason.NO_SPEECH),
        Notice("listening_stopped", {}),
    ],
    ids=str,
)
async def test_words_that_come_at_last_take_back_what_was_told(
    watched: Watched, answer: Event
) -> None:
    await watched.emit(SpeechStarted(1, 0.0))
    await eventually(lambda: watched.problems() == ["no_words"])
    await watched.emit(answer)
    await watched.emit(answer)
    assert watched.told[2:] == [answer, Notice("resolved", {"code": "no_words"}), answer]

"""A transcriber controlled by the test: it returns given words when the test allows it."""

import asyncio
from collections.abc import Mapping

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Transcript
from sessions_app.engines.base import Transcriber
from sessions_app.engines.scheduler import Seat


class Stage(Transcriber):
    """A transcriber that returns given words when the test allows it."""

    def __init__(self, parallel: int = 1) -> None:
        self.parallel = parallel
        self.begun: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self._answers: dict[str, asyncio.Future[Exception | None]] = {}
        self._changed = asyncio.Condition()

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        await self._perform(pcm.decode() + ("" if final else "?"))
        return Transcript(pcm.decode(), language or "es")

    async def has_begun(self, *names: str) -> None:
        """Wait until these calls, and no others, have begun, in this order."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.begun) >= len(names))
        assert self.begun == list(names)

    def answer(self, *names: str, error: Exception | None = None) -> None:
        for name in names:
            self._answer(name).set_result(error)

    def vanish(self, name: str) -> None:
        """Cancel a call as an executor's shutdown does."""
        self._answer(name).cancel()

    async def _perform(self, name: str) -> None:
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        try:
            async with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            # shielded, so that a call that is cancelled may be made again
            if (error := await asyncio.shield(self._answer(name))) is not None:
                raise error
        finally:
            self.at_work -= 1

    def _answer(self, name: str) -> "asyncio.Future[Exception | None]":
        return self._answers.setdefault(name, asyncio.get_running_loop().create_future())


class Interruptible(Stage):
    """One that can be interrupted, so that it may be used speculatively."""

    is_interruptible = True


class Linguist(Stage):
    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        await self._perform(pcm.decode() + "!")
        return {"es": 0.75, "en": 0.25}


def final(seat: Seat, words: str) -> "asyncio.Task[Transcript]":
    return asyncio.create_task(seat.final(words.encode(), "es"))


def partial(seat: Seat, words: str) -> "asyncio.Task[Transcript | None]":
    return asyncio.create_task(seat.partial(words.encode, "es"))


def ahead(seat: Seat, words: str) -> "asyncio.Task[Transcript]":
    return asyncio.create_task(seat.final(words.encode(), "es", is_ahead=True))


async def outcome(task: "asyncio.Task[Transcript]") -> str:
    try:
        return (await task).text
    except EngineError as error:
        return str(error)

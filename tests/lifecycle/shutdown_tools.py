"""What tests of the shutdown need: engines that do not end, terminals, access to databases."""

import asyncio
import ctypes
import json
import os
import pty
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.events import Transcript, Translation, TranslationRequest
from sessions_app.engines.fake import (
    FakeDetector,
    FakeDetectorStream,
    FakeTranscriber,
    FakeTranslator,
)
from tests.server.running import Running, running
from tests.server.visitor import Visitor
from tests.sounds import say, silence

FOREVER_SECONDS = 600
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
"""The library that gives a process another time, where it is installed."""
Another = Callable[[str], Path]


class Wayward:
    """Goes astray ``at`` one step, in a manner that ``how`` names (see ASTRAY).

    The file ``mark`` is made just before.
    """

    def __init__(self, at: str, how: str, mark: str) -> None:
        self._at = at
        self._how = how
        self._mark = Path(mark)

    async def pass_by(self, at: str) -> None:
        """Go astray if this is the step."""
        if at == self._at:
            self._mark.touch()
            await ASTRAY[self._how]()


class WaywardTranscriber(FakeTranscriber):
    """Goes astray at ``load``, ``aclose``, or ``transcribe`` where that holds the word agua."""

    def __init__(self, **ways: str) -> None:
        super().__init__()
        self._wayward = Wayward(**ways)

    async def load(self) -> None:
        await super().load()
        await self._wayward.pass_by("load")

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        transcript = await super().transcribe(pcm, language=language, final=final)
        if "agua" in transcript.text:
            await self._wayward.pass_by("transcribe")
        return transcript

    async def aclose(self) -> None:
        await self._wayward.pass_by("aclose")
        await super().aclose()


class WaywardTranslator(FakeTranslator):
    """Goes astray at ``translate``."""

    def __init__(self, **ways: str) -> None:
        super().__init__()
        self._wayward = Wayward(**ways)

    async def translate(self, request: TranslationRequest) -> Translation:
        await self._wayward.pass_by("translate")
        return await super().translate(request)


class SleepyDetector(FakeDetector):
    """Sleeps at the first speech, in its own thread; ``mark`` is created just before."""

    def __init__(self, *, mark: str) -> None:
        self._mark = Path(mark)

    def stream(self) -> FakeDetectorStream:
        return _SleepyStream(self._mark)


class _SleepyStream(FakeDetectorStream):
    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        found = super().probabilities(pcm)
        if any(found):
            self._mark.touch()
            time.sleep(FOREVER_SECONDS)
        return found


async def _waits() -> None:
    await asyncio.Event().wait()


async def _is_deaf() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def _works() -> None:
    await asyncio.to_thread(time.sleep, FOREVER_SECONDS)


async def _blocks() -> None:
    time.sleep(FOREVER_SECONDS)  # noqa: ASYNC251 -- what a careless engine does


async def _holds_interpreter() -> None:
    ctypes.PyDLL(None).sleep(FOREVER_SECONDS)


async def _leaves_thread() -> None:
    threading.Thread(target=time.sleep, args=[FOREVER_SECONDS], name="stray").start()


ASTRAY = {
    "waits": _waits,
    "is deaf": _is_deaf,
    "works": _works,
    "blocks": _blocks,
    "holds the interpreter": _holds_interpreter,
    "leaves a thread": _leaves_thread,
}
"""Waits for ever; waits and does not react to cancellation; works in a thread; blocks the loop;
blocks it in C and keeps the GIL; leaves a thread that is no daemon."""


def fake(**options: Any) -> str:
    """Return the setting of a fake engine with ``options``."""
    return json.dumps({"BACKEND": "fake", "OPTIONS": options})


def wayward(data_dir: Path, at: str, how: str) -> dict[str, Any]:
    """Return the settings of an engine that goes astray; then ``mark_of(data_dir)`` is there."""
    options = {"mark": str(mark_of(data_dir))}
    if at == "detect":
        return {"HABLA_DETECTOR": _setting(SleepyDetector, options)}
    options |= {"at": at, "how": how}
    if at == "translate":
        return {"HABLA_TRANSLATOR": _setting(WaywardTranslator, options)}
    return {"HABLA_TRANSCRIBER": _setting(WaywardTranscriber, options)}


def mark_of(data_dir: Path) -> Path:
    """Return the file that shows that an engine went astray."""
    return data_dir / "astray"


def _setting(engine: type, options: dict[str, str]) -> str:
    return json.dumps({"BACKEND": f"{__name__}.{engine.__name__}", "OPTIONS": options})


@pytest.fixture
def another(migrated: Path, tmp_path: Path) -> Another:
    """Return a function that creates further data directories."""
    return lambda name: Path(shutil.copytree(migrated, tmp_path / name))


async def speak(guest: Visitor, *sentences: str) -> None:
    """Start listening to PCM, and say sentences with pauses between."""
    await guest.say("start_listening", encoding="pcm-s16le")
    for sentence in sentences:
        await guest.send_sound(say(sentence) + silence(1))


def ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the result of a query on an SQLite database."""
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        return connection.execute(query).fetchall()


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Create a terminal: yield the end for typing, and the end that a program reads."""
    ends = list(pty.openpty())
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            os.close(end)


@asynccontextmanager
async def at_terminal(data_dir: Path, **choices: Any) -> AsyncIterator[tuple[Running, int]]:
    """Serve in the foreground of a terminal; yield the server and the end for typing."""
    with terminal() as (typing, reading):
        through = ("setsid", "--ctty")
        async with running(
            data_dir, has_console=None, stdin=reading, through=through, **choices
        ) as server:
            yield server, typing


def is_running(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X")

"""Printing exchanges in commands: text as they come, other formats at the end, whatever ends it."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

from sessions_app.core.events import Exchange, Failure
from sessions_app.core.exports import ExportFormat, ExportLine, export
from sessions_app.management.terminal import INTERRUPTED, SafeOutput

FORMATS = {
    "text": ExportFormat.TXT,
    "json": ExportFormat.JSON,
    "srt": ExportFormat.SRT,
    "vtt": ExportFormat.VTT,
}
"""Export formats by the names that commands use."""
SAME_SIGNAL_SECONDS = 1.0
"""Signals closer together than this count as one: some programs send each of them twice."""
_BAR = "{desc}{percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"

T = TypeVar("T")


class ExchangePrinter:
    """Prints the exchanges of one command to ``out``, in the format of that name."""

    def __init__(self, out: SafeOutput, name: str) -> None:
        self._out = out
        self._format = FORMATS[name]
        self._exchanges: list[Exchange] = []
        self._running: asyncio.Task[Any] | None = None
        self._interrupted_at: float | None = None
        self._is_over = False
        self._is_printed = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` and return its result; print its exchanges, even if it is interrupted.

        Ctrl+C and SIGTERM cancel it, so that engines and their processes are closed; another one
        ends the process without waiting for that.

        Raises:
            BrokenPipeError: the output is not read any more.
            KeyboardInterrupt: it was interrupted.
        """
        with self._interruptible():
            try:
                result = asyncio.run(self._run(work))
                self._is_over = True
            except asyncio.CancelledError as error:
                if self._interrupted_at is not None:
                    raise KeyboardInterrupt from error
                raise BrokenPipeError from error
            finally:
                self._print()
        return result

    def add(self, exchange: Exchange) -> None:
        """Print an exchange, or collect it until the end."""
        self._exchanges.append(exchange)
        if self._format is not ExportFormat.TXT:
            return
        try:
            with tqdm.external_write_mode():
                self._out.write_export(export([ExportLine(exchange)], ExportFormat.TXT))
                self._out.flush()
        except BrokenPipeError:  # as in `transcribe FILE | head`: there is no use in going on
            if self._running is not None:
                self._running.cancel()

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        self._running = asyncio.current_task()
        if self._interrupted_at is not None:
            work.close()
            raise asyncio.CancelledError
        return await work

    def _print(self) -> None:
        if self._is_printed or self._format is ExportFormat.TXT:
            return
        self._is_printed = True
        if self._is_over or self._exchanges:
            self._out.write_export(export(map(ExportLine, self._exchanges), self._format))
            self._out.flush()

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._interrupt) for number in numbers}
        try:
            yield
        finally:
            # an interrupted process is ending, and a second signal must end it at once
            if self._interrupted_at is None:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _interrupt(self, *_: object) -> None:
        now = time.monotonic()
        if self._interrupted_at is None:
            self._interrupted_at = now
            if self._running is not None:
                self._running.get_loop().call_soon_threadsafe(self._running.cancel)
        elif now - self._interrupted_at > SAME_SIGNAL_SECONDS:
            self._print()
            os._exit(INTERRUPTED)


def missing_utterances(failures: Iterable[Failure]) -> str:
    """Return how many utterances ``failures`` are about; empty: none."""
    missing = {failure.about for failure in failures if isinstance(failure.about, int)}
    return f"Utterances that were not heard, or not translated: {len(missing)}." if missing else ""


def progress_bar(seconds: float) -> "tqdm[Any]":
    """Return a progress bar, which is shown only on a terminal."""
    return tqdm(total=seconds, bar_format=_BAR, disable=None, delay=0.2)


def move_bar(bar: "tqdm[Any]", seconds: float) -> None:
    """Move ``bar`` to ``seconds``; a file may be longer than its header says."""
    bar.total = max(bar.total or 0, seconds)
    bar.update(seconds - bar.n)

"""Exchanges as commands print them: text as it comes, all else at the end, however that comes."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from tqdm import tqdm

from sessions_app.events import Exchange
from sessions_app.exports import ExportFormat, Line, export
from sessions_app.terminal import Shown

FORMATS = {
    "text": ExportFormat.TXT,
    "json": ExportFormat.JSON,
    "srt": ExportFormat.SRT,
    "vtt": ExportFormat.VTT,
}
"""By the names that commands take."""
_BAR = "{desc}{percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"

T = TypeVar("T")


class Printing:
    """What one command hears, printed to ``out`` in the format of that name."""

    def __init__(self, out: Shown, name: str) -> None:
        self._out = out
        self._format = FORMATS[name]
        self._exchanges: list[Exchange] = []
        self._running: asyncio.Task[Any] | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns; print what was told meanwhile, also where it breaks off.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        # a console's Ctrl+C cancels the run, so that engines and their processes are let go
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        is_over = False
        try:
            result = asyncio.run(self._run(work))
            is_over = True
        except asyncio.CancelledError as error:
            raise BrokenPipeError from error
        finally:
            if self._format is not ExportFormat.TXT and (is_over or self._exchanges):
                self._out.write_export(export(map(Line, self._exchanges), self._format))
                self._out.flush()
        return result

    def tell(self, exchange: Exchange) -> None:
        """Take an exchange as it comes."""
        self._exchanges.append(exchange)
        if self._format is not ExportFormat.TXT:
            return
        try:
            with tqdm.external_write_mode():
                self._out.write_export(export([Line(exchange)], ExportFormat.TXT))
                self._out.flush()
        except BrokenPipeError:  # as in `transcribe FILE | head`; nothing more is heard for nobody
            if self._running is not None:
                self._running.cancel()

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        self._running = asyncio.current_task()
        return await work


def open_bar(seconds: float) -> "tqdm[Any]":
    """Return a bar that shows how far it is; without a terminal there is none."""
    return tqdm(total=seconds, bar_format=_BAR, disable=None, delay=0.2)


def move(bar: "tqdm[Any]", seconds: float) -> None:
    """Move ``bar`` to ``seconds``; a header may promise less than a file holds."""
    bar.total = max(bar.total or 0, seconds)
    bar.update(seconds - bar.n)

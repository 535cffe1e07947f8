"""One direction of Apertium with what is changed between its sections."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from sessions_app.engines.translation.apertium_pipeline import PipelineKeeper
from sessions_app.engines.translation.apertium_text import escape, unescape
from sessions_app.engines.translation.rules.draft import Draft, with_blanks
from sessions_app.engines.translation.rules.sections import (
    Rules,
    is_capital,
    keep_inserts,
    put_inserts,
    read_inserts,
    tidy,
)
from sessions_app.engines.translation.rules.units import Unit, read_stream, sentences, write_stream

SECTIONS = 4


class Course:
    """The sections of one direction; if it has fewer than four, nothing is changed."""

    def __init__(self, keepers: Sequence[PipelineKeeper], rules: Rules | None) -> None:
        self._keepers = keepers
        self._rules = rules if len(keepers) == SECTIONS else None

    def rewrite(self, draft: Draft) -> None:
        """Change the text of ``draft`` before it gets its capital and its full stop."""
        if self._rules is not None:
            self._rules.rewrite(draft)

    async def translate(self, draft: Draft, *, seconds: float) -> str:
        """Return the translation of ``draft``; each section may take ``seconds``.

        Raises:
            TimeoutError: one took longer.
            OSError: one broke.
        """
        stream = with_blanks(escape(draft.text))
        if self._rules is not None:
            return unescape(await self._changed(stream, draft, self._rules, seconds))
        for keeper in self._keepers:
            stream = await keeper.ask(stream, seconds=seconds)
        return unescape(stream)

    async def _changed(self, stream: str, draft: Draft, rules: Rules, seconds: float) -> str:
        said, analysed, chosen, made = self._keepers
        units, end = read_stream(await said.ask(stream, seconds=seconds))
        capitals = [is_capital(sentence) for sentence in sentences(units)]
        units = _each(read_inserts(units, draft), rules.tell_apart)
        units, end = read_stream(await analysed.ask(write_stream(units, end), seconds=seconds))
        units = keep_inserts(_each(units, rules.translate), draft)
        bare = [replace(unit, marks="") for unit in units]
        units, end = read_stream(
            await chosen.ask(write_stream(bare, replace(end, marks="")), seconds=seconds)
        )
        finished: list[Unit] = []
        for number, sentence in enumerate(sentences(units)):
            capital = number >= len(capitals) or capitals[number]
            done = put_inserts(rules.finish(sentence), draft)
            finished += tidy(done, capital=capital)
        return await made.ask(write_stream(finished, end), seconds=seconds)

    async def aclose(self) -> None:
        """End the processes and wait until they are gone. May be called twice."""
        await asyncio.gather(*(keeper.aclose() for keeper in self._keepers))


def _each(units: Sequence[Unit], change: Callable[[Sequence[Unit]], list[Unit]]) -> list[Unit]:
    return [unit for sentence in sentences(units) for unit in change(sentence)]

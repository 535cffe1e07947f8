"""Storing exchanges: once words were found they are stored, with a translation or without."""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from typing import Any, NoReturn

from sessions_app.core.errors import HablaError
from sessions_app.core.events import Emit, Exchange, Failure, FinalTranscript, Translation
from sessions_app.pipeline.exchanges import exchange_of
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.session_context import Keep
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

NO_TIME = "There was no time left to translate this sentence."

Kept = tuple[Exchange, Failure | None]
"""An exchange, with its id if it has one; and the failure, if it is lost."""


class ExchangeKeeper:
    """Makes an exchange of each utterance that has words, and has it stored exactly once."""

    def __init__(self, keep: Keep, transcriber: str, idioms: IdiomBook) -> None:
        self._keep = keep
        self._transcriber = transcriber
        self._idioms = idioms
        self._untranslated: dict[int, tuple[Utterance, FinalTranscript]] = {}
        self._rest: list[tuple[Failure, asyncio.Future[Kept]]] = []
        """What will not be translated any more, and is being stored."""

    def note(self, utterance: Utterance, final: FinalTranscript) -> None:
        """Note that an utterance has words and is to be translated."""
        self._untranslated[utterance.id] = utterance, final

    async def keep(
        self,
        utterance: Utterance,
        final: FinalTranscript,
        translation: Translation,
        failure: Failure | None,
    ) -> Kept:
        """Return the exchange, with its id if it has one; and the failure, if it is lost."""
        return await self._begin(utterance, final, translation, failure)

    def begin_rest(self) -> None:
        """Hand over to be stored the words that will not be translated any more."""
        for _, (utterance, final) in sorted(self._untranslated.items()):
            failure = Failure("translation_failed", NO_TIME, about=utterance.id)
            saving = self._begin(utterance, final, Translation(""), failure, was_cut_off=True)
            self._rest.append((failure, asyncio.ensure_future(saving)))

    async def keep_rest(self, emit: Emit) -> None:
        """Store the words that will not be translated any more; the workers have ended.

        All are handed over before the first is waited for: what follows may be cut short.
        """
        self.begin_rest()
        rest, self._rest = self._rest, []
        kept = await asyncio.gather(*(saving for _, saving in rest))
        for (failure, _), (_, loss) in zip(rest, kept, strict=True):
            await emit(failure)
            if loss is not None:
                await emit(loss)

    def _begin(
        self,
        utterance: Utterance,
        final: FinalTranscript,
        translation: Translation,
        failure: Failure | None,
        *,
        was_cut_off: bool = False,
    ) -> Coroutine[Any, Any, Kept]:
        """Hand an exchange over to be stored, at once; return what waits for the outcome."""
        made = exchange_of(utterance, final, translation, failure, self._transcriber, self._idioms)
        made = replace(made, awaits_translation=was_cut_off)
        self._untranslated.pop(utterance.id, None)
        saving: Awaitable[Exchange]
        try:
            saving = self._keep(made, utterance)
        except HablaError as error:
            saving = _refused(error)
        return _outcome(made, saving)

    def is_due(self, utterance_id: int) -> bool:
        """Return whether an utterance has words that are not stored yet."""
        return utterance_id in self._untranslated


async def _outcome(made: Exchange, saving: Awaitable[Exchange]) -> Kept:
    try:
        return await saving, None
    except HablaError as error:
        return made, Failure(*explain(error, ""), about=made.utterance_id)


async def _refused(error: HablaError) -> NoReturn:
    raise error


def explain(error: Exception, message: str) -> tuple[str, str]:
    """Return the code and the message of ``error``; ``message`` where the error is a bug."""
    if isinstance(error, HablaError):
        logger.warning("%s (%s)", error, error.code)
        return error.code, str(error)
    logger.error("a bug in the pipeline", exc_info=error)
    return "internal", message

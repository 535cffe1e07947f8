"""Storing exchanges: once words were found they are stored, with a translation or without."""

import logging

from sessions_app.core.errors import HablaError
from sessions_app.core.events import Emit, Exchange, Failure, FinalTranscript, Translation
from sessions_app.pipeline.exchanges import exchange_of
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.session_context import Keep
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

NO_TIME = "There was no time left to translate this sentence."


class ExchangeKeeper:
    """Makes an exchange of each utterance that has words, and has it stored exactly once."""

    def __init__(self, keep: Keep, transcriber: str, idioms: IdiomBook) -> None:
        self._keep = keep
        self._transcriber = transcriber
        self._idioms = idioms
        self._untranslated: dict[int, tuple[Utterance, FinalTranscript]] = {}

    def note(self, utterance: Utterance, final: FinalTranscript) -> None:
        """Note that an utterance has words and is to be translated."""
        self._untranslated[utterance.id] = utterance, final

    async def keep(
        self,
        utterance: Utterance,
        final: FinalTranscript,
        translation: Translation,
        failure: Failure | None,
    ) -> tuple[Exchange, Failure | None]:
        """Return the exchange, with its id if it has one; and the failure, if it is lost."""
        self._untranslated.pop(utterance.id, None)
        made = exchange_of(utterance, final, translation, failure, self._transcriber, self._idioms)
        try:
            return await self._keep(made, utterance), None
        except HablaError as error:
            return made, Failure(*explain(error, ""), about=utterance.id)

    async def keep_rest(self, emit: Emit) -> None:
        """Store the words that will not be translated any more; the workers have ended."""
        told: list[Failure] = []
        for utterance, final in list(self._untranslated.values()):
            failure = Failure("translation_failed", NO_TIME, about=utterance.id)
            _, loss = await self.keep(utterance, final, Translation(""), failure)
            told += [failure] if loss is None else [failure, loss]
        for failure in told:
            await emit(failure)

    def is_due(self, utterance_id: int) -> bool:
        """Return whether an utterance has words that are not stored yet."""
        return utterance_id in self._untranslated


def explain(error: Exception, message: str) -> tuple[str, str]:
    """Return the code and the message of ``error``; ``message`` where the error is a bug."""
    if isinstance(error, HablaError):
        logger.warning("%s (%s)", error, error.code)
        return error.code, str(error)
    logger.error("a bug in the pipeline", exc_info=error)
    return "internal", message

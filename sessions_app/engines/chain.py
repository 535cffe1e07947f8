"""A translator made of translators: the first that can, and the next when it fails."""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack

from sessions_app.engines.base import Translator
from sessions_app.errors import EngineError, EngineUnavailableError
from sessions_app.events import Direction, Translation, TranslationRequest

logger = logging.getLogger(__name__)

BOTH_DIRECTIONS = frozenset({Direction.ES_TO_EN, Direction.EN_TO_ES})


def directions_of(translator: Translator) -> frozenset[Direction]:
    """Return the directions that ``translator`` says it knows; both where it says nothing."""
    directions: frozenset[Direction] = getattr(translator, "directions", BOTH_DIRECTIONS)
    return directions


class ChainTranslator:
    """Asks its translators in order; ``Translation.engine`` names the one that answered."""

    def __init__(self, translators: Sequence[Translator]) -> None:
        self._translators = tuple(translators)

    @property
    def directions(self) -> frozenset[Direction]:
        """Return the directions that at least one of the translators knows."""
        return frozenset().union(*(directions_of(each) for each in self._translators))

    async def load(self) -> None:
        """Load each; go on with those that could be.

        Raises:
            EngineUnavailableError: none could be; it is the reason of the first.
        """
        loaded: list[Translator] = []
        failures: list[EngineUnavailableError] = []
        for translator in self._translators:
            try:
                await translator.load()
                loaded.append(translator)
            except EngineUnavailableError as error:
                logger.warning("a translator of the chain cannot be loaded: %s", error)
                failures.append(error)
                await translator.aclose()
        if failures and not loaded:
            raise failures[0]
        self._translators = tuple(loaded)

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return the answer of the first translator that has one.

        Raises:
            EngineError: of the last one asked, or because none knows the direction.
        """
        failure = EngineError("There is no translator for this direction.")
        for translator in self._translators:
            if request.direction not in directions_of(translator):
                continue
            try:
                return await translator.translate(request)
            except EngineError as error:
                logger.warning("a translator of the chain failed: %s", error)
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close every translator, even if one of them fails at it. May be called twice."""
        async with AsyncExitStack() as closing:
            for translator in self._translators:
                closing.push_async_callback(translator.aclose)

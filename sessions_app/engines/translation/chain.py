"""A chain of translators: the first one that can answers; if it fails, the next one."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace

from sessions_app.engines.base import (
    BadTranslationError,
    Board,
    Direction,
    EngineError,
    EngineLoadingError,
    EngineUnavailableError,
    PassedOver,
    Said,
    Tell,
    Translation,
    TranslationRequest,
    Translator,
)
from sessions_app.engines.translation.circuit_breaker import BreakerState, CircuitBreaker
from sessions_app.engines.translation.judged import judged

logger = logging.getLogger(__name__)


def trusted(translators: Sequence[Translator]) -> list[Translator]:
    """Return ``translators`` without any in the cloud that would be a fallback for a local one.

    Choosing a local translator is no consent to what is said leaving the machine.
    """
    kept: list[Translator] = []
    for translator in translators:
        if translator.is_cloud and not all(each.is_cloud for each in kept):
            logger.warning("a translator in the cloud is no fallback for a local one: left out")
        else:
            kept.append(translator)
    return kept


@dataclass(slots=True)
class _Provider:
    translator: Translator
    breaker: CircuitBreaker
    drafting: CircuitBreaker
    """For drafts alone: they are asked for far more often, and matter less."""
    is_reloading: bool = False
    """Whether its model, by the last failure, has to be loaded again."""

    def knows(self, direction: Direction) -> bool:
        return direction in self.translator.directions

    @property
    def why(self) -> str:
        """Return that it is left alone, and why; empty: it is not."""
        if self.breaker.state is BreakerState.CLOSED:
            return ""
        return f"The language model failed lately, and is left alone: {self.breaker.failure}"

    @contextmanager
    def attempt(self, *, is_last: bool) -> Iterator[None]:
        """Watch one request for a final."""
        # the last one is not left alone for a bad answer: its next may be good
        forgiven = (BadTranslationError,) if is_last else ()
        try:
            with self.breaker.attempt(forgiven=forgiven):
                yield
        except EngineError:
            model = self.translator.remote_model
            self.is_reloading = model is not None and model.is_loading
            raise

    def cut_rest_short(self) -> None:
        """Leave it alone no longer if its model was loaded again since it failed."""
        model = self.translator.remote_model
        if self.is_reloading and model and not (model.is_loading or model.hindrance):
            self.breaker.cut_rest_short()


class _ChainModels:
    """The remote models of ``providers``, as one."""

    def __init__(self, providers: Sequence[_Provider]) -> None:
        self._providers = providers
        models = (each.translator.remote_model for each in providers)
        self._models = [model for model in models if model is not None]

    @property
    def board(self) -> Board:
        """Return the board of the first one."""
        return self._models[0].board

    @property
    def is_loading(self) -> bool:
        """Whether one of them is being loaded."""
        return any(model.is_loading for model in self._models)

    @property
    def why(self) -> str | None:
        """Return what people should know about them at the moment; None: nothing."""
        told = [model.why for model in self._models if model.why]
        if not told:
            told = [each.why for each in self._providers if each.translator.remote_model]
        return " ".join(filter(None, told)) or None

    @property
    def hindrance(self) -> str:
        """Return why a direction cannot be translated at the moment; empty: each can."""
        known = frozenset[Direction]().union(
            *(each.translator.directions for each in self._providers)
        )
        for direction in sorted(known):
            models = [
                each.translator.remote_model for each in self._providers if each.knows(direction)
            ]
            told = [model.hindrance if model else "" for model in models]
            if all(told):
                return told[0]
        return ""

    def warm_up(self) -> None:
        """Begin to load those that may not be loaded."""
        for model in self._models:
            model.warm_up()

    async def loaded(self) -> None:
        """Wait until none is being loaded any more."""
        for model in self._models:
            await model.loaded()


class ChainTranslator(Translator):
    """Asks its translators in order; ``Translation.engine`` names the one that answered.

    Each answer is judged: if it is no translation the next translator is asked, and that is
    reported with the answer. Each has its own circuit breaker: after failures it is left alone for
    a while. Where all are, one whose model was loaded again meanwhile is asked nevertheless, once.
    ``name`` is that of a translator whose answers name none. ``clock`` is monotonic, in seconds.
    """

    needs_no_judging = True

    def __init__(
        self,
        translators: Sequence[Translator],
        *,
        name: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        kept = trusted(translators)
        self._left_out = [one for one in translators if one not in kept]
        self._awaited = 0
        """How many translations are being waited for."""
        self._use(
            _Provider(judged(each), CircuitBreaker(clock=clock), CircuitBreaker(clock=clock))
            for each in kept
        )

    def _use(self, providers: Iterable[_Provider]) -> None:
        self._providers = tuple(providers)
        translators = [each.translator for each in self._providers]
        self.directions = frozenset[Direction]().union(*(each.directions for each in translators))
        self.is_cloud = any(each.is_cloud for each in translators)
        self.corrects = any(each.corrects for each in translators)
        has_model = any(each.remote_model for each in translators)
        self.remote_model = _ChainModels(self._providers) if has_model else None

    async def load(self) -> None:
        """Load each; continue with those that could be loaded.

        Raises:
            EngineUnavailableError: none could be; it is the error of the first.
        """
        loaded: list[_Provider] = []
        failures: list[EngineUnavailableError] = []
        for provider in self._providers:
            try:
                await provider.translator.load()
                loaded.append(provider)
            except EngineUnavailableError as error:
                logger.warning("a translator of the chain cannot be loaded: %s", error)
                failures.append(error)
                await provider.translator.aclose()
        if failures and not loaded:
            raise failures[0]
        self._use(loaded)

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return the first good answer.

        Raises:
            EngineError: of the last one asked, or because none knows the direction or all are left
                alone.
            BadTranslationError: the last answer was no translation.
        """
        self._awaited += 1
        try:
            return await self._translate(request)
        finally:
            self._awaited -= 1

    async def _translate(self, request: TranslationRequest) -> Translation:
        failure: EngineError | None = None
        passed_over: list[PassedOver] = []
        for provider, is_last in self._in_turn(request.direction):
            try:
                with provider.attempt(is_last=is_last):
                    made = await provider.translator.translate(request)
            except BadTranslationError as error:
                logger.warning("what %s gave is no translation: %s", error.engine, error.fault)
                passed_over.append(PassedOver(error.engine, error.fault))
                failure = error
            except EngineLoadingError as error:
                logger.info("a translator of the chain loads its model")
                failure = error
            except EngineError as error:
                state = provider.breaker.state
                logger.warning("a translator of the chain failed, and is %s: %s", state, error)
                failure = error
            else:
                return replace(self._named(made), passed_over=tuple(passed_over))
        raise failure or self._nobody(request.direction)

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return the answer of the translator that the final will be asked of; None: it gives none.

        Nothing is begun ahead while any session waits for a translation.

        Raises:
            EngineError: it failed; that is no reason to leave it alone when the final comes.
        """
        provider = self._well(request.direction)
        if self._awaited or provider is None or not provider.drafting.allows:
            return None
        with provider.drafting.attempt():
            made = await provider.translator.translate_ahead(request)
        return None if made is None else self._named(made)

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Have the translator that the final will be asked of tell a draft, if it can.

        Raises:
            EngineError: it failed; drafts have no fallback.
        """
        provider = self._well(request.direction)
        if provider is None or not provider.drafting.allows:
            return
        with provider.drafting.attempt():
            await provider.translator.draft(request, tell)

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return the topic of ``said``, if the translator in use finds one; empty otherwise.

        Raises:
            EngineError: it failed.
        """
        provider = self._well(said[-1].direction) if said else None
        return await provider.translator.find_topic(said, topic) if provider else ""

    async def aclose(self) -> None:
        """Close every translator, even if one of them fails at it. May be called twice."""
        async with AsyncExitStack() as closing:
            for translator in [*self._left_out, *(each.translator for each in self._providers)]:
                closing.push_async_callback(translator.aclose)

    def _named(self, made: Translation) -> Translation:
        return made if made.engine else replace(made, engine=self._name)

    def _in_turn(self, direction: Direction) -> Iterator[tuple[_Provider, bool]]:
        """Yield the translators that may be asked, each with whether it is the last one."""
        providers = list(self._for(direction))
        if not any(each.breaker.allows for each in providers):
            for each in providers:
                each.cut_rest_short()
        for number, provider in enumerate(providers, 1):
            if provider.breaker.allows:
                yield provider, not any(each.breaker.allows for each in providers[number:])

    def _nobody(self, direction: Direction) -> EngineError:
        if any(self._for(direction)):
            return EngineError("The translator failed lately, and is left alone for now.")
        return EngineError("There is no translator for this direction.")

    def _for(self, direction: Direction) -> Iterator[_Provider]:
        return (provider for provider in self._providers if provider.knows(direction))

    def _well(self, direction: Direction) -> _Provider | None:
        """Return the translator that a final would be asked of, if its breaker is closed."""
        asked = next((each for each in self._for(direction) if each.breaker.allows), None)
        return asked if asked and asked.breaker.state is BreakerState.CLOSED else None

"""Whether a model is loaded, judging by its last answer; if not, it is loaded in the background."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite

from sessions_app.core.errors import (
    BadTranslationError,
    EngineBusyError,
    EngineError,
    EngineLoadingError,
)
from sessions_app.engines.llm.client import NotInTimeError, ServerAwayError
from sessions_app.engines.model_condition import READY, Board, ModelCondition, ModelState

LOAD_SECONDS = 600.0
"""How long a model may take to load: a large one, from a slow disk."""
IDLE_SECONDS = 60.0
"""How long a model counts as loaded after an answer: Ollama unloads it after five minutes."""
LEAST_IDLE_SECONDS = 5.0
"""The least of that, for servers that unload sooner."""
TELL_SECONDS = 1.0
"""Loading that takes less time is not reported."""
REST_SECONDS = 5.0
"""How long no attempt is made by itself after a model could not be used."""
LOADING = "The language model is being loaded."
CLOSED = "The language model is not asked any more."


@dataclass(frozen=True, slots=True)
class LoaderMessages:
    """What people are told about a model that is being loaded."""

    while_loading: Callable[[], str]
    """Returns nothing as long as there is no server that could load one."""
    of_failure: Callable[[EngineError], str]
    hint: Callable[[], str] = str
    """Returns what else they should know."""


class ModelLoader:
    """Loads a model by ``load``, once at a time and within a time limit, before it is used.

    ``load`` raises EngineError if no model can be used. ``clock`` is monotonic, in seconds.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[None]],
        messages: LoaderMessages,
        *,
        load_seconds: float = LOAD_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.board = Board()
        self._load = load
        self._messages = messages
        self._load_seconds = load_seconds
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._answered_at = 0.0
        self._began_at = 0.0
        self._warm_until = 0.0
        self._rests_until = 0.0
        self._failure: EngineError | None = None
        self._loading: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def is_warm(self) -> bool:
        """Whether it answered lately."""
        return self._clock() < self._warm_until

    @property
    def is_loading(self) -> bool:
        """Whether it is being loaded, or searched for."""
        return self._loading is not None and not self._loading.done()

    @property
    def why(self) -> str | None:
        """Return what people should know about it at the moment; None: nothing."""
        return " ".join(filter(None, (self.hindrance, self._messages.hint()))) or None

    @property
    def hindrance(self) -> str:
        """Return why it cannot be used at the moment; empty: it can."""
        return self.board.condition.message

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note whether the model answers; one that may have been unloaded is loaded again."""
        silent_seconds = self._clock() - self._answered_at
        try:
            yield
        except (ServerAwayError, EngineLoadingError, NotInTimeError) as error:
            if isinstance(error, NotInTimeError) and isfinite(self._idle_seconds):
                # it may have been unloaded sooner than expected
                shorter = max(silent_seconds / 2, LEAST_IDLE_SECONDS)
                self._idle_seconds = min(self._idle_seconds, shorter)
            self._warm_until = 0.0
            self.begin()
            raise
        except (BadTranslationError, EngineBusyError):
            raise
        except EngineError:
            self._warm_until = 0.0
            raise
        self._note_answer()

    def begin(self) -> None:
        """Begin to load it, unless it is being loaded."""
        if not (self.is_loading or self._is_closed):
            self._began_at = self._clock()
            self._loading = asyncio.create_task(self._run(), name="habla language model")

    def warm_up(self) -> None:
        """Begin to load it, unless it answered lately or has just failed."""
        if not self.is_warm and self._clock() >= self._rests_until:
            self.begin()

    async def ensure_loaded(self, seconds: float) -> None:
        """Load it if need be; wait until that has taken ``seconds``, but no longer.

        So many sentences wait no longer than one while a model loads.

        Raises:
            EngineLoadingError: it is still being loaded.
            EngineError: it cannot be used.
        """
        if self.is_warm:
            return
        self.begin()
        left = self._began_at + seconds - self._clock()
        if not await self._is_over(max(left, 0.0)):
            raise EngineLoadingError(LOADING)
        if self._failure is not None:
            raise self._failure

    async def loaded(self) -> None:
        """Wait until loading has ended."""
        await self._is_over(None)

    async def aclose(self) -> None:
        """End loading. May be called twice."""
        self._is_closed = True
        loading, self._loading = self._loading, None
        self._failure = EngineError(CLOSED)
        if loading is not None:
            loading.cancel()
            await asyncio.wait({loading})

    async def _is_over(self, seconds: float | None) -> bool:
        # a caller that leaves ends its wait, but not the loading
        loading = self._loading
        if loading is None:
            return True
        await asyncio.wait({loading}, timeout=seconds)
        if loading.done() and not loading.cancelled():
            loading.result()  # raises unexpected errors
        return loading.done()

    async def _run(self) -> None:
        telling = asyncio.create_task(self._tell(), name="habla language model news")
        try:
            async with asyncio.timeout(self._load_seconds):
                await self._load()
        except TimeoutError:
            seconds = self._load_seconds
            self._fail(EngineError(f"The language model was not loaded within {seconds:g} s."))
        except EngineError as error:
            self._fail(error)
        else:
            self._failure = None
            self._note_answer()
        finally:
            telling.cancel()
            await asyncio.wait({telling})

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            if message := self._messages.while_loading():
                self.board.post(ModelCondition(ModelState.LOADING, message))

    def _note_answer(self) -> None:
        self._answered_at = self._clock()
        self._warm_until = self._answered_at + self._idle_seconds
        self.board.post(READY)

    def _fail(self, error: EngineError) -> None:
        self._failure = error
        self._rests_until = self._clock() + REST_SECONDS
        self.board.post(ModelCondition(ModelState.DOWN, self._messages.of_failure(error)))

"""Building one engine from a choice: its class imported, called and loaded, off the event loop."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sessions_app.core.errors import EngineError, EngineUnavailableError, SettingsError
from sessions_app.engines.base import (
    BOTH_DIRECTIONS,
    BOTH_LANGUAGES,
    Detector,
    Direction,
    Engine,
    Progress,
    Transcriber,
    Translator,
)
from sessions_app.engines.choices import (
    GIVEN,
    EngineChoice,
    check_options,
    find_class,
    kind_of,
    place_of,
)
from sessions_app.engines.translation.phrasebook import PhrasebookTranslator
from sessions_app.engines.translation.rule_based import RuleBasedTranslator

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

LOAD_SECONDS = 3600.0
"""How long an engine may take to load: the largest model, over a slow connection."""
CLOSE_SECONDS = 10.0
"""How long an engine may take to close."""

KINDS: Mapping[str, type[Engine]] = {
    "transcriber": Transcriber,
    "translator": Translator,
    "detector": Detector,
}


async def build(
    choice: EngineChoice,
    *,
    variable: str,
    models_dir: Path,
    models_from: Path | None = None,
    progress: Progress,
) -> Any:
    """Return the engine of ``choice``, not loaded yet.

    Its module is imported and its class called in a thread: either may take a second. It is given
    ``models_dir``, ``models_from`` and ``progress`` if it takes them.

    Raises:
        EngineUnavailableError: there is no such class, or it refuses the OPTIONS, or it fails.
    """
    ours = dict(zip(GIVEN, (models_dir, models_from, progress), strict=True))
    engine = await _in_thread(lambda: _construct(choice, ours, variable))
    return _equipped(engine) if isinstance(engine, Translator) else engine


def _equipped(translator: Translator) -> Translator:
    """Return ``translator`` behind what its capabilities ask for."""
    marked = RuleBasedTranslator(translator) if translator.is_rule_based else translator
    return PhrasebookTranslator(marked) if translator.needs_phrasebook else marked


def _construct(choice: EngineChoice, ours: Mapping[str, Any], variable: str) -> Any:
    engine_class = _class_of(choice, variable)
    known = inspect.signature(engine_class).parameters
    given = {name: value for name, value in ours.items() if name in known}
    try:
        engine = engine_class(**{**given, **choice.options})
    except EngineError:
        raise
    except Exception as error:
        if choice.options and isinstance(error, TypeError | ValueError):
            raise EngineUnavailableError(
                f"{variable}: {choice.backend} cannot use a value in its OPTIONS "
                f"({place_of(error)})."
            ) from error
        raise _failure(choice, variable, error) from error
    if not isinstance(engine, KINDS[kind_of(variable)]):
        raise EngineUnavailableError(_wrong_kind(choice, variable))
    return engine


def _class_of(choice: EngineChoice, variable: str) -> Any:
    try:
        found = find_class(choice.backend, variable=variable)
        check_options(found, choice, variable=variable)
        engine_class = with_defaults(found, kind_of(variable))
    except SettingsError as error:
        raise EngineUnavailableError(str(error)) from error
    except TypeError as error:
        raise EngineUnavailableError(_wrong_kind(choice, variable)) from error
    if inspect.isabstract(engine_class):
        lacking = ", ".join(sorted(engine_class.__abstractmethods__))
        raise EngineUnavailableError(f"{_wrong_kind(choice, variable)} It has no {lacking}.")
    return engine_class


def _failure(choice: EngineChoice, variable: str, error: Exception) -> EngineUnavailableError:
    """Return what is told of an engine that raised what no engine may; the log has all of it."""
    logger.error("%s: %s has a bug", variable, choice.backend, exc_info=error)
    return EngineUnavailableError(
        f"{variable}: {choice.backend} failed while loading ({place_of(error)}); the log has it."
    )


def _wrong_kind(choice: EngineChoice, variable: str) -> str:
    return f"{variable}: {choice.backend} is not the class of a {kind_of(variable)}."


def with_defaults(engine_class: Any, kind: str) -> Any:
    """Return ``engine_class``, or a subclass of it that inherits from the class of its kind.

    So an engine that has only the required methods gets the default of every capability.

    Raises:
        TypeError: no class can inherit from both.
    """
    if not isinstance(engine_class, type) or issubclass(engine_class, KINDS[kind]):
        return engine_class
    named = {"__module__": engine_class.__module__, "__doc__": engine_class.__doc__}
    return type(engine_class.__name__, (engine_class, KINDS[kind]), named)


async def _in_thread(work: Callable[[], Result]) -> Result:
    executor = ThreadPoolExecutor(1, thread_name_prefix="habla loading")
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(executor, work)
    except TimeoutError as error:
        raise EngineUnavailableError("An engine could not be loaded in time.") from error
    finally:
        executor.shutdown(wait=False)


async def load_engine(engine: Engine, choice: EngineChoice, *, variable: str) -> None:
    """Load the ``engine`` of ``choice``, and check its capabilities.

    Raises:
        EngineUnavailableError: it cannot be used, with what to do about it.
    """
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            await engine.load()
    except TimeoutError as error:
        raise EngineUnavailableError("An engine could not be loaded in time.") from error
    except EngineError:
        raise
    except Exception as error:
        raise _failure(choice, variable, error) from error
    for name, right in _wrong_capabilities(engine):
        raise EngineUnavailableError(
            f"{type(engine).__name__}.{name} is {getattr(engine, name)!r}; {right} would be right."
        )


def _wrong_capabilities(engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield each attribute of ``engine`` with an impossible value, and what would be right."""
    if isinstance(engine, Transcriber):
        if not _is_count(engine.parallel):
            yield "parallel", "a whole number of at least 1"
        if not _is_some_of(engine.languages, BOTH_LANGUAGES):
            yield "languages", "a frozenset of 'es', 'en' or both"
    if isinstance(engine, Translator) and not (
        _is_some_of(engine.directions, BOTH_DIRECTIONS)
        and all(isinstance(each, Direction) for each in engine.directions)
    ):
        yield "directions", "a frozenset of Direction.ES_TO_EN, Direction.EN_TO_ES or both"


def _is_count(found: object) -> bool:
    return isinstance(found, int) and found >= 1


def _is_some_of(found: object, all_of_them: frozenset[Any]) -> bool:
    return isinstance(found, frozenset | set) and set() < found <= all_of_them


async def close_engine(engine: Engine) -> None:
    """Close ``engine``; continue without it if that takes too long."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await engine.aclose()
    except TimeoutError:
        logger.warning("%s did not close within %s s", type(engine).__name__, CLOSE_SECONDS)

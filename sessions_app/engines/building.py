"""One engine from one choice: its class imported, built and loaded, off the event loop."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sessions_app.core.errors import EngineUnavailableError, SettingsError
from sessions_app.engines.base import Progress
from sessions_app.engines.choices import EngineChoice, check_options, find_class
from sessions_app.engines.translation.phrasebook import PhrasebookTranslator

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

LOAD_SECONDS = 3600.0
"""How long an engine may take to load: the largest model, over a slow line."""
CLOSE_SECONDS = 10.0
"""How long an engine may take to close."""


async def build(
    choice: EngineChoice,
    *,
    variable: str,
    models_dir: Path,
    models_from: Path | None = None,
    progress: Progress,
) -> Any:
    """Return the engine of ``choice``, not loaded yet.

    Its module is imported and its class called in a thread: either may take a second. Habla's own
    engines are given ``models_dir``, ``models_from`` and ``progress`` where they take them.

    Raises:
        EngineUnavailableError: there is no such class, or it refuses the OPTIONS.
    """
    ours = {
        "models_dir": models_dir,
        "models_from": models_from,
        "progress": progress,
    }
    if "." in choice.backend:
        ours = {}
    engine = await _in_thread(lambda: _construct(choice, ours, variable))
    return PhrasebookTranslator(engine) if choice.backend == "apertium" else engine


def _construct(choice: EngineChoice, ours: Mapping[str, Any], variable: str) -> Any:
    try:
        engine_class = find_class(choice.backend, variable=variable)
        check_options(engine_class, choice, variable=variable)
    except SettingsError as error:
        raise EngineUnavailableError(str(error)) from error
    known = inspect.signature(engine_class).parameters
    given = {name: value for name, value in ours.items() if name in known}
    try:
        return engine_class(**{**given, **choice.options})
    except (TypeError, ValueError) as error:
        raise EngineUnavailableError(
            f"{variable}: {choice.backend} cannot use a value in its OPTIONS."
        ) from error


async def _in_thread(work: Callable[[], Result]) -> Result:
    executor = ThreadPoolExecutor(1, thread_name_prefix="habla loading")
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(executor, work)
    except TimeoutError as error:
        raise EngineUnavailableError("An engine could not be loaded in time.") from error
    finally:
        executor.shutdown(wait=False)


async def load(engine: Any) -> None:
    """Load ``engine`` if it is of a kind that is loaded.

    Raises:
        EngineUnavailableError: with how to mend it.
    """
    loading = getattr(engine, "load", None)
    if loading is None:
        return
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            await loading()
    except TimeoutError as error:
        raise EngineUnavailableError("An engine could not be loaded in time.") from error


async def close(engine: Any) -> None:
    """Close ``engine`` if it is of a kind that is closed; go on without it when it takes long."""
    closing = getattr(engine, "aclose", None)
    if closing is None:
        return
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await closing()
    except TimeoutError:
        logger.warning("%s did not close within %s s", type(engine).__name__, CLOSE_SECONDS)

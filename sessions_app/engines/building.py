"""One engine from one choice: its class imported, built and loaded, off the event loop."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sessions_app.engines.choices import EngineChoice, find_class
from sessions_app.engines.phrasebook import PhrasebookTranslator
from sessions_app.errors import EngineUnavailableError, SettingsError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

LOAD_SECONDS = 3600.0
"""How long an engine may take to load: the largest model, over a slow line."""
CLOSE_SECONDS = 10.0
"""How long an engine may take to close."""
_WITH_MODELS_DIR = frozenset({"faster-whisper", "opus-mt"})
"""The short names whose classes are told where models lie."""


async def build(choice: EngineChoice, *, variable: str, models_dir: Path) -> Any:
    """Return the engine of ``choice``, not loaded yet.

    Its module is imported and its class called in a thread: either may take a second.

    Raises:
        EngineUnavailableError: there is no such class, or it refuses the OPTIONS.
    """
    options = dict(choice.options)
    if choice.backend in _WITH_MODELS_DIR:
        options.setdefault("models_dir", models_dir)
    engine = await _in_thread(lambda: _construct(choice.backend, options, variable))
    return PhrasebookTranslator(engine) if choice.backend == "apertium" else engine


def _construct(backend: str, options: Mapping[str, Any], variable: str) -> Any:
    try:
        engine_class = find_class(backend, variable=variable)
    except SettingsError as error:
        raise EngineUnavailableError(str(error)) from error
    _check_options(engine_class, options, f"{variable}: {backend}")
    try:
        return engine_class(**options)
    except (TypeError, ValueError) as error:
        raise EngineUnavailableError(
            f"{variable}: {backend} cannot use a value in its OPTIONS."
        ) from error


def _check_options(engine_class: Callable[..., Any], options: Mapping[str, Any], who: str) -> None:
    signature = inspect.signature(engine_class)
    try:
        signature.bind(**options)
    except TypeError as error:
        known = ", ".join(signature.parameters) or "none"
        raise EngineUnavailableError(
            f"{who} does not take these OPTIONS. It takes: {known}."
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

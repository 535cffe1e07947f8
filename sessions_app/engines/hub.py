"""Models that are fetched: what there is, where it lies, and how it comes from the hub.

The hub is where huggingface_hub looks: HF_ENDPOINT names another one, HF_HUB_OFFLINE forbids it.
Its client and what that brings take 25 MB; they are imported when the hub is asked, not before.
"""

import asyncio
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sessions_app.engines.base import Progress
from sessions_app.errors import EngineUnavailableError

PROBE_SECONDS = 8.0
"""How long the hub may take to answer at all; ten seconds are promised to people."""
MODELS_DIR = Path("data") / "models"
"""Where models lie when nobody says otherwise, from the directory Habla runs in."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on the hub."""

    name: str
    """What people call it, and its directory among the models."""
    repo: str
    needs: tuple[str, ...]
    """Patterns of file names; for each there must be a file, and none may be empty."""
    extras: tuple[str, ...] = ()
    """Patterns of what is fetched too where the hub has it."""
    megabytes: int | None = None
    """About how much is fetched; None: unknown."""
    about: str = ""


WHISPER_NEEDS = ("config.json", "model.bin", "tokenizer.json", "vocabulary.*")
WHISPER_EXTRAS = ("preprocessor_config.json",)
OPUS_MT_NEEDS = ("config.json", "model.bin", "shared_vocabulary.*", "source.spm", "target.spm")


def _whisper(size: str, megabytes: int, about: str, owner: str = "Systran") -> HubModel:
    repo = f"{owner}/faster-whisper-{size}"
    return HubModel(
        f"whisper-{size}", repo, WHISPER_NEEDS, WHISPER_EXTRAS, megabytes, f"transcription: {about}"
    )


def _opus_mt(direction: str, about: str) -> HubModel:
    name = f"opus-mt-{direction}"
    repo = f"michaelfeil/ct2fast-{name}"
    return HubModel(name, repo, OPUS_MT_NEEDS, (), 80, f"translation: {about}")


MODELS = {
    model.name: model
    for model in (
        _whisper("tiny", 78, "fastest, roughest"),
        _whisper("base", 148, "fast, rough"),
        _whisper("small", 486, "good on any recent processor"),
        _whisper("medium", 1530, "better, wants a graphics card"),
        _whisper("large-v3", 3090, "best, wants a graphics card"),
        _whisper("large-v3-turbo", 1620, "nearly the best, much faster", owner="mobiuslabsgmbh"),
        _whisper("tiny.en", 78, "English only, fastest, roughest"),
        _whisper("base.en", 148, "English only, fast, rough"),
        _whisper("small.en", 486, "English only, good on any recent processor"),
        _whisper("medium.en", 1530, "English only, better, wants a graphics card"),
        _opus_mt("es-en", "Spanish into English"),
        _opus_mt("en-es", "English into Spanish"),
    )
}
RECOMMENDED = ("whisper-small", "opus-mt-es-en", "opus-mt-en-es")
"""What a laptop needs to interpret well in both directions."""


def find(name: str) -> HubModel:
    """Return the model called ``name``.

    ``small`` stands for ``whisper-small``; ``owner/repository`` for any Whisper on the hub.

    Raises:
        EngineUnavailableError: there is none.
    """
    if model := MODELS.get(name) or MODELS.get(f"whisper-{name}"):
        return model
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return HubModel(name.replace("/", "--"), name, WHISPER_NEEDS, WHISPER_EXTRAS)
    known = ", ".join(sorted(MODELS))
    raise EngineUnavailableError(f"There is no model called {name!r}. There are: {known}.")


def is_on_disk(name: str, models_dir: Path | str = MODELS_DIR) -> Path | None:
    """Return the directory of model ``name`` if all it needs lies there; otherwise None.

    Raises:
        EngineUnavailableError: there is no such model.
    """
    model = find(name)
    directory = Path(models_dir) / model.name
    return None if missing(directory, model.needs) else directory


def missing(directory: Path, needs: tuple[str, ...]) -> list[str]:
    """Return which patterns of ``needs`` have no file in ``directory``, or an empty one."""
    return [pattern for pattern in needs if not _has(directory, pattern)]


def _has(directory: Path, pattern: str) -> bool:
    files = list(directory.glob(pattern))
    return bool(files) and all(file.is_file() and file.stat().st_size > 0 for file in files)


def endpoint() -> str:
    """Return the address of the hub."""
    from huggingface_hub import constants  # noqa: PLC0415 -- heavy: see above

    named = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return named or constants.ENDPOINT


def is_offline() -> bool:
    """Return whether the environment forbids asking the hub; also where that is unclear."""
    word = os.environ.get("HF_HUB_OFFLINE", "").strip().lower()
    return word not in {"", "0", "off", "no", "false"}


def reachable(timeout: float = PROBE_SECONDS) -> bool:
    """Return whether the hub answers within ``timeout`` seconds. Blocks, never longer than that.

    Looking up a host name knows no limit of its own; so the question is asked by a thread that
    may be left behind.
    """
    if is_offline():
        return False
    answered = threading.Event()
    asking = threading.Thread(
        target=_ask, args=(timeout, answered), name="habla hub probe", daemon=True
    )
    asking.start()
    asking.join(timeout)
    return answered.is_set()


def _ask(timeout: float, answered: threading.Event) -> None:
    import httpx  # noqa: PLC0415 -- heavy: see above

    try:
        response = httpx.head(endpoint(), timeout=timeout, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return
    if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
        answered.set()


def silent(_step: str, _fraction: float | None) -> None:
    """Be a Progress that tells nobody."""


async def download(
    name: str, models_dir: Path | str = MODELS_DIR, progress: Progress = silent
) -> Path:
    """Fetch model ``name`` and check it against the hub's own sums; return its directory.

    What is there already is only checked; what is there and damaged is fetched again. Cancelling
    ends the transfer with its next bytes. ``progress`` is called on the event loop.

    Raises:
        EngineUnavailableError: the hub does not answer, or what came is not the model.
    """
    model = find(name)
    stopped = threading.Event()
    loop = asyncio.get_running_loop()
    tell = _on_loop(loop, progress, stopped)
    pool = ThreadPoolExecutor(1, thread_name_prefix="habla hub")
    try:
        return await loop.run_in_executor(
            pool, _download, model, Path(models_dir) / model.name, tell, stopped
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


def _download(
    model: HubModel, directory: Path, progress: Progress, stopped: threading.Event
) -> Path:
    from sessions_app.engines.fetching import Fetch  # noqa: PLC0415 -- heavy: see above

    progress("asking the hub", None)
    if not reachable():
        raise EngineUnavailableError(unreachable_message(model.name))
    fetch = Fetch(model.repo, directory, (*model.needs, *model.extras), endpoint())
    fetch.run(f"fetching {model.name}", progress, stopped)
    if lacking := missing(directory, model.needs):
        raise EngineUnavailableError(
            f"What the hub holds as {model.repo} is not a model that Habla can use: "
            f"it lacks {', '.join(lacking)}."
        )
    return directory


def unreachable_message(name: str) -> str:
    """Return what to tell people whose machine lacks model ``name`` and finds no hub."""
    return (
        f"The model {name} is not on this machine. {silence_explained()} With a network, run "
        f"`manage.py fetch_models {name}`; HF_ENDPOINT names another hub."
    )


def silence_explained() -> str:
    """Return why the hub is not reachable, as far as it is known here."""
    if is_offline():
        return "HF_HUB_OFFLINE forbids asking the hub."
    return "The hub does not answer."

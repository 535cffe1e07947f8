"""Which models there are, by name, and which of them are on the disk."""

import re
from pathlib import Path

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models.model import WHISPER_NEEDS, Model
from sessions_app.engines.models.pins import PINNED

MODELS_DIR = Path("data") / "models"
"""Where models are kept unless configured otherwise, relative to the working directory."""
MODELS = {model.name: model for model in PINNED}
RECOMMENDED = ("whisper-base", "opus-mt-es-en", "opus-mt-en-es")
"""What any machine needs to interpret well in both directions."""


def find_model(name: str) -> Model:
    """Return the model called ``name``.

    ``small`` stands for ``whisper-small``; ``owner/repository`` for any Whisper on the hub, for
    whose files there are no digests.

    Raises:
        EngineUnavailableError: there is none.
    """
    if model := MODELS.get(name) or MODELS.get(f"whisper-{name}"):
        return model
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return Model(name.replace("/", "--"), name, WHISPER_NEEDS)
    known = ", ".join(sorted(MODELS))
    raise EngineUnavailableError(f"There is no model called {name!r}. There are: {known}.")


def is_on_disk(name: str, models_dir: Path | str = MODELS_DIR) -> Path | None:
    """Return the directory of model ``name`` if all that it needs is there; otherwise None.

    Raises:
        EngineUnavailableError: there is no such model.
    """
    model = find_model(name)
    directory = Path(models_dir) / model.name
    return None if missing_patterns(directory, model.needs) else directory


def missing_patterns(directory: Path, needs: tuple[str, ...]) -> list[str]:
    """Return which patterns of ``needs`` have no file in ``directory``, or an empty one."""
    return [pattern for pattern in needs if not _has(directory, pattern)]


def _has(directory: Path, pattern: str) -> bool:
    files = list(directory.glob(pattern))
    return bool(files) and all(file.is_file() and file.stat().st_size > 0 for file in files)


def best_whisper(models_dir: Path) -> str | None:
    """Return the largest Whisper that is on the disk."""
    whispers = [name for name in MODELS if name.startswith("whisper-")]
    there = [name for name in whispers if is_on_disk(name, models_dir)]
    return max(there, key=lambda name: MODELS[name].size, default=None)

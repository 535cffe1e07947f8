"""Tiny models and spoken sentences that the engines' tests share, made once a run."""

from pathlib import Path

import pytest

from tests.tiny.opusmt import make_opus_mt


@pytest.fixture(scope="session")
def opus_directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the directories of two tiny OPUS-MT models, by direction: ``es-en``, ``en-es``."""
    models = tmp_path_factory.mktemp("opus")
    return {name: make_opus_mt(models / name, name) for name in ("es-en", "en-es")}

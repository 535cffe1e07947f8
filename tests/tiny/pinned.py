"""Tiny models in the place of those that Habla knows, with digests of their own."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_app.engines.models.catalogue import MODELS
from sessions_app.engines.models.model import Model, ModelFile, Wheel


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files_of(directory: Path) -> tuple[ModelFile, ...]:
    return tuple(
        ModelFile(path.name, path.stat().st_size, digest(path.read_bytes()))
        for path in sorted(directory.iterdir())
        if path.is_file()
    )


def pin(
    monkeypatch: pytest.MonkeyPatch, name: str, directory: Path, wheels: Sequence[Wheel] = ()
) -> Model:
    """Let model ``name`` be what lies in ``directory``, until the test is over."""
    model = replace(MODELS[name], files=files_of(directory), wheels=tuple(wheels))
    monkeypatch.setitem(MODELS, name, model)
    return model

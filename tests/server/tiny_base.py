"""The settings of a server that takes a tiny model for Whisper base, with digests of its own."""

import os
from dataclasses import replace
from pathlib import Path

from habla_project.settings import *  # noqa: F403 -- all of them, and then one model
from sessions_app.engines.catalogue import MODELS
from tests.tiny.fakeindex import make_wheels
from tests.tiny.pinned import files_of

_model = Path(os.environ["TINY_BASE"])
MODELS["whisper-base"] = replace(
    MODELS["whisper-base"],
    files=files_of(_model),
    wheels=tuple(make_wheels(Path(os.environ["TINY_WHEELS"]), _model)),
)

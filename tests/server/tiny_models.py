"""The settings of a server with tiny models under the usual names, with digests of their own."""

import os
from dataclasses import replace
from pathlib import Path

from habla_project.settings import *  # noqa: F403 -- all of them, and then some models
from sessions_app.engines.models.catalogue import MODELS
from tests.tiny.fakeindex import make_wheels
from tests.tiny.pinned import files_of

if _base := os.environ.get("TINY_BASE"):
    MODELS["whisper-base"] = replace(
        MODELS["whisper-base"],
        files=files_of(Path(_base)),
        wheels=tuple(make_wheels(Path(os.environ["TINY_WHEELS"]), Path(_base))),
    )
if _opus := os.environ.get("TINY_OPUS"):
    for _name in ("es-en", "en-es"):
        MODELS[f"opus-mt-{_name}"] = replace(
            MODELS[f"opus-mt-{_name}"], files=files_of(Path(_opus) / _name)
        )

"""The weights used by all measurements: Whisper base, downloaded as it is for users."""

import os
from pathlib import Path

from benches.quality.cache import UnavailableError, cache
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import downloads
from sessions_app.engines.models.given_models import VARIABLE

MODEL = "whisper-base"
WEIGHTS_VARIABLE = "QUALITY_WEIGHTS"
"""The variable that names what holds them, as HABLA_MODELS_FROM does for a server."""


async def weights() -> Path:
    """Return the directory that holds them, downloaded if need be and verified by digests.

    Raises:
        UnavailableError: no source has them.
    """
    given = os.environ.get(WEIGHTS_VARIABLE)
    try:
        return await downloads.download(
            MODEL, cache() / "models", models_from=Path(given) if given else None
        )
    except EngineUnavailableError as error:
        raise UnavailableError(str(error).replace(VARIABLE, WEIGHTS_VARIABLE)) from error

"""The weights that all is measured with: Whisper base, by the code that fetches it for people."""

import os
from pathlib import Path

from benches.quality.cache import UnavailableError, cache
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import downloads
from sessions_app.engines.models.given_models import VARIABLE

MODEL = "whisper-base"
WEIGHTS_VARIABLE = "QUALITY_WEIGHTS"
"""Names what holds them, as HABLA_MODELS_FROM does for a server."""


async def weights() -> Path:
    """Return the directory that holds them, fetched if need be and compared with their digests.

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

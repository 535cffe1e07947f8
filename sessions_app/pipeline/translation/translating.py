"""A translation within its limit; asked for once more where a model had to be loaded first."""

import asyncio

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Translation, TranslationRequest
from sessions_app.pipeline.translation.ahead import TranslationsAhead


async def translated(
    ahead: TranslationsAhead, utterance_id: int, request: TranslationRequest, *, seconds: float
) -> Translation:
    """Return the translation of an utterance that is over, made within ``seconds``.

    Where nobody could translate it while a model is being loaded, that is waited for, as long as it
    takes, and it is asked for again.

    Raises:
        EngineError: nobody could; TimeoutError: not in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await ahead.translate(utterance_id, request)
    except (EngineError, TimeoutError):
        if not await ahead.wait_for_model():
            raise
    async with asyncio.timeout(seconds):
        return await ahead.translate(utterance_id, request)

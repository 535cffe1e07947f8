"""One translation within its time limit, retried once where a model had to be loaded first."""

import asyncio

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Translation, TranslationRequest
from sessions_app.pipeline.translation.ahead import SpeculativeTranslator


async def translated(
    ahead: SpeculativeTranslator, utterance_id: int, request: TranslationRequest, *, seconds: float
) -> Translation:
    """Return the translation of an utterance that is over, made within ``seconds``.

    Where no translator could, and a model is being loaded, this waits for the model, as long as it
    takes, and asks again.

    Raises:
        EngineError: no translator could.
        TimeoutError: it took too long.
    """
    try:
        async with asyncio.timeout(seconds):
            return await ahead.translate(utterance_id, request)
    except (EngineError, TimeoutError):
        if not await ahead.wait_for_model():
            raise
    async with asyncio.timeout(seconds):
        return await ahead.translate(utterance_id, request)

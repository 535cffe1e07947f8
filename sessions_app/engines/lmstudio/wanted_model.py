"""The model that is wanted in LM Studio: unloaded at the end only if it was loaded from here."""

import asyncio
import logging
from contextlib import suppress

from sessions_app.core.errors import EngineError
from sessions_app.engines.lmstudio.api import LmStudioApi

logger = logging.getLogger(__name__)

UNLOAD_SECONDS = 1.0


class WantedModel:
    """Loads and unloads ``model``; empty: any model will do."""

    def __init__(self, api: LmStudioApi, model: str) -> None:
        self._api = api
        self._model = model
        self._instance = ""
        """The instance that was loaded from here; empty: none."""

    async def load(self) -> None:
        """Load it unless it is loaded; if that fails, the server may still load it on demand."""
        if not self._model:
            return
        try:
            if self._model not in await self._api.loaded():
                self._instance = await self._api.load(self._model)
        except EngineError:
            logger.warning("LM Studio could not load the model %s", self._model, exc_info=True)

    async def unload(self) -> None:
        """Unload what was loaded from here, unless the server takes too long."""
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(UNLOAD_SECONDS):
                if self._instance:
                    await self._api.unload(self._instance)
        self.mark_unloaded()

    def mark_unloaded(self) -> None:
        """Note that the server is gone, and its models with it."""
        self._instance = ""

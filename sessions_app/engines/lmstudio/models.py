"""Which of LM Studio's models were loaded from here: the others are left alone."""

import asyncio
import logging
from contextlib import suppress

from sessions_app.core.errors import EngineError
from sessions_app.engines.lmstudio.api import LmStudioApi

logger = logging.getLogger(__name__)

UNLOAD_SECONDS = 1.0


class LmStudioModels:
    """Loads and unloads; ``model`` is the one that is wanted, empty: whichever is there."""

    def __init__(self, api: LmStudioApi, model: str) -> None:
        self._api = api
        self._wanted = model
        self._instances: dict[str, str] = {}
        """What was loaded from here."""

    async def settle(self) -> None:
        """Have the wanted model loaded; if that fails, the server may load it when it is asked."""
        if not self._wanted:
            return
        try:
            await self.load(self._wanted)
        except EngineError:
            logger.warning("LM Studio could not load the model %s", self._wanted, exc_info=True)

    async def load(self, model: str) -> None:
        """Load ``model`` unless it is loaded.

        Raises:
            EngineError: it could not be loaded.
        """
        if model not in await self._api.loaded():
            self._instances[model] = await self._api.load(model)

    async def unload(self, model: str) -> None:
        """Unload ``model``, if it was loaded from here.

        Raises:
            EngineError: the server refuses.
        """
        if instance := self._instances.get(model):
            await self._api.unload(instance)
            del self._instances[model]

    async def switch(self, model: str) -> None:
        """Load ``model``, and before that unload the wanted one: both may not fit in memory.

        Raises:
            EngineError: it could not be loaded; the one before is loaded again.
        """
        before = self._wanted
        if before != model:
            await self.unload(before)
        try:
            await self.load(model)
        except EngineError:
            with suppress(EngineError):
                if before:
                    await self.load(before)
            raise
        self._wanted = model

    async def unload_all(self) -> None:
        """Unload all that was loaded from here, as far as the server does so soon."""
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(UNLOAD_SECONDS):
                for model in list(self._instances):
                    await self.unload(model)
        self.lost()

    def lost(self) -> None:
        """Note that the server is gone, and all that was loaded with it."""
        self._instances.clear()

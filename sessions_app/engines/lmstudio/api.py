"""LM Studio's own REST API: whether it answers, and which models are loaded."""

from enum import StrEnum
from typing import Any

import httpx

from sessions_app.core.errors import EngineError
from sessions_app.engines.keys import headers_for

PROBE_SECONDS = 5.0
LOAD_SECONDS = 600.0
"""How long a model may take to be read from the disk; usually 15 to 25 s."""


class ProbeResult(StrEnum):
    """How the server answers a probe."""

    WELL = "well"
    BUSY = "busy"
    """It is there, but does not answer in time: a long prompt, or a model being loaded."""
    DOWN = "down"
    """Nothing is there, or nothing that is LM Studio."""


class LmStudioApi:
    """The server at ``url``, with or without ``/v1`` at its end."""

    def __init__(self, url: str, key: str = "") -> None:
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/").removesuffix("/v1"),
            headers=headers_for(url, key),
            timeout=PROBE_SECONDS,
            trust_env=False,  # no proxy leads to the same machine
            follow_redirects=False,
        )

    async def probe(self, seconds: float = PROBE_SECONDS) -> ProbeResult:
        """Return how the server answers within ``seconds``."""
        try:
            response = await self._client.get("/lmstudio-greeting", timeout=seconds)
        except httpx.TimeoutException:
            return ProbeResult.BUSY
        except httpx.TransportError:
            return ProbeResult.DOWN
        if response.is_success:
            return ProbeResult.WELL
        return ProbeResult.BUSY if response.status_code in (429, 503) else ProbeResult.DOWN

    async def loaded(self) -> dict[str, list[str]]:
        """Return the instances of each model that is loaded.

        Raises:
            EngineError: the server does not say.
        """
        found = await self._ask("GET", "/api/v1/models")
        try:
            return {
                model["key"]: [instance["id"] for instance in model["loaded_instances"]]
                for model in found["models"]
                if model["loaded_instances"]
            }
        except (KeyError, TypeError) as error:
            raise EngineError("LM Studio's list of models could not be read.") from error

    async def load(self, model: str) -> str:
        """Load ``model``; return its instance.

        Raises:
            EngineError: it could not be loaded.
        """
        found = await self._ask("POST", "/api/v1/models/load", {"model": model}, LOAD_SECONDS)
        return str(found.get("instance_id", model))

    async def unload(self, instance: str) -> None:
        """Unload ``instance``; one that is not loaded is fine.

        Raises:
            EngineError: the server refuses.
        """
        await self._ask("POST", "/api/v1/models/unload", {"instance_id": instance})

    async def aclose(self) -> None:
        """Close all connections. May be called twice."""
        await self._client.aclose()

    async def _ask(
        self, method: str, path: str, body: Any = None, seconds: float = PROBE_SECONDS
    ) -> dict[str, Any]:
        try:
            response = await self._client.request(method, path, json=body, timeout=seconds)
            if response.status_code == 404 and path.endswith("unload"):
                return {}
            response.raise_for_status()
            found = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise EngineError("LM Studio did not do what it was asked.") from error
        return found if isinstance(found, dict) else {}

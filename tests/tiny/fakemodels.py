"""Servers of several models, or of one that takes time to load, like the real ones."""

import select
import time
from http import HTTPStatus
from typing import Any

from tests.tiny.fakechat import NOT_FOUND, FakeChat

STEP_SECONDS = 0.01
LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


class FakeModels(FakeChat):
    """A FakeChat whose models are not all for chat, or not loaded yet.

    ``chatting`` are those that can chat; the others are refused as by Ollama. ``api`` are further
    answers by path; those of ``/api/show`` are by model. A model takes ``load_seconds`` to load at
    the first request, or until ``is_loaded`` is set; loading is given up when the client leaves
    (``given_up`` counts that), and begins again after ``unload``. While it ``is_beginning``,
    everything is answered with 503, as by llama.cpp. ``base`` is the path under which it serves.
    """

    def __init__(
        self,
        models: tuple[str, ...] = ("parrot",),
        *,
        chatting: tuple[str, ...] | None = None,
        api: dict[str, Any] | None = None,
        load_seconds: float = 0.0,
        is_beginning: bool = False,
        base: str = "/v1",
        port: int = 0,
    ) -> None:
        super().__init__(models=models, port=port)
        self.chatting = models if chatting is None else chatting
        self.api = api or {}
        self.load_seconds = load_seconds
        self.base = base
        self.is_loaded = load_seconds == 0
        self.given_up = 0
        self.paths: list[str] = []
        """The paths that were requested."""
        self.is_beginning = is_beginning

    @property
    def address(self) -> str:
        """Return its address without a path."""
        return self.url.removesuffix("/v1")

    def unload(self) -> None:
        self.is_loaded = False

    def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
        self.paths.append(path)
        if self.is_beginning:
            return HTTPStatus.SERVICE_UNAVAILABLE, LOADING
        if path in self.api:
            answer = self.api[path]
            return HTTPStatus.OK, answer[body["model"]] if body else answer
        if not path.startswith(f"{self.base}/"):
            return NOT_FOUND
        if body is not None and "messages" in body:
            if body["model"] not in self.chatting:
                message = f'"{body["model"]}" does not support chat'
                return HTTPStatus.BAD_REQUEST, {"error": {"message": message}}
            self._load(connection)
        return super().prepare(f"/v1{path.removeprefix(self.base)}", body, connection)

    def _load(self, connection: Any) -> None:
        end = time.monotonic() + self.load_seconds
        while not self.is_loaded and time.monotonic() < end:
            if select.select([connection], [], [], 0)[0]:
                self.given_up += 1
                raise ConnectionError
            time.sleep(STEP_SECONDS)
        self.is_loaded = True

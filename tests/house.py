"""All of Habla inside a test: its registry, and clients that connect through the consumer."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from channels.testing import WebsocketCommunicator

from habla_project.asgi import application
from sessions_app.access.owner_key import owner_key
from sessions_app.config import conf
from sessions_app.live import registry
from sessions_app.store.database.thread import database_thread
from tests.patience import PATIENCE_SECONDS
from tests.sounds import chunks

NOT_SERVED = "whatever served the connection was cancelled"


class House:
    """The process's registry, opened for one test."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings
        self._loading: asyncio.Task[bool] | None = None
        self.registry = registry.live

    def choose(self, **choices: Any) -> None:
        """Choose engines or other settings, for the next `open` or `restart`.

        ``transcriber={"delay_seconds": 1}`` gives the fake one options; a string has the form that
        it would have in the environment.
        """
        habla = dict(self._settings.HABLA)
        for name, value in choices.items():
            if isinstance(value, dict):
                value = json.dumps({"BACKEND": "fake", "OPTIONS": value})
            habla[name.upper()] = str(value)
        self._settings.HABLA = habla

    async def open(self) -> None:
        """Begin to serve, with the engines that were chosen last."""
        self.registry.open(conf.read())
        await self.registry.load()

    async def restart(self, **choices: Any) -> None:
        """Restart with other choices."""
        await self.close()
        self.choose(**choices)
        await self.open()

    async def restart_slowly(self, **choices: Any) -> None:
        """Restart with other choices, and serve while the engines are still loading."""
        await self.close()
        self.choose(**choices)
        self.registry.open(conf.read())
        self._loading = asyncio.create_task(self.registry.load(), name="habla loading")
        await eventually(lambda: self.registry.readiness() != ["Engines are loading: ..."])

    async def close(self) -> None:
        """End all sessions and release everything. May be called twice."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})
            self._loading = None
        await self.registry.drain(PATIENCE_SECONDS)
        await self.registry.close()
        self.registry.is_draining = False  # since this process goes on
        database_thread.close()


class Client:
    """A browser's connection, without the browser."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self._socket = socket
        self.heard: list[dict[str, Any]] = []
        """All messages from the server, in order."""
        self.pings = 0

    async def say(self, kind: str, **fields: Any) -> None:
        """Send a command."""
        await self.send_text(json.dumps({"type": kind, **fields}))

    async def send_text(self, text: str) -> None:
        """Send a text frame unchanged."""
        await self._send({"type": "websocket.receive", "text": text})

    async def send_sound(self, pcm: bytes, seconds: float = 0.25) -> None:
        """Send sound in chunks of ``seconds``."""
        for chunk in chunks(pcm, seconds):
            await self.send_bytes(chunk)

    async def send_bytes(self, chunk: bytes) -> None:
        """Send a binary frame unchanged."""
        await self._send({"type": "websocket.receive", "bytes": chunk})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.future.cancelled():
            raise ConnectionError(NOT_SERVED)
        await self._socket.send_input(message)

    async def speak(self, pcm: bytes) -> None:
        """Start listening to PCM, send all of it, and stop; wait until all results have come."""
        await self.say("start_listening", encoding="pcm-s16le")
        await self.send_sound(pcm)
        await self.say("stop_listening")
        await self.until("listening_stopped")

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        message: dict[str, Any] = json.loads(await self._socket.receive_from(PATIENCE_SECONDS))
        self.heard.append(message)
        return message

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next message of this kind that has these fields, reading all before it."""
        while True:
            message = await self.next()
            if message["type"] == kind and fields.items() <= message.items():
                return message

    async def until_any(self, *kinds: str) -> str:
        """Return the kind of the next message that is one of these, after reading all before it.

        The end of the connection counts as ``closed`` too.
        """
        while True:
            output = await self.output()
            if output["type"] == "websocket.close":
                return "closed"
            self.heard.append(json.loads(output["text"]))
            if self.heard[-1]["type"] in kinds:
                return str(self.heard[-1]["type"])

    async def still_works(self) -> bool:
        """Return whether a ping is answered, after reading all messages before."""
        self.pings += 1
        await self.say("ping", t=self.pings)
        return bool((await self.until("pong"))["t"] == self.pings)

    async def close_code(self) -> int:
        """Return the code with which the server closes, after reading all messages before."""
        while True:
            output = await self.output()
            if output["type"] == "websocket.close":
                return int(output["code"])
            self.heard.append(json.loads(output["text"]))

    async def output(self) -> dict[str, Any]:
        """Return the next ASGI message of the server.

        Raises:
            ConnectionError: whatever served the connection was cancelled.
        """
        getting = asyncio.ensure_future(self._socket.output_queue.get())
        serving: asyncio.Future[None] = self._socket.future
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.wait({getting, serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not getting.done():
                getting.cancel()
        if getting.done() and not getting.cancelled():
            output: dict[str, Any] = getting.result()
            return output
        if not serving.cancelled() and (error := serving.exception()) is not None:
            raise error
        raise ConnectionError(NOT_SERVED)

    async def leave(self, code: int = 1000) -> None:
        """Close the connection, and wait until the server has released it."""
        if not self._socket.future.cancelled():
            await self._socket.disconnect(code, timeout=PATIENCE_SECONDS)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one kind so far."""
        return [message for message in self.heard if message["type"] == kind]

    def texts(self) -> list[str]:
        """Return the finals so far."""
        return [message["text"] for message in self.told("transcript")]

    def translations(self) -> list[str]:
        """Return the translations so far."""
        return [message["translated"] for message in self.told("translation")]

    def problems(self) -> list[tuple[str, Any]]:
        """Return the code and the subject of each error so far."""
        return [(message["code"], message["about"]) for message in self.told("error")]


@asynccontextmanager
async def client(
    *,
    host: str = "localhost",
    origin: str | None = "http://localhost",
    peer: str = "127.0.0.1",
    cookie: str = "",
    headers: Mapping[str, str] | None = None,
    is_ready: bool = True,
    **query: str,
) -> AsyncIterator[Client]:
    """Open a connection; wait for ``ready`` unless told not to; close it at the end."""
    key = f"Bearer {owner_key()}"  # no socket tells whose process this is
    sent = {"host": host, "origin": origin, "cookie": cookie, "authorization": key}
    sent |= headers or {}
    pairs = [(name.encode(), value.encode()) for name, value in sent.items() if value]
    path = f"/ws/session/?{urlencode(query)}" if query else "/ws/session/"
    socket = WebsocketCommunicator(application, path, pairs)
    socket.scope["client"] = (peer, 50_000)
    browser = Client(socket)
    await socket.send_input({"type": "websocket.connect"})
    assert (await browser.output())["type"] == "websocket.accept"
    if is_ready:
        await browser.until("ready")
    yield browser
    await browser.leave()


def threads_left() -> list[str]:
    """Return the names of threads that should have ended.

    Those that hash passwords belong to the process, whoever logs in.
    """
    names = [thread.name for thread in threading.enumerate()]
    return [n for n in names if n.startswith("habla") and not n.startswith("habla passwords")]


async def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as ``holds`` does; fail if it does not within ``seconds``."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- what is looked at tells nobody
            await asyncio.sleep(0.01)

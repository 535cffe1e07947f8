"""Recognition on other machines: any server that speaks OpenAI's /v1/audio/transcriptions."""

import asyncio
import io
import logging
import wave
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import httpx

from sessions_app.audio import SAMPLE_BYTES, SAMPLE_RATE, to_samples
from sessions_app.engines import keys
from sessions_app.engines.listeners import Listener, Listeners
from sessions_app.engines.openai_answers import read_answer
from sessions_app.engines.server_address import is_server_address
from sessions_app.errors import EngineError, EngineUnavailableError
from sessions_app.events import Transcript

logger = logging.getLogger(__name__)

SHORTEST_SECONDS = 0.25
"""Shorter pieces are lengthened by silence: servers refuse less than a tenth of a second."""
LOOK_SECONDS = 10.0
"""How often servers that are down are asked whether they are back."""
PROBE_SECONDS = 5.0
"""How long a server may take to say that it is there."""
FORMATS = ("verbose_json", "json")
"""Best first: the first tells the language and how sure the server is."""


class OpenAiTranscriber:
    """Has words found by other machines: speaches, vLLM, whisper.cpp's server, OpenAI's own.

    ``urls`` are the servers' addresses up to ``/v1``; the least busy of those that are well is
    asked, and another one when it fails. ``model`` is what they call the model. ``key`` is sent as
    a bearer token to each of them; without one OpenAI itself, and nobody else, is sent the
    environment's OPENAI_API_KEY. ``parallel`` is how many pieces
    each takes at once, ``timeout_seconds`` how long one piece may take.
    """

    languages = frozenset({"es", "en"})

    def __init__(
        self,
        urls: Sequence[str] | str = "http://127.0.0.1:8000/v1",
        *,
        model: str = "whisper-1",
        key: str = "",
        parallel: int = 1,
        timeout_seconds: float = 30.0,
    ) -> None:
        addresses = [urls] if isinstance(urls, str) else list(urls)
        if not addresses or not all(map(is_server_address, addresses)):
            raise ValueError("urls are addresses that begin with http:// or https://")
        self._listeners = Listeners(
            [Listener(url.rstrip("/"), keys.headers_for(url, key)) for url in addresses]
        )
        self.parallel = max(1, parallel) * len(addresses)
        """How many calls run at once."""
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._client: httpx.AsyncClient | None = None
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    async def load(self) -> None:
        """Ask every server whether it is there; one is enough.

        Raises:
            EngineUnavailableError: none answers.
        """
        self._client = httpx.AsyncClient(
            timeout=self._timeout_seconds, mounts=self._ways(), follow_redirects=False
        )
        await asyncio.gather(*(self._probe(listener) for listener in self._listeners.all()))
        if not self._listeners.well():
            hosts = ", ".join(listener.host for listener in self._listeners.all())
            await self.aclose()
            raise EngineUnavailableError(
                f"No server for speech recognition answers at {hosts}. Start it, or correct urls."
            )
        self._looking = asyncio.create_task(self._look(), name="habla listeners")

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le), found by the least busy server.

        Raises:
            EngineError: no server could hear this piece; the next may work.
        """
        client = self._opened()
        sound = _wav(pcm)
        for listener in self._listeners.in_order():
            with listener.at_work():
                answer = await self._ask(client, listener, sound, language)
            if answer is not None:
                return answer
        raise EngineError("No server for speech recognition answers.")

    async def aclose(self) -> None:
        """End the looking and the connections. May be called twice."""
        self._is_closed = True
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # --- one piece, one server

    async def _ask(
        self, client: httpx.AsyncClient, listener: Listener, sound: bytes, language: str | None
    ) -> Transcript | None:
        """Return the server's answer; None: it gave none, and another may be asked."""
        for attempt in count():
            how = FORMATS[listener.format]
            response = await self._post(client, listener, sound, self._fields(language, how))
            if response is None:
                return None
            if response.status_code == httpx.codes.BAD_REQUEST and listener.format < 1:
                listener.format += 1  # remembered: whisper.cpp and vLLM know different formats
                continue
            return self._judge(listener, response, language, attempt)
        return None

    def _judge(
        self, listener: Listener, response: httpx.Response, language: str | None, attempt: int
    ) -> Transcript | None:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            listener.rests()
            return None
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            listener.failed()
            return None
        if status != httpx.codes.OK:
            logger.warning("%s answered %d (attempt %d)", listener.host, status, attempt)
            raise EngineError(_refusal(status))
        listener.answered()
        return read_answer(response.content, language)

    def _fields(self, language: str | None, how: str) -> dict[str, str]:
        fields = {"model": self._model, "response_format": how, "temperature": "0"}
        return fields | ({"language": language} if language else {})

    async def _post(
        self, client: httpx.AsyncClient, listener: Listener, sound: bytes, fields: dict[str, str]
    ) -> httpx.Response | None:
        files: Mapping[str, Any] = {"file": ("speech.wav", sound, "audio/wav")}
        url = f"{listener.url}/audio/transcriptions"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await client.post(url, data=fields, files=files, headers=listener.headers)
        except (httpx.HTTPError, TimeoutError) as error:
            if self._is_closed:
                raise EngineError("The servers for speech recognition are closed.") from error
            logger.warning("%s did not answer: %s", listener.host, type(error).__name__)
            listener.failed()
            return None

    def _ways(self) -> dict[str, None]:
        """Return to which hosts the way is straight, past the environment's proxy."""
        return {
            f"all://{httpx.URL(one.url).netloc.decode()}": None
            for one in self._listeners.all()
            if not keys.may_use_proxy(one.url, has_key=bool(one.headers))
        }

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            raise EngineError("The servers for speech recognition are not asked yet, or any more.")
        return self._client

    # --- which of them are well

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            ill = [listener for listener in self._listeners.all() if not listener.is_well]
            await asyncio.gather(*(self._probe(listener) for listener in ill))

    async def _probe(self, listener: Listener) -> None:
        """Ask for the list of models, which every such server has, whatever it answers."""
        with suppress(TimeoutError):
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    response = await self._opened().get(
                        f"{listener.url}/models", headers=listener.headers
                    )
            except httpx.HTTPError as error:
                logger.info("%s is not there: %s", listener.host, type(error).__name__)
            else:
                if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    listener.answered()
                    return
        listener.failed()


def _wav(pcm: bytes) -> bytes:
    whole = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
    whole += bytes(max(0, to_samples(SHORTEST_SECONDS) * SAMPLE_BYTES - len(whole)))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(whole)
    return buffer.getvalue()


def _refusal(status: int) -> str:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return "The server for speech recognition does not accept the key."
    if status == httpx.codes.NOT_FOUND:
        return "The server for speech recognition does not know the model."
    return "The server for speech recognition refused this piece."

"""Sending one piece of sound to one server of /v1/audio/transcriptions, with format fallbacks."""

import asyncio
import io
import logging
import wave
from collections.abc import Mapping
from typing import Any

import httpx

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, to_samples
from sessions_app.core.errors import EngineBusyError, EngineError
from sessions_app.core.events import Transcript
from sessions_app.engines.speech.openai_answers import (
    StrangeAnswerError,
    is_page,
    parse_transcription,
    read_words,
)
from sessions_app.engines.speech.server_pool import PooledServer

logger = logging.getLogger(__name__)

SHORTEST_SECONDS = 0.25
"""Shorter pieces are padded with silence: servers reject less than a tenth of a second."""
PROBE_SECONDS = 5.0
"""How long a server may take to answer a probe."""
LONGEST_BYTES = 1_000_000
"""The longest response that is accepted."""
FORMATS = ("verbose_json", "json", "text", "")
"""Best first: the first returns the language and probabilities; the last names no format."""
IN_JSON = FORMATS[:2]

_SERVER = "The server for speech recognition"
_REFUSED = frozenset({400, 406, 415, 422, 501})
"""How servers reject a request in an unknown form, or a piece."""
_ELSEWHERE = frozenset({200, 404, 405})
"""How they answer where the API is not: 200 with a page."""


class PieceRefusedError(EngineError):
    """The server accepts this piece in no format: the piece may be at fault, or the server."""


class SpeechServerSilentError(EngineError):
    """The server does not answer at all."""


class _ElsewhereError(EngineError):
    """There is no such server at this address, or none that has the model."""


class _FormatError(EngineError):
    """It may accept the piece in another format; ``is_refusal``: it says so."""

    def __init__(self, message: str, *, is_refusal: bool) -> None:
        super().__init__(message)
        self.is_refusal = is_refusal


class SpeechClient:
    """Asks servers that call the model ``model``; a piece may take ``timeout_seconds``.

    ``client`` is the HTTP client, which the caller owns.
    """

    def __init__(self, client: httpx.AsyncClient, model: str, timeout_seconds: float) -> None:
        self._client = client
        self._model = model
        self._timeout_seconds = timeout_seconds

    async def is_there(self, server: PooledServer) -> bool:
        """Return whether it answers at all: every such server has a list of models."""
        url = f"{server.url}/models"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                response = await self._client.get(url, headers=server.headers)
        except (httpx.HTTPError, TimeoutError) as error:
            logger.info("%s is not there: %s", server.host, type(error).__name__)
            return False
        return response.status_code < httpx.codes.INTERNAL_SERVER_ERROR

    async def hear(
        self,
        server: PooledServer,
        pcm: bytes,
        language: str | None,
        *,
        seconds: float | None = None,
    ) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le), in the best format that it accepts.

        It may take ``seconds``; None: the usual limit.

        Raises:
            EngineError: it gave no words.
            EngineBusyError: it is overloaded.
            PieceRefusedError: it does not accept this piece.
        """
        sound = _wav(pcm)
        try:
            async with asyncio.timeout(seconds or self._timeout_seconds):
                return await self._find_and_ask(server, sound, language)
        except (httpx.HTTPError, TimeoutError) as error:
            logger.warning("%s did not answer: %s", server.host, type(error).__name__)
            raise SpeechServerSilentError("No server for speech recognition answers.") from error

    async def _find_and_ask(
        self, server: PooledServer, sound: bytes, language: str | None
    ) -> Transcript:
        """Return the words, from the address where the API is: some leave /v1 out."""
        failures = []
        for url in sorted(server.addresses, key=lambda one: one != server.url):
            try:
                heard = await self._down_the_ladder(server, url, sound, language)
            except _ElsewhereError as error:
                failures.append(error)
                continue
            if url != server.url:
                logger.warning("the address of %s lacks /v1: it is asked with it", server.host)
                server.url = url
            return heard
        raise failures[0]

    async def _down_the_ladder(
        self, server: PooledServer, url: str, sound: bytes, language: str | None
    ) -> Transcript:
        was_refused, problem = False, EngineError("")
        for rung in range(server.rung, len(FORMATS)):
            try:
                transcript = await self._ask(server, url, sound, language, FORMATS[rung])
            except _FormatError as error:
                logger.info("%s does not take the format %r", server.host, FORMATS[rung])
                was_refused, problem = was_refused or error.is_refusal, error
                continue
            server.rung, server.is_proven = rung, True
            return transcript
        server.reset_format()
        raise (PieceRefusedError if was_refused else EngineError)(str(problem)) from problem

    async def _ask(
        self, server: PooledServer, url: str, sound: bytes, language: str | None, form: str
    ) -> Transcript:
        if self._client.is_closed:
            raise EngineError("The servers for speech recognition are closed.")
        files: Mapping[str, Any] = {"file": ("speech.wav", sound, "audio/wav")}
        async with self._client.stream(
            "POST",
            f"{url}/audio/transcriptions",
            data=self._fields(language, form),
            files=files,
            headers=server.headers,
        ) as response:
            body = await _whole(response)
        _check(server, response.status_code, body)
        read = parse_transcription if form in IN_JSON else read_words
        try:
            return read(body, language)
        except StrangeAnswerError as error:
            raise _FormatError(str(error), is_refusal=False) from error

    def _fields(self, language: str | None, form: str) -> dict[str, str]:
        fields = {"model": self._model}
        if form:
            fields |= {"response_format": form, "temperature": "0"}
        return fields | ({"language": language} if language else {})


def _check(server: PooledServer, status: int, body: bytes) -> None:
    if status == httpx.codes.OK and not is_page(body):
        return
    logger.info("%s answered %d", server.host, status)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise EngineBusyError(f"{_SERVER} has too much to do.", rest_seconds=0.0)
    if status in _REFUSED:
        raise _FormatError(f"{_SERVER} refused this piece.", is_refusal=True)
    if status == httpx.codes.INTERNAL_SERVER_ERROR and not server.is_proven:
        # some programs fail like this on an unknown format
        raise _FormatError(f"{_SERVER} failed.", is_refusal=False)
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        raise PieceRefusedError(f"{_SERVER} refused this piece.")
    if status in _ELSEWHERE:
        raise _ElsewhereError(_problem(status))
    raise EngineError(_problem(status))


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST_BYTES:
            raise StrangeAnswerError
    return bytes(body)


def _problem(status: int) -> str:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"{_SERVER} does not accept the key."
    if status == httpx.codes.NOT_FOUND:
        return f"{_SERVER} does not know the model."
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return f"{_SERVER} failed."
    return f"{_SERVER} gave a strange answer."


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

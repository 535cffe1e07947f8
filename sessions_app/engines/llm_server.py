"""One server of chat completions: one kept-alive client, retries, and a ladder of formats."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx

from sessions_app.engines.base import Tell
from sessions_app.engines.keys import may_use_proxy
from sessions_app.engines.llm_answers import plain_words
from sessions_app.engines.llm_profiles import Format, Profile
from sessions_app.engines.llm_replies import (
    LONGEST_CHARACTERS,
    STRANGE,
    Pieces,
    Reply,
    read_models,
    read_reply,
)
from sessions_app.errors import EngineBusyError, EngineError

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 300.0
"""A new connection costs up to a second; httpx itself would keep one for five seconds."""
PROBE_SECONDS = 5.0
FIRST_RETRY_SECONDS = 0.5
"""How long the first retry waits where the server names no time; the next twice as long."""
LONGEST_RETRY_SECONDS = 5.0
"""Who wants a longer wait is asked no more for now: the next translator is."""
REST_SECONDS = 5.0
"""How long a server that did not answer in time is left alone."""
ANSWER_TOKENS = 2048
IN_WORDS = (Format.TEXT, Format.BARE)
"""The rungs for what is no JSON."""

_SERVER = "The language model's server"
_AGAIN = frozenset({408, 429, 500, 502, 503, 504, 529})
_REFUSED = frozenset({400, 415, 422, 501})


class _AgainError(EngineError):
    """It may work when asked again, after ``seconds`` if the server named a time."""

    def __init__(self, message: str, *, status: int = 0, seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.seconds = seconds


class _RefusedError(EngineError):
    """The server does not take a request of this form."""


class ChatServer:
    """Speaks with the server at ``url`` (up to ``/v1``); ``model`` may be left to it.

    ``headers`` say to it who asks. Redirects are not followed: they may lead to anybody.

    ``open`` makes the client on the running loop; ``aclose`` may be called twice.
    """

    def __init__(
        self,
        url: str,
        profile: Profile,
        *,
        model: str = "",
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        retries: int = 2,
    ) -> None:
        self.url = url.rstrip("/")
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        """For messages: without a name and password that the address may hold."""
        self._chosen = model or profile.model
        self.model = self._chosen
        """The model that is asked; empty until the first of the server's is taken."""
        self._profile = profile
        self._headers = dict(headers or {})
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._formats = {True: profile.formats, False: IN_WORDS}
        self._rungs = {True: 0, False: 0}
        self._is_proven = {True: False, False: False}
        self._client: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Make the client; nothing is sent yet."""
        self._client = httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS),
            trust_env=may_use_proxy(self.url, has_key=bool(self._headers)),
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close the client and its connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def models(self) -> list[str]:
        """Return the names of the models that can chat.

        Raises:
            EngineError: the server is not there, or is none of its kind.
        """
        try:
            async with asyncio.timeout(PROBE_SECONDS), self._asked("GET", "models") as response:
                return read_models(await _whole(response))
        except TimeoutError as error:
            raise EngineError(f"{_SERVER} does not answer.") from error

    async def ask(self, messages: list[dict[str, str]], schema: Any = None) -> Reply:
        """Return the whole answer to ``messages``; ``schema`` asks for JSON.

        Raises:
            EngineError: there is none; EngineBusyError: it should be left alone for a while.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._settle_model()
                return await self._down_the_ladder(messages, schema)
        except TimeoutError as error:
            raise EngineBusyError(
                "The language model did not answer in time.", rest_seconds=REST_SECONDS
            ) from error

    async def stream(self, messages: list[dict[str, str]], tell: Tell) -> None:
        """Tell the answer to ``messages`` as it grows. Cancelling closes the stream at once.

        Raises:
            EngineError: it broke off; nobody asks again. EngineBusyError: leave it alone.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._settle_model()
                form = IN_WORDS[self._rungs[False]]
                body = self._body(messages, None, form) | {"stream": True}
                async with self._asked("POST", "chat/completions", body) as response:
                    await _tell_pieces(response, tell)
        except TimeoutError as error:
            raise EngineError("The language model did not answer in time.") from error
        except _AgainError as again:
            raise EngineBusyError(str(again), rest_seconds=again.seconds or 0.0) from again

    # --- forms of asking

    async def _settle_model(self) -> None:
        if not self.model:
            names = await self.models()
            if not names:
                raise EngineError(f"{_SERVER} has no model loaded.")
            self.model = names[0]

    async def _down_the_ladder(self, messages: list[dict[str, str]], schema: Any) -> Reply:
        kind = schema is not None
        formats = self._formats[kind]
        for rung in range(self._rungs[kind], len(formats)):
            body = self._body(messages, schema, formats[rung])
            try:
                reply = await self._patiently(body, is_proven=self._is_proven[kind])
            except _RefusedError:
                logger.info("%s does not take the format %s", self.host, formats[rung])
                continue
            self._rungs[kind], self._is_proven[kind] = rung, True
            return reply
        raise EngineError(f"{_SERVER} refused this sentence.")

    def _body(self, messages: list[dict[str, str]], schema: Any, form: Format) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "messages": messages}
        if form is Format.BARE:
            return body
        if self._profile.temperature is not None:
            body["temperature"] = self._profile.temperature
        body[self._profile.limit_name] = ANSWER_TOKENS
        body |= self._profile.extras
        if response_format := _response_format(form, schema):
            body["response_format"] = response_format
        return body

    async def _patiently(self, body: dict[str, Any], *, is_proven: bool) -> Reply:
        for attempt in count():
            try:
                async with self._asked("POST", "chat/completions", body) as response:
                    return read_reply(await _whole(response))
            except _AgainError as again:
                named = again.seconds
                delay = FIRST_RETRY_SECONDS * 2**attempt if named is None else named
                if attempt >= self._retries and again.status == 500 and not is_proven:
                    # llama-cpp-python fails so on a schema: it may be the format
                    raise _RefusedError(str(again)) from again
                if attempt >= self._retries or delay > LONGEST_RETRY_SECONDS:
                    raise EngineBusyError(str(again), rest_seconds=named or 0.0) from again
                await asyncio.sleep(delay)
        raise EngineError(STRANGE)

    # --- one request

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[httpx.Response]:
        if self._client is None:
            raise EngineError("The language model is not asked yet, or any more.")
        try:
            async with self._client.stream(method, f"{self.url}/{path}", json=body) as response:
                await self._check(response)
                yield response
        except httpx.HTTPError as error:
            # the text of the error may hold the address, with what it may hold
            logger.info("%s failed: %s", self.host, type(error).__name__)
            raise _AgainError(f"{_SERVER} does not answer.") from error

    async def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        await _whole(response)  # so that the connection can be kept
        logger.info("%s answered %d", self.host, status)
        if status in _AGAIN:
            message = f"{_SERVER} is too busy." if status == 429 else f"{_SERVER} failed."
            raise _AgainError(message, status=status, seconds=retry_after(response))
        if status in _REFUSED:
            raise _RefusedError(f"{_SERVER} refused this sentence.")
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise EngineError(f"{_SERVER} does not accept the key.", code="bad_key")
        if status == httpx.codes.NOT_FOUND:
            self.model = self._chosen  # it may have been unloaded: look again next time
            raise EngineError(f"{_SERVER} does not know the model.")
        raise EngineError(STRANGE)


def retry_after(response: httpx.Response) -> float | None:
    """Return how many seconds the server wants to be left alone; None: it names no time."""
    text = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    if (at := _date(text)) is None:
        return None
    # by the clock of whoever names the time: ours may be another, or have been set
    now = _date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (at - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _response_format(form: Format, schema: Any) -> dict[str, Any] | None:
    if schema is None:
        return None
    if form is Format.JSON_SCHEMA:
        named = {"name": "translation", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    if form is Format.OBJECT_WITH_SCHEMA:
        return {"type": "json_object", "schema": schema}
    return {"type": "json_object"} if form is Format.JSON_OBJECT else None


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST_CHARACTERS:
            raise EngineError(STRANGE)
    return bytes(body)


async def _tell_pieces(response: httpx.Response, tell: Tell) -> None:
    pieces, content, told = Pieces(), "", ""
    async for text in response.aiter_text():
        content += pieces.feed(text)
        words = plain_words(content)
        if words and words != told:
            told = words
            await tell(words)
        if pieces.is_done:
            return

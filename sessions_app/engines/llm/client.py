"""An HTTP client for one server of chat completions, with kept-alive connections and its errors."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from sessions_app.core.errors import EngineBusyError, EngineError
from sessions_app.engines.keys import may_use_proxy
from sessions_app.engines.llm.replies import LONGEST_CHARACTERS, STRANGE
from sessions_app.engines.server_address import VERSION

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 300.0
"""A new connection costs up to a second; httpx itself keeps one for only five seconds."""
REST_SECONDS = 5.0
"""How long a server that timed out is left alone."""
SERVER = "The language model's server"
CHAT = "chat/completions"

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 524, 529})
_SLOW = frozenset({408, 504, 524})
"""What a proxy answers for a slow server, such as one that loads a model."""
_REFUSED = frozenset({400, 415, 422, 501})
_NOT_YET = frozenset({425, 503})
_LOADING = re.compile(rb"\bloading\b|being loaded|is starting|warming up", re.IGNORECASE)
_UNFIT = re.compile(
    rb"(not|n't) support (the )?(chat\b(?!.template)|completions?\b|generat)|not a chat model|"
    rb"no chat template|is not llm|embedding model",
    re.IGNORECASE,
)


class RetryableError(EngineError):
    """A retry may succeed, after ``seconds`` if the server named a time.

    ``is_away``: nobody listens there. ``is_loading``: the model may not be loaded yet.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        seconds: float | None = None,
        is_away: bool = False,
        is_loading: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.seconds = seconds
        self.is_away = is_away
        self.is_loading = is_loading


class RequestRefusedError(EngineError):
    """The server does not accept a request of this form."""


class UnfitModelError(RequestRefusedError):
    """The server says that the model cannot chat; another may, or this one in another form."""


class UnknownModelError(EngineError):
    """The server does not have the model; it may have another."""


class WrongAddressError(EngineError):
    """The API is not at this address; it may be at another one of the same server."""


class NotInTimeError(EngineBusyError):
    """There was no answer in time: the model may have been unloaded."""

    def __init__(self) -> None:
        super().__init__("The language model did not answer in time.", rest_seconds=REST_SECONDS)


class ServerAwayError(EngineBusyError):
    """The server is not there any more."""


class ChatClient:
    """Talks to the server at ``url``. ``headers`` authenticate the requests.

    Redirects are not followed: they may lead anywhere. ``open`` creates the client on the running
    event loop; ``aclose`` may be called twice.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        """Up to ``/v1``; may be set to another address of the same server."""
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        """For messages: without credentials that the address may contain."""
        self._headers = dict(headers or {})
        self._client: httpx.AsyncClient | None = None

    @property
    def root(self) -> str:
        """Return the address without /v1, where the server's own API is, if it has one."""
        return VERSION.sub("", self.url)

    def open(self) -> None:
        """Create the client; nothing is sent yet."""
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

    @asynccontextmanager
    async def asked(
        self, method: str, url: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send one request; provide the response, whose body may still be arriving.

        Raises:
            EngineError: one of the above, or a retry would not help.
        """
        if self._client is None:
            raise EngineError("The language model is not asked yet, or any more.")
        try:
            async with self._client.stream(method, url, json=body) as response:
                await self._check(response)
                yield response
        except httpx.HTTPError as error:
            # the error's text may contain the address, with credentials
            logger.info("%s failed: %s", self.host, type(error).__name__)
            is_away = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise RetryableError(f"{SERVER} does not answer.", is_away=is_away) from error

    async def ask(self, method: str, url: str, body: dict[str, Any] | None = None) -> bytes:
        """Return the whole body of an answer.

        Raises:
            EngineError: as ``asked``.
        """
        async with self.asked(method, url, body) as response:
            return await whole_body(response)

    async def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        body = await whole_body(response)  # which also lets the connection be reused
        level = logging.DEBUG if status == httpx.codes.NOT_FOUND else logging.INFO
        logger.log(level, "%s answered %d", self.host, status)
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise EngineError(f"{SERVER} does not accept the key.", code="bad_key")
        if status in _AGAIN:
            raise _retryable(response, body)
        if status in _REFUSED and _UNFIT.search(body):
            raise UnfitModelError("The language model cannot chat.")
        if status in _REFUSED:
            raise RequestRefusedError(f"{SERVER} refused this sentence.")
        if status in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
            raise _not_found(response)
        raise EngineError(STRANGE)


def _retryable(response: httpx.Response, body: bytes) -> RetryableError:
    status = response.status_code
    is_loading = status in _SLOW or (status in _NOT_YET and _LOADING.search(body) is not None)
    return RetryableError(
        f"{SERVER} is too busy." if status == 429 else f"{SERVER} failed.",
        status=status,
        seconds=retry_after(response),
        is_loading=is_loading,
    )


def _not_found(response: httpx.Response) -> EngineError:
    if response.request.url.path.endswith(CHAT):
        return UnknownModelError(f"{SERVER} does not know the model.")
    return WrongAddressError(f"{SERVER} has no list of models.")


def retry_after(response: httpx.Response) -> float | None:
    """Return how many seconds the server asks to be left alone; None: it names no time."""
    text = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    if (at := _date(text)) is None:
        return None
    # by the server's clock: ours may differ, or have been set
    now = _date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (at - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def whole_body(response: httpx.Response) -> bytes:
    """Return the whole body of a response.

    Raises:
        EngineError: it is too long.
    """
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST_CHARACTERS:
            raise EngineError(STRANGE)
    return bytes(body)

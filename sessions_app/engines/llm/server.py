"""One server of chat completions: requests with retries, accepted formats and a time limit."""

import asyncio
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any

import httpx

from sessions_app.core.errors import EngineBusyError, EngineError, EngineLoadingError
from sessions_app.engines.base import Tell
from sessions_app.engines.llm.client import (
    CHAT,
    ChatClient,
    NotInTimeError,
    RequestRefusedError,
    RetryableError,
    ServerAwayError,
    whole_body,
)
from sessions_app.engines.llm.model_choice import LONGEST_RETRY_SECONDS, ModelChoice, retry_delay
from sessions_app.engines.llm.replies import STRANGE, Reply, ReplyPieces, read_reply
from sessions_app.engines.llm.request_forms import IN_WORDS, Ladder, Messages, body_of
from sessions_app.engines.server_profiles import Format, Profile

LOADING = "The language model is being loaded."
EVENTS = "text/event-stream"


class ChatServer:
    """Talks to the server at ``url`` (usually up to ``/v1``); ``model`` may be left to it.

    ``headers`` authenticate the requests. ``open`` creates the client on the running event loop;
    ``aclose`` may be called twice. ``choice`` finds the address and the model, before the first
    ``ask``.
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
        self._client = ChatClient(url, headers)
        self.choice = ModelChoice(self._client, profile, model or profile.model, retries=retries)
        self._profile = profile
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._json = Ladder(profile.formats)
        self._words = Ladder(IN_WORDS)
        self._stream = Ladder(IN_WORDS)
        self._can_stream = True

    @property
    def url(self) -> str:
        """Return the address in use."""
        return self._client.url

    @property
    def host(self) -> str:
        """Return its name and port, for messages."""
        return self._client.host

    def open(self) -> None:
        """Create the client; nothing is sent yet."""
        self._client.open()

    async def aclose(self) -> None:
        """Close the client and its connections."""
        await self._client.aclose()

    async def ask(self, messages: Messages, schema: Any = None) -> Reply:
        """Return the whole answer to ``messages``; ``schema`` asks for JSON.

        Raises:
            EngineError: there is none.
            EngineBusyError: it should be left alone for a while.
            EngineLoadingError: the model is not loaded yet.
        """
        ladder = self._words if schema is None else self._json
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await ladder.descend(partial(self._patiently, messages, schema, ladder))
        except TimeoutError as error:
            raise NotInTimeError from error

    async def stream(self, messages: Messages, tell: Tell) -> None:
        """Tell the answer to ``messages`` as it grows. Cancelling closes the stream at once.

        If the server does not stream, the answer is told as a whole.

        Raises:
            EngineError: it broke off; there are no retries.
            EngineBusyError: it should be left alone for a while.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                if not (self._can_stream and await self._has_streamed(messages, tell)):
                    reply = await self._words.descend(partial(self._once, messages, None))
                    self._can_stream = False
                    await tell(reply.content)
        except TimeoutError as error:
            raise NotInTimeError from error
        except RetryableError as error:
            raise _busy(error) from error

    # --- forms of requests

    async def _patiently(
        self, messages: Messages, schema: Any, ladder: Ladder, form: Format
    ) -> Reply:
        for attempt in count():
            try:
                return await self._once(messages, schema, form)
            except RetryableError as error:
                seconds = retry_delay(error, attempt)
                is_last = attempt >= self._retries
                if is_last and _may_be_the_format(error, ladder):
                    raise RequestRefusedError(str(error)) from error
                if error.is_loading or is_last or seconds > LONGEST_RETRY_SECONDS:
                    raise _busy(error) from error
                await asyncio.sleep(seconds)
        raise EngineError(STRANGE)

    async def _once(self, messages: Messages, schema: Any, form: Format) -> Reply:
        body = body_of(self._profile, self.choice.model, messages, schema, form)
        return read_reply(await self._client.ask("POST", f"{self.url}/{CHAT}", body))

    async def _has_streamed(self, messages: Messages, tell: Tell) -> bool:
        """Tell the answer as it grows; return whether the server streams at all."""
        try:
            await self._stream.descend(partial(self._streamed, messages, tell))
        except RequestRefusedError:
            return False
        return True

    async def _streamed(self, messages: Messages, tell: Tell, form: Format) -> None:
        body = body_of(self._profile, self.choice.model, messages, None, form) | {"stream": True}
        try:
            async with self._client.asked("POST", f"{self.url}/{CHAT}", body) as response:
                await _tell_pieces(response, tell)
        except RetryableError as error:
            if _may_be_the_format(error, self._stream):
                raise RequestRefusedError(str(error)) from error
            raise


def _may_be_the_format(error: RetryableError, ladder: Ladder) -> bool:
    # llama-cpp-python fails like this on a schema
    return error.status == httpx.codes.INTERNAL_SERVER_ERROR and not ladder.is_proven


def _busy(error: RetryableError) -> EngineBusyError:
    if error.is_loading:
        return EngineLoadingError(LOADING)
    kind = EngineBusyError if error.status else ServerAwayError
    return kind(str(error), rest_seconds=error.seconds or 0.0)


async def _tell_pieces(response: httpx.Response, tell: Tell) -> None:
    if EVENTS not in response.headers.get("content-type", EVENTS):
        # it does not stream although it was asked to
        await tell(read_reply(await whole_body(response)).content)
        return
    pieces, content = ReplyPieces(), ""
    async for text in response.aiter_text():
        if words := pieces.feed(text):
            content += words
            await tell(content)
        if pieces.is_done:
            return

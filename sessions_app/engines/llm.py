"""Translation by a language model: any server that speaks OpenAI's chat completions."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from sessions_app.engines import keys
from sessions_app.engines.base import Tell
from sessions_app.engines.llm_answers import plain_words, read_answer
from sessions_app.engines.llm_prices import checked_prices, cost_of
from sessions_app.engines.llm_profiles import (
    HERE,
    PROFILES,
    is_in_the_cloud,
    profile_of,
)
from sessions_app.engines.llm_replies import Reply
from sessions_app.engines.llm_server import ChatServer
from sessions_app.engines.prompts import (
    SCHEMA,
    draft_messages,
    final_messages,
    read_topic,
    topic_messages,
)
from sessions_app.engines.server_address import is_server_address
from sessions_app.errors import EngineError, EngineUnavailableError
from sessions_app.events import Said, Translation, TranslationRequest, Usage

logger = logging.getLogger(__name__)


class LlmTranslator:
    """Corrects, translates and explains by a language model.

    ``url`` is the server's address up to ``/v1``; without one, and without a ``profile``
    (``lm-studio``, ``ollama``, ``llama-cpp``, ``vllm``, ``openai``, ``other``), it is looked for on
    this machine. ``model`` is what the server calls it; without one its first is taken. ``key`` is
    sent as a bearer token to the server of ``url`` or ``profile``, and to none that was looked for;
    without one OpenAI itself is sent the environment's OPENAI_API_KEY. ``prices`` give by model
    what a million tokens cost, read and written. ``timeout_seconds`` is how long a sentence may
    take, its ``retries`` included. ``drafts``: whether speech that goes on is translated, and its
    sentences ahead of its end; nobody counts the tokens of what is not kept. With ``must_answer`` a
    server that does not answer is an error; without, it is asked when needed.
    """

    def __init__(
        self,
        url: str = "",
        *,
        model: str = "",
        key: str = "",
        profile: str = "",
        prices: Mapping[str, Sequence[float]] | None = None,
        timeout_seconds: float = 30.0,
        retries: int = 2,
        drafts: bool = True,
        must_answer: bool = False,
    ) -> None:
        _check(url, profile)
        self._prices = checked_prices(prices or {})
        self._drafts = drafts
        self._must_answer = must_answer
        self._servers = [
            ChatServer(
                address,
                PROFILES[profile] if profile else profile_of(address),
                model=model,
                headers=keys.headers_for(address, key if url or profile else ""),
                timeout_seconds=float(timeout_seconds),
                retries=int(retries),
            )
            for address in _addresses(url, profile)
        ]
        self._server = self._servers[0]
        self.why: str | None = None
        """What people should know of it, once it is loaded."""

    @property
    def is_cloud(self) -> bool:
        """Whether what is said leaves the house."""
        return is_in_the_cloud(self._server.url)

    @property
    def host(self) -> str:
        """Return the server's name and port, for people."""
        return self._server.host

    async def load(self) -> None:
        """Find the server and its model.

        Raises:
            EngineUnavailableError: it does not accept the key, or it must answer and does not.
        """
        for server in self._servers:
            server.open()
        try:
            await self._find()
        except EngineUnavailableError:
            await self.aclose()
            raise

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` corrected and translated, with what is worth noticing in it.

        Raises:
            EngineError: the server or the model failed; EngineBusyError: leave it alone.
        """
        if not request.text.strip():
            return Translation("", engine="llm")
        reply = await self._server.ask(final_messages(request), SCHEMA)
        answer = read_answer(reply.content, request.text)
        return Translation(
            answer.translated,
            "" if answer.corrected == request.text else answer.corrected,
            answer.phrases,
            answer.confidence,
            "llm",
            self._usage(reply),
        )

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return what ``translate`` would; None: it was told to make no drafts.

        Raises:
            EngineError: the server or the model failed.
        """
        return await self.translate(request) if self._drafts else None

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Tell a translation of what was said so far, as it grows.

        Raises:
            EngineError: it broke off.
        """
        if self._drafts and request.text.strip():
            await self._server.stream(draft_messages(request), tell)

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return one line about ``said``; empty: the model had none.

        Raises:
            EngineError: the server or the model failed.
        """
        reply = await self._server.ask(topic_messages(said, topic))
        return read_topic(plain_words(reply.content))

    async def aclose(self) -> None:
        """Close all connections. May be called twice, and before ``load``."""
        async with AsyncExitStack() as closing:
            for server in self._servers:
                closing.push_async_callback(server.aclose)

    async def _find(self) -> None:
        failure = EngineError("")
        for server in self._servers:
            try:
                names = await server.models()
            except EngineError as error:
                failure = error
                continue
            if names or server.model:
                await self._take(server, names)
                return
            failure = EngineError("It has no model loaded.")
        self._miss(failure)

    async def _take(self, server: ChatServer, names: list[str]) -> None:
        self._server = server
        server.model = server.model or names[0]
        for other in self._servers:
            if other is not server:
                await other.aclose()
        self._servers = [server]

    def _miss(self, failure: EngineError) -> None:
        hosts = ", ".join(server.host for server in self._servers)
        if failure.code == "bad_key":
            raise EngineUnavailableError(f"{failure} Correct HABLA_LLM_KEY.") from failure
        problem = f"No language model answers at {hosts}."
        if self._must_answer:
            raise EngineUnavailableError(f"{problem} Start it, or set HABLA_LLM_URL.") from failure
        self.why = f"{problem} It is asked again as soon as something is to be translated."

    def _usage(self, reply: Reply) -> Usage:
        read, written = reply.prompt_tokens, reply.completion_tokens
        return Usage(read, written, cost_of(self._prices, self._server.model, read, written))


def _check(url: str, profile: str) -> None:
    if url and not is_server_address(url):
        raise ValueError("url is an address that begins with http:// or https://")
    if profile and profile not in PROFILES:
        raise ValueError(f"profile is one of {', '.join(PROFILES)}")
    if profile == "other" and not url:
        raise ValueError("the profile other needs an url")


def _addresses(url: str, profile: str) -> list[str]:
    if url:
        return [url]
    return [PROFILES[name].url for name in ([profile] if profile else HERE)]

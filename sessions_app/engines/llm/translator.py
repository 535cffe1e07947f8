"""Translation by a language model: any server that implements OpenAI's chat completions."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from math import inf
from typing import Any

from sessions_app.engines import keys
from sessions_app.engines.base import (
    EngineError,
    EngineLoadingError,
    EngineUnavailableError,
    Said,
    Tell,
    Translation,
    TranslationRequest,
    Translator,
    Usage,
)
from sessions_app.engines.llm.answers import parse_chat_answer, without_thoughts
from sessions_app.engines.llm.client import RetryableError, UnfitModelError, UnknownModelError
from sessions_app.engines.llm.drafts import DraftReader
from sessions_app.engines.llm.model_choice import PROBE_SECONDS
from sessions_app.engines.llm.model_loading import (
    IDLE_SECONDS,
    LOAD_SECONDS,
    LOADING,
    LoaderMessages,
    ModelLoader,
)
from sessions_app.engines.llm.prices import checked_prices, cost_of
from sessions_app.engines.llm.prompts import (
    draft_messages,
    final_messages,
    read_topic,
    schema_for,
    topic_messages,
)
from sessions_app.engines.llm.reasoning import begins_in_thought
from sessions_app.engines.llm.replies import Reply
from sessions_app.engines.llm.server import ChatServer
from sessions_app.engines.server_profiles import (
    PROFILES,
    addresses_of,
    check_server,
    is_in_the_cloud,
    profile_of,
)

FIRST_SECONDS = 2.0
"""How long loading the engine waits for a model; slower ones are loaded in the background."""
GRACE_SECONDS = 3.0
"""How long sentences wait for a loading model before others translate them."""


class LlmTranslator(Translator):
    """Corrects, translates and explains with a language model.

    ``url`` is the server's address up to ``/v1``; without one, and without a ``profile``
    (``lm-studio``, ``ollama``, ``llama-cpp``, ``vllm``, ``openai``, ``other``), it is searched for
    on this machine. ``model`` is the server's name for it; by default the first that can chat.
    ``key`` is sent as a bearer token to the server of ``url`` or ``profile``, and to none that was
    searched for; without one OpenAI itself is sent the environment's OPENAI_API_KEY. ``prices``
    maps models to the cost of a million tokens, read and written. ``timeout_seconds`` is the time
    limit for a sentence, its ``retries`` included, and ``load_seconds`` that for loading the model,
    during which no sentence is sent. ``drafts``: whether unfinished speech is translated, and its
    sentences ahead of its end; the tokens of discarded work are not counted. With ``must_answer`` a
    server that does not answer is an error; without, it is asked when needed.
    """

    corrects = True

    def __init__(
        self,
        url: str = "",
        *,
        model: str = "",
        key: str = "",
        profile: str = "",
        prices: Mapping[str, Sequence[float]] | None = None,
        timeout_seconds: float = 30.0,
        load_seconds: float = LOAD_SECONDS,
        retries: int = 2,
        drafts: bool = True,
        must_answer: bool = False,
    ) -> None:
        check_server(url, profile)
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
            for address in addresses_of(url, profile)
        ]
        self._server = self._servers[0]
        self.is_cloud = is_in_the_cloud(self._server.url)
        self.remote_model: ModelLoader = ModelLoader(
            self._load,
            LoaderMessages(
                self._told_while_loading, self._told_of, lambda: self._server.choice.hint
            ),
            load_seconds=float(load_seconds),
            idle_seconds=inf if self.is_cloud else IDLE_SECONDS,
        )
        self._hides_thoughts = False
        """Whether the model was seen to reason without an opening mark."""

    async def load(self) -> None:
        """Find the server and its model, and begin to load it; that continues in the background.

        Raises:
            EngineUnavailableError: it rejects the key, or it must answer and does not.
        """
        for server in self._servers:
            server.open()
        try:
            await self._look()
        except EngineUnavailableError:
            await self.aclose()
            raise

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` corrected and translated, with phrases worth noticing.

        Raises:
            EngineError: the server or the model failed.
            EngineBusyError: it should be left alone for a while.
            EngineLoadingError: the model is not loaded yet.
            BadTranslationError: it was stopped in mid-sentence.
        """
        if not request.text.strip():
            return Translation("", engine="llm")
        reply = await self._ask(final_messages(request), schema_for(request.mode))
        answer = parse_chat_answer(
            reply.content,
            request.text,
            target=str(request.direction.target),
            is_cut=reply.is_cut,
        )
        self._hides_thoughts |= begins_in_thought(reply.content, request.text)
        return answer.translation(request.text, self._usage(reply))

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return what ``translate`` would; None: drafts are turned off, or the model is not loaded.

        Raises:
            EngineError: the server or the model failed.
        """
        return await self.translate(request) if self._drafts and self._is_warm() else None

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Tell a translation of what was said so far, as it grows; nothing while the model loads.

        Only what is certainly the translation is told, and none of the model's reasoning.

        Raises:
            EngineError: it broke off, or there is no translation in it.
        """
        if not (self._drafts and request.text.strip() and self._is_warm()):
            return
        target = str(request.direction.target)
        reader = DraftReader(request.text, target=target, hides_thoughts=self._hides_thoughts)
        try:
            with self.remote_model.watching():
                await self._server.stream(draft_messages(request), reader.telling(tell))
            if draft := reader.end():
                await tell(draft)
        finally:
            self._hides_thoughts |= reader.hides_thoughts

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return one line about ``said``; empty: the model found none, or is not loaded.

        Raises:
            EngineError: the server or the model failed.
        """
        if not self._is_warm():
            return ""
        reply = await self._ask(topic_messages(said, topic))
        return read_topic(without_thoughts(reply.content))

    async def aclose(self) -> None:
        """End loading, and close all connections. May be called twice, and before ``load``."""
        async with AsyncExitStack() as closing:
            for server in self._servers:
                closing.push_async_callback(server.aclose)
            await self.remote_model.aclose()

    # --- the model, which another program holds

    def _is_warm(self) -> bool:
        self.remote_model.warm_up()
        return self.remote_model.is_warm

    async def _look(self) -> None:
        try:
            with suppress(EngineLoadingError):
                await self.remote_model.ensure_loaded(FIRST_SECONDS)
            if not self._server.choice.is_there:
                await self.remote_model.ensure_loaded(
                    FIRST_SECONDS + PROBE_SECONDS * len(self._servers)
                )
        except EngineError as failure:
            if failure.code == "bad_key" or self._must_answer:
                mend = "" if failure.code == "bad_key" else " Start it, or set HABLA_LLM_URL."
                raise EngineUnavailableError(self._problem(failure) + mend) from failure

    async def _load(self) -> None:
        """Load a model on the first server that has a usable one."""
        failure = EngineError("")
        for server in self._servers:
            self._server = server
            try:
                await server.choice.find()
                await server.choice.load()
            except EngineError as error:
                failure = error
            else:
                return
        raise failure

    def _told_while_loading(self) -> str:
        choice = self._server.choice
        if not choice.is_there:
            return ""
        return f"The language model {choice.model} is being loaded." if choice.model else LOADING

    def _told_of(self, failure: EngineError) -> str:
        problem = self._problem(failure)
        return f"{problem} It is asked again as soon as something is to be translated."

    def _problem(self, failure: EngineError) -> str:
        hosts = ", ".join(server.host for server in self._servers)
        if failure.code == "bad_key":
            return f"{failure} Correct HABLA_LLM_KEY."
        if isinstance(failure, RetryableError):
            return f"No language model answers at {hosts}."
        return f"No language model can be used at {hosts}: {failure}"

    # --- requests

    async def _ask(self, messages: list[dict[str, str]], schema: Any = None) -> Reply:
        await self.remote_model.ensure_loaded(GRACE_SECONDS)
        try:
            with self.remote_model.watching():
                return await self._server.ask(messages, schema)
        except (UnfitModelError, UnknownModelError):  # it was removed, or replaced
            await self.remote_model.ensure_loaded(GRACE_SECONDS)
            with self.remote_model.watching():
                return await self._server.ask(messages, schema)

    def _usage(self, reply: Reply) -> Usage:
        read, written = reply.prompt_tokens, reply.completion_tokens
        model = self._server.choice.model
        return Usage(read, written, cost_of(self._prices, model, read, written))

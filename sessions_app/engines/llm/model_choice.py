"""Which address and which model of a server to use: first by what it says, then by trying."""

import asyncio
import logging
from itertools import count, product
from typing import Any

from sessions_app.core.errors import EngineBusyError, EngineError
from sessions_app.engines.llm.client import (
    CHAT,
    SERVER,
    ChatClient,
    RequestRefusedError,
    RetryableError,
    UnfitModelError,
    UnknownModelError,
    WrongAddressError,
)
from sessions_app.engines.llm.models import chat_models, read_models
from sessions_app.engines.llm.replies import check_reply
from sessions_app.engines.server_address import api_addresses
from sessions_app.engines.server_profiles import Profile

logger = logging.getLogger(__name__)

PROBE_SECONDS = 5.0
FIRST_RETRY_SECONDS = 0.5
"""The delay before the first retry if the server names no time; then doubled each time."""
LONGEST_RETRY_SECONDS = 5.0
GREETING = [{"role": "user", "content": "Hola"}]
"""The request that makes a server load a model: nothing that anybody said."""
REFUSES = f"{SERVER} refuses whatever it is asked."
OF_ONE_MODEL = frozenset({0, 500, 502, 503})
"""Failures, and answers that broke off, that may concern one model only."""
NO_MODEL = f"{SERVER} has no model that can chat."


class ModelChoice:
    """Finds which address and model ``client`` should use; ``chosen`` is the only model allowed."""

    def __init__(self, client: ChatClient, profile: Profile, chosen: str, *, retries: int) -> None:
        self._client = client
        self._profile = profile
        self._chosen = chosen
        self._retries = retries
        self._addresses = api_addresses(client.url)
        self._places: list[str] = []
        self._names: list[str] = []
        self.model = chosen
        """The model in use; empty until there is one."""
        self.is_there = False
        """Whether the server answers, even if only that it is loading."""

    @property
    def hint(self) -> str:
        """Return what is wrong with the configured address; empty: nothing."""
        if self._client.url == self._addresses[0]:
            return ""
        host = self._client.host
        return f"The address of {host} lacks /v1 (HABLA_LLM_URL): it is asked with it."

    async def find(self) -> None:
        """Find the address, and the models that may chat; nothing is loaded.

        A server that answers nothing before its one model is loaded is waited for.

        Raises:
            EngineError: the server is not there, is none of its kind, or has no such model.
        """
        self.is_there = False
        for attempt in count():
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    await self._find()
                break
            except TimeoutError as error:
                raise RetryableError(f"{SERVER} does not answer.", is_away=True) from error
            except RetryableError as error:
                if not error.is_loading:
                    raise
                self.is_there = True
                await asyncio.sleep(min(retry_delay(error, attempt), LONGEST_RETRY_SECONDS))
        self.is_there = True
        if not self._names:
            raise EngineError(NO_MODEL)

    async def load(self) -> None:
        """Load a model, the first that answers; may take minutes.

        Raises:
            EngineError: none can be used.
            EngineBusyError: not at the moment.
        """
        failure = EngineError(NO_MODEL)
        for address, name in product(self._places, self._names):
            self._client.url, self.model = address, name
            try:
                await self._load()
            except RetryableError as error:
                if error.is_away or error.status not in OF_ONE_MODEL:
                    raise _given_up(error) from error
                failure = _given_up(error)
            except EngineError as error:
                if error.code == "bad_key":
                    raise
                failure = failure if isinstance(failure, EngineBusyError) else error
            else:
                return
            logger.info("%s: the model %s is of no use: %s", self._client.host, name, failure)
        # the last one tried is no better than the first
        self._client.url, self.model = self._places[0], self._chosen
        raise self._told(failure) from failure

    def _told(self, failure: EngineError) -> EngineError:
        if not isinstance(failure, UnfitModelError | UnknownModelError):
            return failure
        if self._chosen:
            message = f"The model {self._chosen} is not there, or cannot chat: choose another."
            return EngineError(f"{message} HABLA_LLM_MODEL names it.")
        return EngineError(NO_MODEL)

    # --- by what the server says

    async def _find(self) -> None:
        failure: EngineError = WrongAddressError(
            f"{SERVER} is not at this address, with /v1 at its end or without."
        )
        for number, address in enumerate(self._addresses):
            try:
                models = read_models(await self._client.ask("GET", f"{address}/models"))
            except RetryableError:
                raise
            except EngineError as error:
                failure = error if error.code == "bad_key" else failure
                continue
            self._client.url = address
            self._places = self._addresses[number:]  # some have a list at several addresses
            if self._chosen:
                self._names = [self._chosen]
            else:
                self._names = await chat_models(self._client, models, self._profile.name)
            return
        if not self._chosen or failure.code == "bad_key":
            raise failure
        # it may have no list: then the model is tried at each address
        self._places, self._names = self._addresses, [self._chosen]

    # --- by trying

    async def _load(self) -> None:
        for attempt in count():
            try:
                await self._greet()
            except RetryableError as error:
                seconds = retry_delay(error, attempt)
                is_last = error.is_away or attempt >= self._retries
                if not error.is_loading and (is_last or seconds > LONGEST_RETRY_SECONDS):
                    raise
                await asyncio.sleep(min(seconds, LONGEST_RETRY_SECONDS))
            else:
                return

    async def _greet(self) -> None:
        """Request the shortest possible answer."""
        body: dict[str, Any] = {"model": self.model, "messages": GREETING}
        url = f"{self._client.url}/{CHAT}"
        refusal: EngineError = EngineError(REFUSES)
        for limit in ({self._profile.limit_name: 1}, {}):
            try:
                check_reply(await self._client.ask("POST", url, body | limit))
            except UnfitModelError as error:
                refusal = error
            except RequestRefusedError:
                continue
            else:
                return
        raise refusal


def retry_delay(error: RetryableError, attempt: int) -> float:
    """Return how many seconds to wait before the next attempt."""
    return FIRST_RETRY_SECONDS * 2 ** min(attempt, 8) if error.seconds is None else error.seconds


def _given_up(error: RetryableError) -> EngineError:
    if error.status == 500:  # such as a model that does not fit into memory: another may
        return EngineError(str(error))
    return EngineBusyError(str(error), rest_seconds=error.seconds or 0.0)

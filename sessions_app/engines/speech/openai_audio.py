"""Transcription on other machines: any server with OpenAI's /v1/audio/transcriptions."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

import httpx

from sessions_app.engines import keys
from sessions_app.engines.base import (
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    Transcriber,
    Transcript,
)
from sessions_app.engines.server_address import is_server_address
from sessions_app.engines.speech.openai_client import (
    PieceRefusedError,
    SpeechClient,
    SpeechServerSilentError,
)
from sessions_app.engines.speech.server_pool import PooledServer, ServerPool
from sessions_app.engines.spoken_sentence import spoken_sentence

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""How often servers that failed are tried again."""
LOAD_SECONDS = 600.0
"""How long such a server may take then: it may have to load its model first."""
GIVEN_UP_SECONDS = 20.0
"""If a caller gives up after this long without an answer, the server has failed."""


class OpenAiTranscriber(Transcriber):
    """Transcribes with other machines: speaches, vLLM, whisper.cpp's server, OpenAI's own.

    ``urls`` are the servers' addresses up to ``/v1``; the least busy healthy one is asked, and the
    next when it fails or refuses: a server is healthy once it gave words. One that never did, and
    finds no words, is believed only if no other finds any. ``model`` is the servers' name for the
    model. ``key`` is sent as a bearer token to each of them; without one OpenAI itself, and nobody
    else, is sent the environment's OPENAI_API_KEY. ``parallel`` is how many pieces each takes at
    once, ``timeout_seconds`` is the time limit for a piece.
    """

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
        self._servers = ServerPool(
            [PooledServer(url, keys.headers_for(url, key)) for url in addresses]
        )
        self.parallel = max(1, parallel) * len(addresses)
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._http: httpx.AsyncClient | None = None
        self._client: SpeechClient | None = None
        self._looking: asyncio.Task[None] | None = None
        self._tried: set[PooledServer] = set()
        """Those that are being tried again."""

    async def load(self) -> None:
        """Ask every server whether it is there; one is enough.

        Raises:
            EngineUnavailableError: none answers.
        """
        # each request has its own time limit
        timeout = httpx.Timeout(None, connect=self._timeout_seconds)
        self._http = httpx.AsyncClient(timeout=timeout, mounts=self._ways(), follow_redirects=False)
        self._client = SpeechClient(self._http, self._model, self._timeout_seconds)
        await asyncio.gather(*(self._greet(server) for server in self._servers.all()))
        if not self._servers.healthy():
            hosts = ", ".join(server.host for server in self._servers.all())
            await self.aclose()
            raise EngineUnavailableError(
                f"No server for speech recognition answers at {hosts}. Start it, or correct urls."
            )
        self._looking = asyncio.create_task(self._look(), name="habla speech servers")

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le), from the first server that finds any.

        Raises:
            EngineError: no server could transcribe this piece; the next may work.
        """
        failures: list[EngineError] = []
        empty: Transcript | None = None
        doubted: list[PooledServer] = []
        for server in self._servers.in_order():
            if empty is not None and not server.is_healthy:
                continue  # silence is not worth waiting for
            try:
                heard = await self._ask(server, pcm, language)
            except EngineError as error:
                failures.append(error)
                if isinstance(error, PieceRefusedError):
                    doubted.append(server)
            else:
                if heard.text or server.gives_words:
                    self._blame(doubted if heard.text else [])
                    return heard
                empty = empty or heard
                doubted.append(server)
        if empty is not None:
            return empty
        told = [error for error in failures if not isinstance(error, SpeechServerSilentError)]
        raise (told or failures)[0]

    def _blame(self, doubted: Sequence[PooledServer]) -> None:
        """Note that another server found words in a piece in which ``doubted`` found none."""
        for server in doubted:
            server.failed()

    async def aclose(self) -> None:
        """Stop trying, and close the connections. May be called twice."""
        self._client = None
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _ask(
        self,
        server: PooledServer,
        pcm: bytes,
        language: str | None,
        *,
        seconds: float | None = None,
    ) -> Transcript:
        """Return one server's answer, and record how it did.

        Raises:
            EngineError: it gave none.
        """
        client, began_at = self._opened(), monotonic()
        try:
            with server.at_work():
                heard = await client.hear(server, pcm, language, seconds=seconds)
        except EngineBusyError:
            server.rests()
            raise
        except PieceRefusedError:
            raise
        except EngineError:
            self._opened()  # closing is no failure of the server
            server.failed()
            raise
        except asyncio.CancelledError:
            if monotonic() - began_at >= GIVEN_UP_SECONDS:
                server.failed()
            raise
        if heard.text:
            server.gave_words()
        return heard

    def _ways(self) -> dict[str, None]:
        """Return the hosts that are reached directly, not through the environment's proxy."""
        return {
            f"all://{httpx.URL(one.url).netloc.decode()}": None
            for one in self._servers.all()
            if not keys.may_use_proxy(one.url, has_key=bool(one.headers))
        }

    def _opened(self) -> SpeechClient:
        if self._client is None:
            raise EngineError("The servers for speech recognition are not asked yet, or any more.")
        return self._client

    # --- which of them are healthy

    async def _greet(self, server: PooledServer) -> None:
        if not await self._opened().is_there(server):
            server.failed()

    async def _look(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                for server in self._servers.all():
                    if not (server.is_healthy or server in self._tried):
                        self._tried.add(server)
                        tasks.create_task(self._try(server), name="habla speech server")

    async def _try(self, server: PooledServer) -> None:
        """Find out whether a server gives words again, with a sentence that nobody waits for.

        It may have to load its model first, which some abort when the client leaves.
        """
        try:
            if server.busy or not await self._opened().is_there(server):
                return
            sound = await asyncio.to_thread(spoken_sentence)
            heard = await self._ask(server, sound, "en", seconds=LOAD_SECONDS)
            if not heard.text:
                server.failed()
        except PieceRefusedError:
            server.failed()
        except EngineError as error:
            logger.info("%s gives no words yet: %s", server.host, error)
        finally:
            self._tried.discard(server)

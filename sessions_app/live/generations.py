"""Generations of the shared engines: `reload_engines` loads the next, sessions keep theirs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sessions_app.config import conf
from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Notice
from sessions_app.core.readiness import NO_WORDS, Reason, of_model
from sessions_app.engines.base import Progress
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.loading import Engines
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.batching_thread import BatchingThread
from sessions_app.pipeline.idioms.book import IdiomBook

logger = logging.getLogger(__name__)

Load = Callable[[Progress], Awaitable[Engines]]
Tell = Callable[[str, float | None], Awaitable[None]]

UNEXPLAINED = "The engines could not be loaded; the server's log says why."
"""The error where an engine fails to load and does not explain why."""
UNLOAD_SECONDS = 10.0
"""How long unloading a generation may take before it is abandoned."""


class Generation:
    """One loaded set of engines, and what shares them among sessions."""

    def __init__(self, number: int, engines: Engines, idioms: IdiomBook | None = None) -> None:
        self.number = number
        self.engines = engines
        self.idioms = idioms or IdiomBook()
        """Where its sessions look up idioms; all generations of a server share it."""
        self.scheduler = Scheduler(engines.transcriber) if engines.transcriber else None
        self.sound = BatchingThread(f"habla sound {number}")
        """Runs decoding and voice activity detection for all sessions, one chunk after another."""
        self.decoders = DecoderPool(lambda: conf.read().max_sessions)
        """Processes for the streams that libav decodes, at most one per live session."""
        self.trouble = ""
        """Why speech would produce no text, by the last self-test; empty: it would."""
        self.leases = 0
        self.is_retired = False

    def reasons(self) -> list[Reason]:
        """Return why speech would produce no text; empty: it would."""
        reasons = [Reason(self.trouble, NO_WORDS)] if self.trouble else []
        return reasons + self._of_model(is_alone=True)

    def notes(self) -> list[Reason]:
        """Return why another translator replaces the language model; empty: none does."""
        return self._of_model(is_alone=False)

    def _of_model(self, *, is_alone: bool) -> list[Reason]:
        model = self.engines.translator.remote_model
        if model is None or not model.why or bool(model.hindrance) is not is_alone:
            return []
        return [of_model(model.why, state=model.board.condition.state)]

    async def unload(self) -> bool:
        """Release everything, each part alone and within UNLOAD_SECONDS; return whether it is."""
        try:
            are_decoders = await self._release("decoders", self.decoders.aclose)
            is_scheduler = self.scheduler is None or await self._release(
                "scheduler", self.scheduler.aclose
            )
            are_engines = await self._release("engines", self.engines.aclose)
            return are_decoders and is_scheduler and are_engines
        finally:
            self.sound.close()

    async def _release(self, part: str, aclose: Callable[[], Awaitable[object]]) -> bool:
        try:
            async with asyncio.timeout(UNLOAD_SECONDS):
                await aclose()
        except TimeoutError:
            logger.warning("generation %d: its %s did not end in time", self.number, part)
            return False
        except Exception:  # whatever it is, the other parts are to be released
            logger.exception("generation %d: its %s did not end", self.number, part)
            return False
        return True


class Generations:
    """The current generation of engines, and those that sessions still hold."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._loaded: set[Generation] = set()
        """All that are there: today's, and those that sessions still hold."""
        self._unloading: set[asyncio.Task[bool]] = set()
        self._count = 0
        self.idioms = IdiomBook()
        """Shared by all generations, so that live sessions see changes too."""
        self.current: Generation | None = None
        self.is_loading = True
        """Whether a generation is being loaded; true from the beginning, for the first one."""
        self.coming: Notice | None = None
        """The progress of the download of better engines, for clients that connect meanwhile."""
        self.demands: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
        """Models that the owner asked for, read by the task that downloads."""
        self._is_closed = False
        self.step: tuple[str, float | None] = ("", None)
        """What is being loaded, and its progress, 0..1."""
        self.problem: str = ""
        """Why the last loading failed; empty if it did not."""

    async def renew(self) -> Generation:
        """Load the next generation and make it current; the old one goes with its last session.

        Raises:
            EngineUnavailableError: it did not load; the old one stays in use.
        """
        async with self._lock:
            self.problem = ""
            self._note_loading(is_loading=True)
            engines: Engines | None = None
            try:
                await asyncio.to_thread(self.idioms.prepare)
                engines = await self._load(self._threadsafe_progress())
            except EngineError as error:
                self.problem = str(error)
                raise EngineUnavailableError(self.problem) from error
            finally:
                if engines is None and not self.problem:
                    self.problem = UNEXPLAINED
                self._note_loading(is_loading=False)
            if self._is_closed:
                await engines.aclose()
                raise EngineUnavailableError("The server is shutting down.")
            self._count += 1
            old, self.current = self.current, Generation(self._count, engines, self.idioms)
            self._loaded.add(self.current)
            self._notify()
            if old is not None:
                self._retire(old)
            logger.info("generation %d serves: %s", self._count, describe(engines))
            return self.current

    async def lease(self, tell: Tell) -> Generation:
        """Lease the current generation, until ``release``; waits while the first one loads.

        ``tell`` is called with what is being loaded and its progress.

        Raises:
            EngineUnavailableError: there is none, and none is being loaded.
        """
        while self.current is None:
            if not self.is_loading:
                raise EngineUnavailableError(self.problem or "No engines are loaded.")
            changed = self._changed
            await tell(*self.step)
            await changed.wait()
        self.current.leases += 1
        return self.current

    def release(self, generation: Generation) -> None:
        """End a lease; a generation that is no longer current is unloaded after its last lease."""
        generation.leases -= 1
        if generation.is_retired and generation.leases == 0:
            self._unload(generation)

    async def aclose(self, seconds: float = UNLOAD_SECONDS + 1) -> bool:
        """Unload all generations, held or not; return whether they were within ``seconds``.

        What is being loaded is unloaded as soon as it is loaded.
        """
        self._is_closed, self.current = True, None
        for generation in list(self._loaded):
            self._unload(generation)
        if not self._unloading:
            return True
        done, late = await asyncio.wait(self._unloading, timeout=seconds)
        return not late and all(not task.cancelled() and task.result() for task in done)

    def _retire(self, generation: Generation) -> None:
        generation.is_retired = True
        if generation.leases == 0:
            self._unload(generation)

    def _unload(self, generation: Generation) -> None:
        if generation not in self._loaded:  # it is being unloaded already
            return
        self._loaded.remove(generation)
        name = f"habla unload {generation.number}"
        task = asyncio.get_running_loop().create_task(_unload(generation), name=name)
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)

    def _threadsafe_progress(self) -> Progress:
        loop = asyncio.get_running_loop()

        def progress(what: str, fraction: float | None) -> None:
            # at most a hundred reports per step; called from any thread
            step = (what, None if fraction is None else round(fraction, 2))
            if step != self.step:
                loop.call_soon_threadsafe(self._note_step, step)

        return progress

    def _note_step(self, step: tuple[str, float | None]) -> None:
        if step[0] != self.step[0]:
            logger.info("loading: %s", step[0])
        self.step = step
        self._notify()

    def _note_loading(self, *, is_loading: bool) -> None:
        self.is_loading = is_loading
        self.step = ("", None)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def _unload(generation: Generation) -> bool:
    is_unloaded = await generation.unload()
    if is_unloaded:
        logger.info("generation %d is unloaded", generation.number)
    return is_unloaded


def describe(engines: Engines) -> str:
    """Return the engines' names in one line."""
    return ", ".join(f"{kind} {info.name}" for kind, info in engines.infos.items())

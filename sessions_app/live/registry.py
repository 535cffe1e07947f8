"""The live sessions and the engines they share: the process's only global state."""

import asyncio
import functools
import logging
import threading
import uuid
from collections.abc import Collection
from dataclasses import asdict
from typing import Any, TypeVar

from sessions_app.config.data_directory import directory_id
from sessions_app.config.recordings_directory import id_or_none
from sessions_app.config.variables import Conf
from sessions_app.core import counters, descriptors
from sessions_app.core.errors import EngineUnavailableError, RefusedError
from sessions_app.core.events import Event, Notice
from sessions_app.core.listening import Listening
from sessions_app.core.logs.context import context_of
from sessions_app.core.readiness import Reason, of_loading, of_troubles
from sessions_app.extensions import plugged_in
from sessions_app.live.capacity import make_room, serving
from sessions_app.live.generations import UNLOAD_SECONDS, Generations
from sessions_app.live.publisher import Publisher
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.session import LiveSession
from sessions_app.live.states import (
    STATES_WITH_ROW,
    EndCause,
    EndReason,
    ProcessContext,
    SessionRequest,
    ShutdownReport,
    refuse_without_database,
)
from sessions_app.protocol import CloseCode
from sessions_app.recording.finishing import RecordingFinisher, finish_all
from sessions_app.recording.writer import SoundWriter
from sessions_app.store import sessions as store_sessions
from sessions_app.store.database.identity import identity
from sessions_app.store.engine_choice import load_chosen_engines

logger = logging.getLogger(__name__)

ABORT_SECONDS = 3.0
"""How long sessions may take to close once a quitting server aborts them."""
ROWS_SECONDS = 1.0
"""The least time for writing what waits to be stored, however little time is left."""
TELL_SECONDS = 0.1
"""The least time for telling clients that the server quits, however little time is left."""

T = TypeVar("T")
LiveTask = tuple[LiveSession, "asyncio.Task[None]"]
"""A session, and the task that runs it."""

SERVER_QUITS = EndCause(EndReason.SERVER_QUITS, CloseCode.QUITTING)


class Registry:
    """The live sessions of this process, each in a task that the registry owns."""

    def __init__(self) -> None:
        self.boot = ""
        """The id of this run of the server in the rows it writes."""
        self.sound_directory = ""
        """The id of the directory in which this server keeps recordings."""
        self.sessions: dict[uuid.UUID, LiveSession] = {}
        self.is_draining = False
        self.conf: Conf | None = None
        self.listening: Listening | None = None
        """Where this process is reached; None: it serves nobody."""
        self.generations: Generations | None = None
        self.publisher = Publisher(self._with_rows, lambda: self.boot)
        self._troubles: dict[str, str] = {}
        self._finisher: RecordingFinisher | None = None
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        """By session, until they are done."""
        self._held: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hurry = asyncio.Event()

    # --- the beginning

    def open(self, conf: Conf, boot: str = "") -> None:
        """Begin to serve, on the running loop; ``load`` then loads the engines.

        ``boot`` is given by a process that is not a server, such as a command beside one.
        """
        self._loop = asyncio.get_running_loop()
        self.conf = conf
        self.boot = boot or store_sessions.new_boot(directory_id(conf.run_dir))
        self.generations = Generations(functools.partial(load_chosen_engines, conf.engines))
        self.sound_directory = id_or_none()
        writer = SoundWriter(self.sound_directory) if conf.is_recording else None
        self._finisher = RecordingFinisher(writer) if writer else None
        self.is_draining = False
        self._hurry.clear()

    async def load(self) -> bool:
        """Load the first generation of engines, or the next; return whether it loaded.

        A failure is logged and shown in the status; the server goes on with the engines it has.
        """
        if self.is_draining:
            return False
        if self.generations is None:
            raise RuntimeError("the registry is not open")
        try:
            await self.generations.renew()
        except EngineUnavailableError as error:
            logger.error("no engines: %s", error)  # noqa: TRY400 -- the message says it all
            return False
        except Exception:
            logger.exception("no engines")
            return False
        return True

    def record_in(self, directory: str) -> None:
        """Note the id of the directory in which recordings lie from now on."""
        self.sound_directory = directory
        if self._finisher is not None:
            self._finisher.writer.directory = directory

    def launch(
        self,
        request: SessionRequest,
        connection: ClientConnection,
    ) -> LiveTask:
        """Return a new session of the client behind ``connection``, and the task that runs it.

        Raises:
            RefusedError: the server is full or quits, or this process does not serve.
        """
        conf, generations = self._admit(request)
        process = ProcessContext(
            self.boot,
            generations,
            self.publisher,
            self._finisher,
            drain_seconds=conf.drain_seconds,
            silence_seconds=conf.silence_seconds,
            resume_seconds=conf.resume_seconds,
        )
        session = LiveSession(request, process, connection)
        self.sessions[session.id] = session
        task = asyncio.create_task(
            session.run(functools.partial(self._remove, session)),
            name=f"habla session {session.id}",
            context=context_of(str(session.id)),
        )
        self._tasks[session.id] = task
        task.add_done_callback(functools.partial(self._discard, session))
        return session, task

    def find_resumable(self, user_id: int, hashed: str) -> LiveTask | None:
        """Return the session of a user that the ticket of this hash opens, and its task."""
        for session in self.sessions.values():
            if session.opens_for(user_id, hashed) and session.can_be_resumed():
                return session, self._tasks[session.id]
        return None

    def find_ending(self, request: SessionRequest, hashed: str) -> SessionRequest | None:
        """Return the request that continues a session which the ticket of this hash opened.

        None: no session here that is ending had that ticket.
        """
        for session in self.sessions.values():
            if session.opens_for(request.user_id, hashed) and session.ending is not None:
                return session.request_to_continue(request)
        return None

    @property
    def records(self) -> bool:
        """Whether sound is recorded here."""
        return self._finisher is not None

    @property
    def resumes(self) -> bool:
        """Whether sessions outlive their connections here."""
        return self.conf is not None and self.conf.resume_seconds > 0

    def hold(self, task: "asyncio.Task[T]") -> "asyncio.Task[T]":
        """Keep a reference to a task until it is done, though nobody may wait for it (H25)."""
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        return task

    def refuse_if_quitting(self) -> Generations:
        """Return the engines here.

        Raises:
            RefusedError: the server quits.
        """
        if self.generations is None or self.is_draining:
            raise RefusedError(
                "The server is shutting down; come back in a moment.",
                code="server_quits",
                close_code=CloseCode.QUITTING,
            )
        return self.generations

    def _admit(self, request: SessionRequest) -> tuple[Conf, Generations]:
        conf, generations = serving(self.conf), self.refuse_if_quitting()
        refuse_without_database()
        make_room(self.sessions.values(), request, conf)
        return conf, generations

    def _with_rows(self) -> dict[uuid.UUID, LiveSession]:
        return {s.id: s for s in self.sessions.values() if s.state in STATES_WITH_ROW}

    @property
    def is_at_work(self) -> bool:
        """Whether a live session waits for anything to be heard or translated."""
        return any(session.is_at_work for session in self.sessions.values())

    def end(self, session_ids: Collection[uuid.UUID], ending: EndCause) -> None:
        """End those of these sessions that are live here."""
        for session_id in session_ids:
            if (session := self.sessions.get(session_id)) is not None:
                session.end(ending)

    def _remove(self, session: LiveSession) -> None:
        if self.sessions.pop(session.id, None) is not None:
            counters.ENDED.labels(session.ending.reason if session.ending else "failed").inc()

    def _discard(self, session: LiveSession, task: "asyncio.Task[None]") -> None:
        del self._tasks[session.id]
        self._remove(session)
        if not task.cancelled() and task.exception() is not None:
            logger.error(
                "session %s did not end as it should", session.id, exc_info=task.exception()
            )

    async def tell_all(self, event: Event) -> None:
        """Send an event to every live client; one that does not read delays no other."""
        await asyncio.gather(*(session.emit(event) for session in self.sessions.values()))

    async def tell_engines(self) -> None:
        """Tell every client which engines new connections get from now on."""
        generation = self.generations.current if self.generations else None
        if generation is not None:
            infos = {kind: asdict(info) for kind, info in generation.engines.infos.items()}
            fields = {"generation": generation.number, "engines": infos}
            await self.tell_all(Notice("engines_changed", fields))

    # --- the end

    async def drain(self, seconds: float) -> ShutdownReport:
        """Tell every client, let all sessions finish within ``seconds``, and close them."""
        self.is_draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        leaving = list(self.sessions.values())
        await self._send_away(leaving, seconds)
        await self._gone(deadline - asyncio.get_running_loop().time())
        late = [session for session in leaving if session.id in self.sessions]
        self._abort_sessions()
        stuck = await self._gone(ABORT_SECONDS)
        self._close_rows_of_stuck()
        finisher, self._finisher = self._finisher, None
        left = max(deadline - asyncio.get_running_loop().time(), ROWS_SECONDS)
        unkept = await finish_all(finisher, left, self._hurry, ROWS_SECONDS)
        cut_off = sum(not s.is_left_whole if s in late else s.is_cut_off for s in leaving)
        return ShutdownReport(len(leaving), cut_off, stuck, unkept)

    async def _send_away(self, leaving: list[LiveSession], seconds: float) -> None:
        """Tell all at the same time, since one that does not read takes seconds; then end them."""

        async def send_away(session: LiveSession) -> None:
            await session.emit(Notice("going_away", {"deadline_seconds": seconds}))
            session.end(SERVER_QUITS)

        telling = [asyncio.create_task(send_away(session)) for session in leaving]
        if telling:
            _, late = await asyncio.wait(telling, timeout=max(seconds, TELL_SECONDS))
            for task in late:
                task.cancel()
        for session in leaving:
            session.end(SERVER_QUITS)

    def _close_rows_of_stuck(self) -> None:
        """Close the rows of stuck sessions, since the process will soon end."""
        stuck = list(self.sessions.values())
        if not stuck:
            return
        logger.error("sessions that do not close: %s", ", ".join(str(s.id) for s in stuck))
        for session in stuck:
            session.post_end(SERVER_QUITS)

    def abort(self) -> None:
        """End all sessions at once, and cut short the waiting for them."""
        self._hurry.set()
        self._abort_sessions()

    def _abort_sessions(self) -> None:
        for session in list(self.sessions.values()):
            session.end(EndCause(EndReason.SERVER_QUITS, CloseCode.QUITTING, is_graceful=False))

    async def close(self, seconds: float = UNLOAD_SECONDS) -> bool:
        """Unload the engines; return whether that was done within ``seconds``."""
        generations, self.generations = self.generations, None
        return generations is None or await generations.aclose(seconds)

    async def _gone(self, seconds: float) -> int:
        if not self._tasks:
            return 0
        _, left = await asyncio.wait(self._tasks.values(), timeout=max(seconds, 0))
        return len(left)

    # --- its status

    def readiness(self) -> list[str]:
        """Return why a session opened now would produce no text; empty: it would."""
        return [reason.text for reason in self.reasons()]

    def reasons(self) -> list[Reason]:
        """Return the same, each with what may be shown to strangers."""
        if self.is_draining:
            return [Reason("The server is shutting down.")]
        if self.generations is None:
            return [Reason("No server runs in this process.")]
        if problem := identity.problem_now:
            return [Reason(problem)]
        current = self.generations.current
        if current is None:
            return [of_loading(self.generations.problem, self.generations.step[0])]
        reasons = current.reasons()
        reasons += [Reason(descriptors.EXHAUSTED)] if descriptors.are_exhausted() else []
        return reasons + of_troubles(self.troubles())

    def note_trouble(self, name: str, trouble: str) -> bool:
        """Note what is wrong with something outside this process, such as the disk; empty: nothing.

        ``name`` says with what. Return whether that is new.
        """
        is_new = trouble != self._troubles.get(name, "")
        self._troubles[name] = trouble
        return is_new

    def troubles(self) -> dict[str, str]:
        """Return what is wrong now, by the name of what it is wrong with."""
        found = dict(self._troubles)
        for find in plugged_in.troubles.values():
            found |= find()
        return {name: trouble for name, trouble in found.items() if trouble}

    def status(self, user_id: int | None = None) -> dict[str, Any]:
        """Return what `manage.py status --json` prints of this process.

        With a ``user_id`` only that user's sessions are listed; all are counted.
        """
        generation = self.generations.current if self.generations else None
        live = list(self.sessions.values())
        sessions = [session for session in live if user_id in (None, session.user_id)]
        return {
            "boot": self.boot,
            "state": "draining" if self.is_draining else "serving",
            "problems": self.readiness(),
            "generation": generation.number if generation else None,
            "engines": {
                kind: asdict(info)
                for kind, info in (generation.engines.infos if generation else {}).items()
            },
            "backlog": generation.scheduler.backlog if generation and generation.scheduler else 0,
            "tasks": len(asyncio.all_tasks(self._loop)) if self._loop else 0,
            "threads": threading.active_count(),
            "live": len(live),
            "sessions": [
                {"id": str(s.id), "state": s.state, "direction": s.manner.direction}
                for s in sessions
            ],
            **{key: tell(sessions) for key, tell in plugged_in.status.items()},
        }


live = Registry()
"""This process's registry."""

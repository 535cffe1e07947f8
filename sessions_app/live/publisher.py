"""Publishes the events of a process's sessions, for viewers in any process, without waiting."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from uuid import UUID

from channels.layers import get_channel_layer

from sessions_app.bus.broker import broker_errors
from sessions_app.core.errors import RefusedError, StoreError, StoreUnavailableError
from sessions_app.core.events import (
    Discarded,
    Event,
    Exchange,
    Failure,
    FinalTranscript,
    Notice,
    Partial,
    SpeechEnded,
    SpeechStarted,
)
from sessions_app.protocol import CloseCode, encode
from sessions_app.store import tickets
from sessions_app.store.tickets import TicketState

logger = logging.getLogger(__name__)

MOST_WAITING = 500
"""How many events may wait for the broker; more are not published."""
MOST_CHARACTERS = 64_000
"""The length of a published event at most. A longer one is read from the rows."""
SEND_SECONDS = 1.0
"""How long the broker may take for one event."""
LOOK_SECONDS = 1.0
"""How often to look up which sessions have viewers."""
MOST_VIEWERS = 50
"""How many may read along with one session, through one process."""
MOST_IN_ALL = 500
"""How many may read along with all of them."""
SHARED_SECONDS = 0.5
"""How long the state of a ticket is cached, for all viewers who use it."""
NOTICES = frozenset({"speakers", "stored", "closed"})


def group_of(session_id: UUID) -> str:
    """Return the name under which a session's events are published."""
    return f"watch.{session_id}"


class Publisher:
    """Publishes the events of this process's sessions that somebody has a ticket for.

    What is lost here, viewers find in the rows. ``sessions`` returns the ids
    of the sessions that are live in this process.
    """

    def __init__(self, sessions: Callable[[], Collection[UUID]]) -> None:
        self._sessions = sessions
        self._waiting: asyncio.Queue[tuple[UUID, Event]] | None = None
        self._watched: frozenset[UUID] = frozenset()
        self._is_heard = True
        self.dropped = 0
        """How many events were not published because the broker was slow or not available."""
        self._seats: Counter[UUID] = Counter()
        self._seen: dict[str, tuple[float, TicketState]] = {}
        """When the state of a ticket was last read, on the loop's clock, and the state."""

    @contextlib.contextmanager
    def seat(self, session_id: UUID) -> Iterator[None]:
        """Count one more viewer of a session in this process until exit.

        Raises:
            RefusedError: all MOST_VIEWERS seats are taken, or MOST_IN_ALL.
        """
        if self._seats[session_id] >= MOST_VIEWERS or self._seats.total() >= MOST_IN_ALL:
            message = "As many people are watching as there may; come back later."
            raise RefusedError(message, code="full", close_code=CloseCode.FULL)
        self._seats[session_id] += 1
        try:
            yield
        finally:
            self._seats[session_id] -= 1
            self._seats = +self._seats  # keeps only sessions that have viewers

    async def look(self, secret: str, *, is_fresh: bool) -> TicketState | None:
        """Return the state of a ticket; unless ``is_fresh``, it may be SHARED_SECONDS old.

        Raises:
            StoreError: the database does not answer.
        """
        now = asyncio.get_running_loop().time()
        self._seen = {s: seen for s, seen in self._seen.items() if now - seen[0] < SHARED_SECONDS}
        if secret in self._seen and not is_fresh:
            return self._seen[secret][1]
        state = await tickets.fetch_ticket_state(secret)
        if state is not None:
            self._seen[secret] = asyncio.get_running_loop().time(), state
        return state

    def is_watched(self, session_id: UUID) -> bool:
        """Return whether a session of this process may have viewers."""
        return session_id in self._watched

    def publish(self, session_id: UUID, event: Event) -> None:
        """Publish an event if there may be viewers; never waits, and never raises."""
        if self._waiting is None or not self.is_watched(session_id) or not _is_for_viewers(event):
            return
        try:
            self._waiting.put_nowait((session_id, event))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Publish, until cancelled."""
        waiting: asyncio.Queue[tuple[UUID, Event]] = asyncio.Queue(MOST_WAITING)
        self._waiting = waiting
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_looking(), name="habla publisher looks")
                tasks.create_task(self._keep_sending(waiting), name="habla publisher tells")
        finally:
            self._waiting = None

    async def _keep_looking(self) -> None:
        while True:
            try:
                self._watched = await tickets.sessions_with_tickets(list(self._sessions()))
            except StoreUnavailableError:
                pass  # logged elsewhere; the known viewers stay
            except StoreError as error:
                logger.warning("could not look up who has viewers: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_sending(self, waiting: "asyncio.Queue[tuple[UUID, Event]]") -> None:
        while True:
            session_id, event = await waiting.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send(session_id, event)
            except broker_errors() as error:
                self._drop_waiting(waiting, error)
            else:
                self._is_heard = True

    async def _send(self, session_id: UUID, event: Event) -> None:
        text = encode(event)
        layer = get_channel_layer()
        if layer is not None and len(text) <= MOST_CHARACTERS:
            await layer.group_send(group_of(session_id), {"type": "watch.said", "text": text})

    def _drop_waiting(self, waiting: "asyncio.Queue[tuple[UUID, Event]]", error: Exception) -> None:
        # what waited behind it is outdated by now, and is in the rows
        self.dropped += 1 + waiting.qsize()
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                waiting.get_nowait()
        if self._is_heard:
            self._is_heard = False
            logger.warning("viewers hear late, the channel layer fails: %s", type(error).__name__)


def _is_for_viewers(event: Event) -> bool:
    if isinstance(event, Notice):
        return event.type in NOTICES
    if isinstance(event, Failure):
        return isinstance(event.about, int)
    return isinstance(
        event, SpeechStarted | SpeechEnded | Partial | FinalTranscript | Exchange | Discarded
    )

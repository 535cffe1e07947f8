"""Publishes the events of a process's sessions for viewers in any process, and counts viewers."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from channels.layers import get_channel_layer

from sessions_app.bus.broker import broker_errors
from sessions_app.core.errors import RefusedError, StoreError, StoreUnavailableError
from sessions_app.core.events import (
    Discarded,
    Emit,
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
from sessions_app.store import servers, tickets
from sessions_app.store.tickets import TicketState

logger = logging.getLogger(__name__)

MOST_WAITING = 500
"""How many events may wait for the broker; more are not published."""
MOST_CHARACTERS = 64_000
"""The length of a published event at most. A longer one is read from the rows."""
SEND_SECONDS = 1.0
"""How long the broker may take for one event."""
LOOK_SECONDS = 1.0
"""How often to look up which conversations have viewers, and how many."""
TELL_SECONDS = 5.0
"""How often a session that may have viewers is told how many, though that has not changed."""
MOST_VIEWERS = 50
"""How many may read along with one conversation, through one process."""
MOST_IN_ALL = 500
"""How many may read along with all of them."""
SHARED_SECONDS = 0.5
"""How long the state of a ticket is cached, for all viewers who use it."""
NOTICES = frozenset({"speakers", "stored", "closed"})


class Watched(Protocol):
    """A session that may have viewers."""

    @property
    def conversation_id(self) -> UUID | None:
        """What it writes to."""

    @property
    def emit(self) -> Emit:
        """Sends an event to its client; never raises."""


@dataclass(frozen=True, slots=True)
class _Published:
    """An event of a session, for those who read its conversation."""

    conversation_id: UUID
    session_id: UUID
    event: Event


def group_of(conversation_id: UUID) -> str:
    """Return the name under which the events of a conversation's sessions are published."""
    return f"watch.{conversation_id}"


class Publisher:
    """Publishes the events of this process's sessions that somebody has a ticket for.

    What is lost here, viewers find in the rows. It also counts the viewers, and tells each session
    how many there are. ``sessions`` returns the sessions of this process that have a row, by their
    ids; ``boot`` returns its run of the server.
    """

    def __init__(
        self, sessions: Callable[[], Mapping[UUID, Watched]], boot: Callable[[], str]
    ) -> None:
        self._sessions = sessions
        self._boot = boot
        self._waiting: asyncio.Queue[_Published] | None = None
        self._watched: frozenset[UUID] = frozenset()
        """The conversations to which this process writes, and which somebody may read."""
        self._is_heard = True
        self.dropped = 0
        """How many events were not published because the broker was slow or not available."""
        self._seats: Counter[UUID] = Counter()
        """By conversation, and by ticket."""
        self._seated = 0
        self.recorded: Mapping[str, int] = {}
        """``viewers`` as the server's row has it; noted by whoever writes that."""
        self._told: dict[UUID, tuple[int, float]] = {}
        """How many viewers each session was told of last, and when, on the loop's clock."""
        self._telling: set[UUID] = set()
        """The sessions that are being told, since a client that does not read takes seconds."""
        self._seen: dict[str, tuple[float, TicketState]] = {}
        """When the state of a ticket was last read, on the loop's clock, and the state."""

    # --- viewers of this process

    @contextlib.contextmanager
    def seat(self, conversation_id: UUID, ticket_id: UUID) -> Iterator[None]:
        """Count one more viewer of a conversation, by a ticket, in this process until exit.

        Raises:
            RefusedError: all MOST_VIEWERS seats are taken, or MOST_IN_ALL.
        """
        if self._seats[conversation_id] >= MOST_VIEWERS or self._seated >= MOST_IN_ALL:
            message = "As many people are watching as there may; come back later."
            raise RefusedError(message, code="full", close_code=CloseCode.FULL)
        seats = Counter((conversation_id, ticket_id))
        self._seats += seats
        self._seated += 1
        try:
            yield
        finally:
            self._seats -= seats  # keeps only those that have viewers
            self._seated -= 1

    @property
    def viewers(self) -> dict[str, int]:
        """How many read along through this process, by the conversation's id and the ticket's."""
        return {str(key): count for key, count in self._seats.items()}

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

    # --- sessions of this process

    def writes_to(self, conversation_id: UUID) -> bool:
        """Return whether a session of this process writes to a conversation."""
        return any(each.conversation_id == conversation_id for each in self._sessions().values())

    def is_watched(self, conversation_id: UUID | None) -> bool:
        """Return whether a conversation to which this process writes may have viewers."""
        return conversation_id in self._watched

    def publish(self, session_id: UUID, conversation_id: UUID | None, event: Event) -> None:
        """Publish an event if there may be viewers; never waits, and never raises."""
        if self._waiting is None or conversation_id is None:
            return
        if not self.is_watched(conversation_id) or not _is_for_viewers(event):
            return
        try:
            self._waiting.put_nowait(_Published(conversation_id, session_id, event))
        except asyncio.QueueFull:
            self.dropped += 1

    # --- its work

    async def run(self) -> None:
        """Publish, and tell sessions how many viewers they have, until cancelled."""
        waiting: asyncio.Queue[_Published] = asyncio.Queue(MOST_WAITING)
        self._waiting = waiting
        self._told.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_looking(tasks), name="habla publisher looks")
                tasks.create_task(self._keep_sending(waiting), name="habla publisher tells")
        finally:
            self._waiting = None

    async def _keep_looking(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._look_up(tasks)
            except StoreUnavailableError:
                pass  # logged elsewhere; the known viewers stay
            except StoreError as error:
                logger.warning("could not look up who has viewers: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look_up(self, tasks: asyncio.TaskGroup) -> None:
        """Look up which conversations may have viewers, and how many, and tell their sessions.

        Raises:
            StoreError: the database does not say.
        """
        written_to = [each.conversation_id for each in self._sessions().values()]
        known = [conversation_id for conversation_id in written_to if conversation_id is not None]
        self._watched = await tickets.conversations_with_tickets(known)
        counts = Counter(self.viewers)
        if self._watched:
            counts += await servers.viewers_elsewhere(self._boot())
        sessions = self._sessions()
        self._told = {key: told for key, told in self._told.items() if key in sessions}
        for session_id, session in sessions.items():
            count = counts[str(session.conversation_id)]
            if session_id not in self._telling and self._is_news(session_id, session, count):
                self._telling.add(session_id)
                work = self._tell_count(session_id, session, count)
                tasks.create_task(work, name=f"habla publisher tells {session_id}")

    def _is_news(self, session_id: UUID, session: Watched, count: int) -> bool:
        told, at = self._told.get(session_id, (0, -TELL_SECONDS))
        is_due = asyncio.get_running_loop().time() - at >= TELL_SECONDS
        return count != told or (is_due and self.is_watched(session.conversation_id))

    async def _tell_count(self, session_id: UUID, session: Watched, count: int) -> None:
        # again and again, since a client that came back, or has no room, has missed it
        try:
            self._told[session_id] = count, asyncio.get_running_loop().time()
            await session.emit(Notice("viewers", {"count": count}, is_passing=True))
        finally:
            self._telling.discard(session_id)

    async def _keep_sending(self, waiting: "asyncio.Queue[_Published]") -> None:
        while True:
            published = await waiting.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await _send(published)
            except broker_errors() as error:
                self._drop_waiting(waiting, error)
            else:
                self._is_heard = True

    def _drop_waiting(self, waiting: "asyncio.Queue[_Published]", error: Exception) -> None:
        # what waited behind it is outdated by now, and is in the rows
        self.dropped += 1 + waiting.qsize()
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                waiting.get_nowait()
        if self._is_heard:
            self._is_heard = False
            logger.warning("viewers hear late, the channel layer fails: %s", type(error).__name__)


async def _send(published: _Published) -> None:
    text = encode(published.event)
    layer = get_channel_layer()
    if layer is not None and len(text) <= MOST_CHARACTERS:
        message = {"type": "watch.said", "session_id": str(published.session_id), "text": text}
        await layer.group_send(group_of(published.conversation_id), message)


def _is_for_viewers(event: Event) -> bool:
    if isinstance(event, Notice):
        return event.type in NOTICES
    if isinstance(event, Failure):
        return isinstance(event.about, int)
    return isinstance(
        event, SpeechStarted | SpeechEnded | Partial | FinalTranscript | Exchange | Discarded
    )

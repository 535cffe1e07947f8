"""The client of a live session: it comes, is greeted, goes, and may come back."""

import asyncio
import logging
from abc import abstractmethod
from contextlib import suppress
from dataclasses import asdict, replace
from time import monotonic
from typing import Any

from sessions_app.access.logins import Login
from sessions_app.core.errors import CommandError, StoreError
from sessions_app.core.events import Failure, Notice
from sessions_app.live import messages
from sessions_app.live.generations import Generation
from sessions_app.live.operations import SessionOperations
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.restored import OWED_SECONDS, RestoredSession
from sessions_app.live.resuming.resume_state import ResumeOffer, ResumeState
from sessions_app.live.resuming.tickets import ResumeTickets, ticket_hash
from sessions_app.live.silence import LATE_SECONDS, SilenceWatch
from sessions_app.live.states import (
    OPEN_STATES,
    TRANSITIONS,
    EndCause,
    EndReason,
    ProcessContext,
    SessionRequest,
    State,
)
from sessions_app.protocol import LIMITS
from sessions_app.store import resumptions
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind

logger = logging.getLogger(__name__)

NOTICED_SECONDS = 20.0
"""After so long at the latest a lost connection is noticed: its client was away before."""

FOR_GOOD = frozenset({EndReason.CLIENT_LEFT, EndReason.LOGGED_OUT, EndReason.DELETED})
"""Why a session may have ended that no ticket opens any more."""


class SessionPresence(SessionOperations):
    """What a session does about its client, and whether that is there.

    Whatever ends the session is decided by ``end``.
    """

    def __init__(
        self, request: SessionRequest, process: ProcessContext, connection: ClientConnection
    ) -> None:
        super().__init__(request, process, connection)
        self._request = request
        self._process = process
        self.ending: EndCause | None = None
        self._is_opened = asyncio.Event()
        self._absence = SilenceWatch(
            process.resume_seconds, self._absent_since, self._is_not_resumed
        )
        self._detached_at: float | None = None
        """Since when its client is away, on the monotonic clock; None: it is there."""
        self._outage_before = 0.0
        """How long the database had been away by then."""
        self._attaching = 0
        """How many connections are about to become its client's."""
        self._ticket = request.restored.ticket_hash if request.restored is not None else ""
        """The hash of the ticket that its client was given last; empty: it has none."""
        self._attached_at = 0.0
        self._state_before = State.IDLE

    @abstractmethod
    def end(self, ending: EndCause) -> None:
        """Begin the end. The first reason wins; a later abort only shortens the drain."""

    def become(self, state: State) -> None:
        """Change to ``state`` if TRANSITIONS allows it; else do nothing.

        A listening period goes on while the client is away; its state shows when that is back.
        """
        if self.state is State.DETACHED and state in OPEN_STATES:
            if state in TRANSITIONS[self._state_before]:
                self._state_before = state
        elif state in TRANSITIONS[self.state]:
            self.state = state

    # --- its client comes and goes

    def detach(self, connection: ClientConnection, ending: EndCause) -> None:
        """Note that ``connection`` is gone: go on without for a while, or end for ``ending``.

        Does nothing if another connection has taken its place.
        """
        if not self.is_client(connection):
            return
        is_kept = self._ticket and (self.is_open or self._is_coming)
        if not is_kept or self.ending is not None or not self._end_unheard_guest():
            self.end(ending)
            return
        self._link.detach()
        self._detached_at = monotonic()
        self._outage_before = database_thread.outage.seconds
        self._save_tickets(is_attached=False)
        if self.state is State.OPENING:  # it is detached as soon as it is open
            return
        self._become_detached()
        logger.info("session %s: its client is gone and may come back", self.id)

    @property
    def _is_coming(self) -> bool:
        """Whether it was live in another process, and will be here."""
        return self.state is State.OPENING and self._request.restored is not None

    @property
    def away_since(self) -> float | None:
        """Since when its client is away, on the monotonic clock; None: it is there, or comes."""
        return None if self._attaching else self._detached_at

    def _absent_since(self) -> float | None:
        if self._attaching:  # who has come in time is waited for, and then looked for again
            return monotonic() - self._process.resume_seconds + LATE_SECONDS
        if self._detached_at is None:
            return None
        # nobody can log in, and so come back, while the database is away
        outage_seconds = database_thread.outage.seconds - self._outage_before
        return self._detached_at + min(outage_seconds, resumptions.MOST_OUTAGE_SECONDS)

    def _end_unheard_guest(self) -> bool:
        """End a guest, since nobody hears what it plays; return False if too much waits for it."""
        if not self._guests.is_busy:
            return True
        self._guests.refuse_unheard()
        try:
            self._pipeline.intake.perform(self.end_guest)
        except CommandError:
            return False
        return True

    def _become_detached(self) -> None:
        self._state_before = self.state
        self.become(State.DETACHED)

    def _save_tickets(self, *, is_attached: bool) -> "asyncio.Future[int] | None":
        """Write which tickets are good; return None where too much waits for the database."""
        if self._resumption is None:
            return None
        tickets = self._resumption.tickets
        with suppress(StoreError):
            return resumptions.save_tickets(
                self.rows_owner,
                tickets.current,
                tickets.following,
                self.stands_on.session_key,
                is_attached=is_attached,
            )
        return None

    def opens_for(self, user_id: int, hashed: str) -> bool:
        """Return whether a user's ticket of this hash is one of its own."""
        is_theirs = self._resumption is not None and self.user_id == user_id
        return is_theirs and self._resumption is not None and self._resumption.tickets.opens(hashed)

    def has_newer_client(self, hashed: str) -> bool:
        """Return whether its client is there, and was given a later ticket than that of this hash.

        Then whoever comes with the older one, while that is good, may be an attempt that this
        client has given up.
        """
        is_good = self._resumption is not None and self._resumption.tickets.opens(hashed)
        return self._link.connection is not None and self._ticket != hashed and is_good

    def can_be_resumed(self) -> bool:
        """Whether a client may attach to it now."""
        is_alive = self.is_open or self.state is State.DETACHED or self._is_coming
        return self._resumption is not None and is_alive and self.ending is None

    def request_to_continue(self, request: SessionRequest) -> SessionRequest | None:
        """Return the request for a new session that continues this one, which is ending.

        None: it was ended for good.
        """
        reason = self.ending.reason if self.ending is not None else ""
        is_over = reason in FOR_GOOD or self.rows_owner.is_lost
        if is_over or self.state is State.OPENING:
            return None
        position = self._pipeline.intake.position
        continues = {"stream": position.number, "bytes": position.bytes}
        since = self._detached_at or monotonic()
        return replace(
            request,
            conversation_id=self.conversation_id,
            continues=continues if position.number else None,
            taken_command=self._resumption.commands.highest if self._resumption else 0,
            use_up=self._use_up_tickets,
            owed_seconds=monotonic() - since + OWED_SECONDS,
        )

    def _use_up_tickets(self) -> None:
        if self._resumption is not None:
            self._resumption.tickets = ResumeTickets()
        resumptions.delete_resumption(self.rows_owner)

    @property
    def is_left_to_another(self) -> bool:
        """Whether its process quits, so that its client sends to the next what was not taken."""
        is_quit = self.ending is not None and self.ending.reason == EndReason.SERVER_QUITS
        return is_quit and self._resumption is not None

    async def attach(
        self, connection: ClientConnection, hashed: str, seen: int, login: Login | None
    ) -> bool:
        """Go on with ``connection``, which came with the ticket of this hash, and on its ``login``.

        ``seen`` is the highest number of an event that the client has. A connection that is still
        there is closed: its client was taken over. Return whether the session was still there.
        """
        self._attaching += 1
        try:
            await self._is_opened.wait()
            if self._resumption is None or not self.can_be_resumed():
                return False
            self.login = login
            offer = await self._offer_ticket(self._resumption, hashed)
            is_used_up = not self._resumption.tickets.opens(hashed)
            if is_used_up or not self.can_be_resumed():
                return False
            await self._go_on_with(connection, self._resumption, offer, seen)
        finally:
            self._attaching -= 1
        return True

    async def _offer_ticket(self, resumption: ResumeState, hashed: str) -> ResumeOffer:
        """Return the ticket for a client that came with the one of this hash."""
        self._note_ticket(resumption, hashed)
        offer = resumption.offer()
        saving = self._save_tickets(is_attached=True)
        if saving is not None:  # another process must know the ticket that the client gets
            with suppress(StoreError):
                await behind.in_time(saving)
        return offer

    async def _go_on_with(
        self, connection: ClientConnection, resumption: ResumeState, offer: ResumeOffer, seen: int
    ) -> None:
        if self.state is State.DETACHED:
            self.state = self._state_before
        away_seconds = 0.0 if self._detached_at is None else monotonic() - self._detached_at
        intake = self._pipeline.intake  # for the streams that were begun meanwhile
        intake.owed_seconds = max(intake.owed_seconds, away_seconds + NOTICED_SECONDS)
        self._detached_at, self._attached_at = None, monotonic()
        self._ticket = ticket_hash(offer.ticket)
        await self._link.attach(connection, self._resumed(resumption, offer, seen), seen)

    def _resumed(self, resumption: ResumeState, offer: ResumeOffer, seen: int) -> Notice:
        if self.generation is None:
            raise RuntimeError("a session without engines is not ready")
        fields = self._first_fields(self.generation)
        fields["resume"] = asdict(offer)
        restored = self._request.restored
        if restored is not None and seen <= restored.newest_event:  # it knows nothing of ours
            fields["handed_over"] = True
        fields["encoding"] = resumption.kept.encoding
        recording_id = self._recorder.recording_id
        fields["recording"] = str(recording_id) if recording_id is not None else None
        return messages.resumed(fields, resumption, self._pipeline.intake.position, seen)

    def note_arrival(self, connection: ClientConnection) -> None:
        """Note that the first message came over ``connection``: its client has the new ticket."""
        if self._resumption is not None and self.is_client(connection):
            self._note_ticket(self._resumption, self._ticket)

    def _note_ticket(self, resumption: ResumeState, hashed: str) -> None:
        """Note that the client has the ticket of this hash: those before it are used up."""
        if self._request.use_up is not None and hashed:
            self._request.use_up()
        if resumption.tickets.confirm(hashed):
            self._save_tickets(is_attached=True)

    def is_client(self, connection: ClientConnection) -> bool:
        """Return whether ``connection`` is its client's: another may have taken its place."""
        return self._link.connection is connection

    def end_by_client(self, connection: ClientConnection, ending: EndCause) -> None:
        """End for good, since the client behind ``connection`` left, if that is its client."""
        if self.is_client(connection):
            self.end(ending)

    async def _is_not_resumed(self) -> None:
        self.end(EndCause(EndReason.NOT_RESUMED, is_heard=False))

    # --- the first messages

    async def _tell_of_another_conversation(self) -> None:
        if self._request.conversation_id not in (None, self._rows.conversation_id):
            message = "There is no such conversation of yours; this is a new one."
            await self.emit(Failure("unknown_conversation", message, about="query"))

    async def _greet(self) -> None:
        if self.generation is None:
            raise RuntimeError("a session without engines is not ready")
        if self._request.restored is not None and self._resumption is not None:
            await self._greet_again(self._request.restored, self._resumption)
        else:
            await self._say_ready(self.generation)
        first = (self.manner, self.generation, self._process.generations)
        for message in messages.first_warnings(*first):
            await self.emit(message)

    async def _say_ready(self, generation: Generation) -> None:
        resuming: dict[str, Any] = {}
        if self._resumption is not None:
            offer = self._resumption.offer()
            resuming["resume"] = asdict(offer)
            await self._begin_resumption(self._resumption)
            self._ticket = ticket_hash(offer.ticket)
        # as things are now: what changed while rows were written was told before
        self._pipeline.intake.owed_seconds = self._request.owed_seconds
        fields = self._first_fields(generation) | resuming
        if self._request.continues is not None:
            fields["continues"] = self._request.continues
        if self._request.taken_command is not None:
            fields["command"] = self._request.taken_command
            self._pipeline.intake.heard_before = self._request.heard_before
        await self.emit(Notice("ready", fields))

    def _first_fields(self, generation: Generation) -> dict[str, Any]:
        may_record = self._recorder.may_record
        fields = messages.first_fields(self._rows, self.manner, generation, may_record=may_record)
        burst_seconds = LIMITS["burst_seconds"] + self._pipeline.intake.owed_seconds
        return {**fields, "limits": {**LIMITS, "burst_seconds": round(burst_seconds, 1)}}

    async def _begin_resumption(self, resumption: ResumeState) -> None:
        login_key = self.stands_on.session_key
        new = resumptions.NewResumption(resumption.tickets.current, login_key, resumption.seconds)
        try:
            await behind.in_time(resumptions.begin(self.rows_owner, new))
        except StoreError as error:  # it can be resumed here, but not by another process
            logger.warning("session %s: its ticket was not stored: %s", self.id, error)
        self.save_checkpoint()

    async def _greet_again(self, restored: RestoredSession, resumption: ResumeState) -> None:
        """Greet the client of a session that another process had, if it is still there."""
        connection = self._link.connection
        if connection is None:
            return
        offer = await self._offer_ticket(resumption, restored.ticket_hash)
        if self.is_client(connection):
            await self._go_on_with(connection, resumption, offer, restored.seen)

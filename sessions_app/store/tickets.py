"""Tickets to read a conversation: to issue, list and withdraw them, and their state for viewers."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from sessions_app.core.errors import CommandError
from sessions_app.core.steady_clock import clock
from sessions_app.models import Exchange, SessionState, TranslationSession, WatchTicket
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.history import said_between, session_of

SECRET_BYTES = 32
TICKET_HOURS = 24
"""How long a ticket is good, unless it is withdrawn or its conversation is over."""
MOST_TICKETS = 20
"""How many tickets of one conversation are good at once."""
MOST_SESSIONS = 20
"""Of how many sessions of a conversation viewers are told: those that are live come first."""

HANDED_OVER = "server_quits"
"""Why a session is away whose server has ended and left it to the next, while its row is open."""


@dataclass(frozen=True, slots=True)
class WatchedSession:
    """A session of a conversation that somebody reads, at one moment."""

    id: UUID
    boot: str
    """The run of the server that has it."""
    is_live: bool
    """Whether it writes to the conversation."""
    reason: str
    """Why it ended, or is away; empty: it is not."""
    direction: str
    mode: str


@dataclass(frozen=True, slots=True)
class TicketState:
    """The state of a ticket and its conversation, at one moment."""

    ticket_id: UUID
    conversation_id: UUID
    problem: str
    """``ticket_withdrawn``, ``ticket_ended`` or ``ticket_expired``; empty: it is good."""
    sessions: tuple[WatchedSession, ...]
    """At least one: those that are live first, then the newest."""
    newest: int
    """The id of the newest exchange; 0 where nothing was said yet."""
    exchanges: int
    """How many there are."""


# --- whose conversation it is -------------------------------------------------------------------


def issue(user: User, session_id: UUID) -> tuple[WatchTicket, str]:
    """Make a ticket for the conversation that a session of ``user`` writes to.

    Return it with its secret, told only now.

    Raises:
        CommandError: ``not_found``; ``not_live``: no session writes to it; ``too_many_tickets``.
    """
    with transaction.atomic():
        locked = TranslationSession.objects.select_for_update(of=("self",))
        session = locked.get(pk=session_of(user, session_id).pk)
        conversation_id = _conversation_of(session)
        if not TranslationSession.objects.filter(_is_live_in(conversation_id)).exists():
            raise CommandError(_("The session is over."), code="not_live")
        tickets = WatchTicket.objects.filter(conversation=conversation_id)
        if valid_tickets(tickets).count() >= MOST_TICKETS:
            message = _("This conversation has enough addresses to watch it; withdraw one first.")
            raise CommandError(message, code="too_many_tickets")
        secret = secrets.token_urlsafe(SECRET_BYTES)
        ticket = WatchTicket.objects.create(
            conversation_id=conversation_id,
            session=session,
            user=user,
            secret_hash=_hash(secret),
            expires_at=clock.now() + timedelta(hours=TICKET_HOURS),
        )
    return ticket, secret


def tickets_of(user: User, session_id: UUID) -> QuerySet[WatchTicket]:
    """Return all tickets of the conversation that a session of ``user`` writes to, newest first.

    Raises:
        CommandError: ``not_found``.
    """
    session = session_of(user, session_id)
    return WatchTicket.objects.filter(conversation=_conversation_of(session))


def withdraw(user: User, session_id: UUID, ticket_id: UUID) -> None:
    """Withdraw a ticket of a session's conversation, or of one before. May be called twice.

    Raises:
        CommandError: ``not_found``.
    """
    session = session_of(user, session_id)
    named = Q(conversation=_conversation_of(session)) | Q(session=session)
    tickets = WatchTicket.objects.filter(named, pk=ticket_id)
    if not tickets.exists():
        raise CommandError(_("There is no such ticket."), code="not_found")
    tickets.filter(withdrawn_at=None).update(withdrawn_at=clock.now())


def valid_tickets(tickets: QuerySet[WatchTicket]) -> QuerySet[WatchTicket]:
    """Return those of ``tickets`` that are neither withdrawn nor ended nor expired."""
    return tickets.filter(withdrawn_at=None, ended_at=None, expires_at__gt=clock.now())


def end_tickets(conversation_id: UUID, at: datetime) -> None:
    """End all tickets of a conversation: a new one is begun in its place. May be called twice."""
    WatchTicket.objects.filter(conversation=conversation_id, ended_at=None).update(ended_at=at)


def _conversation_of(session: TranslationSession) -> UUID:
    return session.current_conversation_id or session.conversation_id


def _is_live_in(conversation_id: UUID) -> Q:
    stayed = Q(current_conversation=None, conversation=conversation_id)
    has_process = Q(resumption=None) | Q(resumption__is_handed_over=False)
    is_live = Q(state=SessionState.OPEN) & has_process
    return is_live & (Q(current_conversation=conversation_id) | stayed)


# --- who has the secret -------------------------------------------------------------------------


def ticket_state(secret: str) -> TicketState | None:
    """Return the state of the ticket with this secret; None: there is none."""
    # the ticket first: when it has ended, all that was said in the conversation is there
    ticket = WatchTicket.objects.filter(secret_hash=_hash(secret)).first()
    if ticket is None:
        return None
    said = Exchange.objects.filter(conversation=ticket.conversation_id).order_by()
    counted = said.aggregate(newest=Coalesce(Max("pk"), 0), count=Count("pk"))
    sessions = tuple(_sessions_in(ticket.conversation_id))
    if not sessions:
        return None
    return TicketState(
        ticket_id=ticket.pk,
        conversation_id=ticket.conversation_id,
        problem=_problem(ticket),
        sessions=sessions,
        newest=counted["newest"],
        exchanges=counted["count"],
    )


def _sessions_in(conversation_id: UUID) -> list[WatchedSession]:
    named = Q(conversation=conversation_id) | Q(current_conversation=conversation_id)
    rows = TranslationSession.objects.filter(named).annotate(
        is_live=Coalesce(_is_live_in(conversation_id), Value(False)),
        is_left=Coalesce(Q(resumption__is_handed_over=True), Value(False)),
    )
    return [
        WatchedSession(
            id=row.pk,
            boot=row.boot,
            is_live=row.is_live,
            reason=row.reason or (HANDED_OVER if row.is_left else ""),
            direction=row.direction,
            mode=row.mode,
        )
        for row in rows.order_by("-is_live", "-started_at", "-pk")[:MOST_SESSIONS]
    ]


def _problem(ticket: WatchTicket) -> str:
    if ticket.withdrawn_at is not None:
        return "ticket_withdrawn"
    if ticket.ended_at is not None:
        return "ticket_ended"
    return "ticket_expired" if ticket.expires_at <= clock.now() else ""


fetch_ticket_state = on_database_thread(ticket_state)
"""The same for a WebSocket. Raises StoreError: the database does not say."""
fetch_said = on_database_thread(said_between)
"""Likewise, of what was said."""


async def conversations_with_tickets(conversation_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which of these conversations somebody may be reading along with.

    Raises:
        StoreError: the database does not say.
    """
    return await _watched(conversation_ids) if conversation_ids else frozenset()


@on_database_thread
def _watched(conversation_ids: Collection[UUID]) -> frozenset[UUID]:
    tickets = valid_tickets(WatchTicket.objects.filter(conversation__in=conversation_ids))
    return frozenset(tickets.values_list("conversation_id", flat=True))


def _hash(secret: str) -> str:
    # 256 random bits need no salt and no slowness
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

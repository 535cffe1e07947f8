"""Tickets to read a session: to issue, list and withdraw them, and their state for viewers."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from sessions_app.core.errors import CommandError
from sessions_app.core.steady_clock import clock
from sessions_app.models import Exchange, SessionState, TranslationSession, WatchTicket
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.history import said_after, session_of

SECRET_BYTES = 32
TICKET_HOURS = 24
"""How long a ticket is good, unless it is withdrawn."""
MOST_TICKETS = 20
"""How many tickets of one session are good at once."""


@dataclass(frozen=True, slots=True)
class TicketState:
    """The state of a ticket and its session, at one moment."""

    session_id: UUID
    problem: str
    """``ticket_withdrawn`` or ``ticket_expired``; empty: it is good."""
    is_live: bool
    reason: str
    """Why the session ended; empty while it is live."""
    direction: str
    mode: str
    newest: int
    """The id of the newest exchange; 0 where nothing was said yet."""


# --- whose session it is ------------------------------------------------------------------------


def issue(user: User, session_id: UUID) -> tuple[WatchTicket, str]:
    """Make a ticket for a live session of ``user``; return it with its secret, told only now.

    Raises:
        CommandError: ``not_found``; ``not_live``; ``too_many_tickets``.
    """
    with transaction.atomic():
        locked = TranslationSession.objects.select_for_update()
        session = locked.get(pk=session_of(user, session_id).pk)
        if session.state != SessionState.OPEN:
            raise CommandError(_("The session is over."), code="not_live")
        if valid_tickets(session.tickets.all()).count() >= MOST_TICKETS:
            message = _("This session has enough addresses to watch it; withdraw one first.")
            raise CommandError(message, code="too_many_tickets")
        secret = secrets.token_urlsafe(SECRET_BYTES)
        expires_at = clock.now() + timedelta(hours=TICKET_HOURS)
        ticket = session.tickets.create(user=user, secret_hash=_hash(secret), expires_at=expires_at)
    return ticket, secret


def tickets_of(user: User, session_id: UUID) -> QuerySet[WatchTicket]:
    """Return all tickets of a session of ``user``, newest first.

    Raises:
        CommandError: ``not_found``.
    """
    return WatchTicket.objects.filter(session=session_of(user, session_id).pk)


def withdraw(user: User, session_id: UUID, ticket_id: UUID) -> None:
    """Withdraw a ticket. May be called twice.

    Raises:
        CommandError: ``not_found``.
    """
    tickets = tickets_of(user, session_id).filter(pk=ticket_id)
    if not tickets.exists():
        raise CommandError(_("There is no such ticket."), code="not_found")
    tickets.filter(withdrawn_at=None).update(withdrawn_at=clock.now())


def valid_tickets(tickets: QuerySet[WatchTicket]) -> QuerySet[WatchTicket]:
    """Return those of ``tickets`` that are neither withdrawn nor expired."""
    return tickets.filter(withdrawn_at=None, expires_at__gt=clock.now())


# --- who has the secret -------------------------------------------------------------------------


def ticket_state(secret: str) -> TicketState | None:
    """Return the state of the ticket with this secret; None: there is none."""
    tickets = WatchTicket.objects.filter(secret_hash=_hash(secret)).select_related("session")
    said = Exchange.objects.filter(session=OuterRef("session")).order_by("-pk").values("pk")
    ticket = tickets.annotate(newest=Subquery(said[:1])).first()
    if ticket is None:
        return None
    session = ticket.session
    return TicketState(
        session_id=session.pk,
        problem=_problem(ticket.withdrawn_at, ticket.expires_at),
        is_live=session.state == SessionState.OPEN,
        reason=session.reason,
        direction=session.direction,
        mode=session.mode,
        newest=ticket.newest or 0,
    )


def _problem(withdrawn_at: datetime | None, expires_at: datetime) -> str:
    if withdrawn_at is not None:
        return "ticket_withdrawn"
    return "ticket_expired" if expires_at <= clock.now() else ""


fetch_ticket_state = on_database_thread(ticket_state)
"""The same for a WebSocket. Raises StoreError: the database does not say."""
said_since = on_database_thread(said_after)
"""Likewise, of what was said."""


async def sessions_with_tickets(session_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which of these sessions somebody may be reading along with.

    Raises:
        StoreError: the database does not say.
    """
    return await _watched(session_ids) if session_ids else frozenset()


@on_database_thread
def _watched(session_ids: Collection[UUID]) -> frozenset[UUID]:
    tickets = valid_tickets(WatchTicket.objects.filter(session__in=session_ids))
    return frozenset(tickets.values_list("session_id", flat=True))


def _hash(secret: str) -> str:
    # 256 random bits need no salt and no slowness
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

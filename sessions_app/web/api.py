"""The REST routes of sessions, documented at /api/docs."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from ninja import NinjaAPI, Status
from ninja.pagination import paginate

from sessions_app.access.authentication import user_of
from sessions_app.access.clean_input import CleanParser
from sessions_app.core.commands_told import fields_for_everybody, with_texts
from sessions_app.core.exports import ExportFormat
from sessions_app.core.message_catalogue import in_language
from sessions_app.core.qr_codes import qr_svg
from sessions_app.live import registry
from sessions_app.recording import deletions
from sessions_app.store import servers as store_servers
from sessions_app.store.catch_up_requests import waiting_of
from sessions_app.store.end_requests import end_sessions
from sessions_app.store.history import (
    conversation_of,
    delete_session,
    exchanges_of,
    lines_of,
    session_of,
    sessions_of,
)
from sessions_app.store.tickets import issue, tickets_of, withdraw
from sessions_app.web.api_rules import BrowserSafeAuth, ErrorOut, Paged, explain_errors
from sessions_app.web.api_schemas import ExchangeOut, NewTicketOut, SessionOut, TicketOut
from sessions_app.web.export_answers import export_answer
from sessions_app.web.reader_addresses import reader_address

api = NinjaAPI(
    title="Habla",
    version="1",
    description="Live sessions of this server, and what was said in all. Lists are newest first.",
    urls_namespace="api",
    auth=BrowserSafeAuth(),
    parser=CleanParser(),
)
explain_errors(api)

NOT_FOUND = {HTTPStatus.NOT_FOUND: ErrorOut}
CONFLICT = {HTTPStatus.CONFLICT: ErrorOut}


@api.get("/status", response=dict[str, Any], tags=["server"])
def status(request: HttpRequest) -> dict[str, Any]:
    """Return what this server does: its engines, backlog and live sessions (your own only).

    `servers` are all processes that serve with this database, this one first. Superusers see the
    sessions of all users, and in `deletions_waiting` how many deleted recordings have files that
    another process must delete. `catching_up` says how many sentences of ended sessions wait to be
    transcribed (`sentences`) or only translated (`translations`), how many could not be (`failed`),
    and how many never will, since their sound was deleted (`deleted`).
    """
    user = user_of(request)
    user_id = None if user.is_superuser else user.pk
    told = registry.live.status(user_id)
    servers = store_servers.list_servers(told["boot"], user_id)
    waiting = asdict(waiting_of(None if user.is_superuser else user))
    told |= {"servers": servers, "catching_up": waiting}
    if user_id is not None:
        told = fields_for_everybody(told)
    else:
        told["deletions_waiting"] = deletions.pending_deletions().count()
    answer: dict[str, Any] = with_texts(told, in_language)
    return answer


@api.get("/sessions", response=list[SessionOut], tags=["sessions"])
@paginate(Paged)
def list_sessions(request: HttpRequest) -> QuerySet[Any]:
    """List your sessions, newest first."""
    return sessions_of(user_of(request))


@api.get(
    "/sessions/{uuid:session_id}",
    response={HTTPStatus.OK: SessionOut, **NOT_FOUND},
    tags=["sessions"],
)
def get_session(request: HttpRequest, session_id: UUID) -> Any:
    """Return one session."""
    return session_of(user_of(request), session_id)


@api.get(
    "/sessions/{uuid:session_id}/exchanges",
    response={HTTPStatus.OK: list[ExchangeOut], **NOT_FOUND},
    tags=["sessions"],
)
@paginate(Paged)
def list_exchanges(request: HttpRequest, session_id: UUID) -> QuerySet[Any]:
    """List what was said in a session, newest first."""
    return exchanges_of(session_of(user_of(request), session_id)).reverse()


@api.get(
    "/conversations/{uuid:conversation_id}/exchanges",
    response={HTTPStatus.OK: list[ExchangeOut], **NOT_FOUND},
    tags=["conversations"],
)
@paginate(Paged)
def list_said(request: HttpRequest, conversation_id: UUID) -> QuerySet[Any]:
    """List what was said in all sessions of a conversation, newest first."""
    return exchanges_of(conversation_of(user_of(request), conversation_id)).reverse()


@api.get("/sessions/{uuid:session_id}/export", response=NOT_FOUND, tags=["sessions"])
def export_session(
    request: HttpRequest,
    session_id: UUID,
    format: ExportFormat = ExportFormat.TXT,  # noqa: A002 -- the name in the contract
) -> HttpResponseBase:
    """Return what was said in a session as a file, in the order in which it was said."""
    return export_answer(request, lines_of(session_of(user_of(request), session_id)), format)


@api.delete(
    "/sessions/{uuid:session_id}/live",
    response={HTTPStatus.OK: SessionOut, HTTPStatus.ACCEPTED: SessionOut, **NOT_FOUND},
    tags=["sessions"],
)
def end_live_session(request: HttpRequest, session_id: UUID) -> Status[Any]:
    """End a live session gracefully, in whichever process it is; 202 if it is still finishing."""
    session = session_of(user_of(request), session_id)
    still_live = end_sessions([session.pk])
    status = HTTPStatus.ACCEPTED if still_live else HTTPStatus.OK
    return Status(status, session_of(user_of(request), session_id))


@api.delete(
    "/sessions/{uuid:session_id}",
    response={HTTPStatus.NO_CONTENT: None, HTTPStatus.ACCEPTED: None, **NOT_FOUND, **CONFLICT},
    tags=["sessions"],
)
def remove_session(request: HttpRequest, session_id: UUID) -> Status[None]:
    """Delete a session with what was said in it; 409 while it is live.

    202: its sound belongs to a process that is not running; it is deleted at that one's next start.
    """
    recordings = deletions.recordings_deleted_with(session=session_id)
    delete_session(user_of(request), session_id)
    is_done = deletions.are_deleted(recordings)
    return Status(HTTPStatus.NO_CONTENT if is_done else HTTPStatus.ACCEPTED, None)


@api.post(
    "/sessions/{uuid:session_id}/tickets",
    response={HTTPStatus.CREATED: NewTicketOut, **NOT_FOUND, **CONFLICT},
    tags=["viewers"],
)
def issue_ticket(request: HttpRequest, session_id: UUID) -> Status[Any]:
    """Create a ticket: an address at which anybody can read along, for a day.

    It is good for the conversation that the session writes to now, whichever session goes on
    with it, until it is withdrawn or a new conversation is begun in its place.
    """
    ticket, secret = issue(user_of(request), session_id)
    page = reader_address(request, reverse("watch", args=[secret]), registry.live.listening)
    told = TicketOut.from_orm(ticket, context={"request": request}).dict()
    return Status(HTTPStatus.CREATED, {**told, **asdict(page), "qr": qr_svg(page.address)})


@api.get(
    "/sessions/{uuid:session_id}/tickets",
    response={HTTPStatus.OK: list[TicketOut], **NOT_FOUND},
    tags=["viewers"],
)
@paginate(Paged)
def list_tickets(request: HttpRequest, session_id: UUID) -> QuerySet[Any]:
    """List the tickets of the conversation that a session writes to, newest first."""
    request.viewers_by_ticket = store_servers.viewers_by_ticket()  # type: ignore[attr-defined]
    return tickets_of(user_of(request), session_id)


@api.delete(
    "/sessions/{uuid:session_id}/tickets/{uuid:ticket_id}",
    response={HTTPStatus.NO_CONTENT: None, **NOT_FOUND},
    tags=["viewers"],
)
def withdraw_ticket(request: HttpRequest, session_id: UUID, ticket_id: UUID) -> Status[None]:
    """Withdraw a ticket: its viewers are disconnected within two seconds."""
    withdraw(user_of(request), session_id, ticket_id)
    return Status(HTTPStatus.NO_CONTENT, None)

"""The pages for people, and the addresses for monitoring: /healthz, /readyz, /metrics."""

from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.access.authentication import user_of
from sessions_app.access.middleware import requires_owner_key
from sessions_app.core.errors import CommandError
from sessions_app.core.exports import ExportFormat
from sessions_app.core.readiness import Reason, for_strangers
from sessions_app.core.search_patterns import MAX_WORDS, has_more_words
from sessions_app.live import registry
from sessions_app.recording import deletions
from sessions_app.store.catch_up_requests import (
    ask_to_catch_up,
    sessions_of_conversation,
    waiting_in,
)
from sessions_app.store.database.query_limits import search_limits
from sessions_app.store.history import (
    conversation_of,
    conversations_of,
    delete_conversation,
    exchanges_of,
    lines_of,
    parts_of_conversation,
    recordings_of_conversation,
)
from sessions_app.store.tickets import ticket_state, valid_tickets
from sessions_app.web import metrics
from sessions_app.web.export_answers import export_answer
from sessions_app.web.model_offers import offers

CONVERSATIONS_A_PAGE = 25
EXCHANGES_A_PAGE = 200
Args = ParamSpec("Args")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def found_or_404(view: Callable[Args, Answer]) -> Callable[Args, Answer]:
    """Return ``view`` with a 404 page instead of a CommandError ``not_found``."""

    @wraps(view)
    def found(*args: Args.args, **kwargs: Args.kwargs) -> Answer:
        try:
            return view(*args, **kwargs)
        except CommandError as error:
            raise Http404 from error

    return found


@require_safe
@ensure_csrf_cookie
@gzip_page
def live(request: HttpRequest) -> HttpResponse:
    """Show the page on which people speak.

    It alone is compressed: it repeats nothing that its address holds, so that its length tells
    nobody who listens what else is in it.
    """
    may_fetch = user_of(request).is_superuser
    may_fetch_better = may_fetch and any(o.name == "opus-mt" for o in offers(registry.live))
    return render(request, "sessions_app/live.html", {"may_fetch_better": may_fetch_better})


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Show the user's conversations, or those that contain the words of ``q``."""
    query = request.GET.get("q", "").strip()
    if not query:
        return _history(request, "")
    try:
        with search_limits():
            return _history(request, query)
    except CommandError as error:
        context = {"query": query, "problem": str(error)}
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return render(request, "sessions_app/history.html", context, status=status)


def _history(request: HttpRequest, query: str) -> HttpResponse:
    pages = Paginator(conversations_of(user_of(request), query), CONVERSATIONS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "page": page,
        "query": query,
        "most_words": MAX_WORDS if has_more_words(query) else 0,
    }
    return render(request, "sessions_app/history.html", context)


@require_safe
@found_or_404
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show one conversation, exchange by exchange."""
    kept = conversation_of(user_of(request), conversation_id)
    page = Paginator(exchanges_of(kept), EXCHANGES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "conversation": kept,
        "page": page,
        "formats": list(ExportFormat),
        "waiting": waiting_in(kept),
    }
    return render(request, "sessions_app/conversation.html", context)


@require_POST
@found_or_404
def catch_up_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Ask that what waits of a conversation is transcribed at once; show the conversation."""
    kept = conversation_of(user_of(request), conversation_id)
    ask_to_catch_up(sessions_of_conversation(kept))
    return redirect("conversation", kept.pk)


@require_safe
@found_or_404
def export_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    """Return one conversation as a file of the requested ``format``."""
    kept = conversation_of(user_of(request), conversation_id)
    try:
        file_format = ExportFormat(request.GET.get("format", ExportFormat.TXT))
    except ValueError as error:
        raise Http404 from error
    name = f"habla-{kept.started_at:%Y%m%d-%H%M}.{file_format}"
    headers = {"Content-Disposition": str(content_disposition_header(True, name))}
    return export_answer(request, lines_of(kept), file_format, headers)


@requires_owner_key
@require_http_methods(["GET", "HEAD", "POST"])
@found_or_404
def remove_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Ask whether to delete a conversation; delete it if confirmed."""
    kept = conversation_of(user_of(request), conversation_id)
    addresses = valid_tickets(kept.tickets.all()).count()
    context = {"conversation": kept, "parts": parts_of_conversation(kept), "addresses": addresses}
    if request.method != "POST":
        return render(request, "sessions_app/delete.html", context)
    recordings = list(recordings_of_conversation(kept).values_list("pk", flat=True))
    try:
        delete_conversation(user_of(request), conversation_id)
    except CommandError as error:
        context["problem"] = str(error)
        return render(request, "sessions_app/delete.html", context, status=HTTPStatus.CONFLICT)
    messages.success(request, _("The conversation is deleted."))
    warn_of_pending_deletions(request, recordings)
    return redirect("history")


def warn_of_pending_deletions(request: HttpRequest, recording_ids: Iterable[UUID]) -> None:
    """Add a message if the process that must delete the recordings' files is not running."""
    if not deletions.are_deleted(recording_ids):
        messages.warning(
            request,
            _("The process that keeps its sound is not running; it deletes it at its next start."),
        )


@login_not_required
@require_safe
@never_cache
def watch_page(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the page of viewers; with an explanation if the ticket is not valid."""
    state = ticket_state(secret)
    problem = state.problem if state else "ticket_unknown"
    status = {"": HTTPStatus.OK, "ticket_unknown": HTTPStatus.NOT_FOUND}.get(
        problem, HTTPStatus.GONE
    )
    context = {"secret": secret, "problem": problem, "is_watching": True}
    response = render(request, "sessions_app/watch.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Respond that the process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Respond whether a session opened now would produce text, and if not, for what reasons.

    Notes are problems that do not prevent it. Strangers see no address, name or path of this
    machine.
    """
    found, notes = registry.live.reasons(), _notes()
    is_user = bool(found or notes) and _is_user(request)
    answer = {"ready": not found, "reasons": _texts(found, is_user=is_user)}
    if notes:
        answer["notes"] = _texts(notes, is_user=is_user)
    status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
    return JsonResponse(answer, status=status)


def _notes() -> list[Reason]:
    generations = registry.live.generations
    return generations.current.notes() if generations and generations.current else []


def _texts(reasons: list[Reason], *, is_user: bool) -> list[str]:
    return [reason.text for reason in reasons] if is_user else for_strangers(reasons)


def _is_user(request: HttpRequest) -> bool:
    try:
        return request.user.is_authenticated
    except DatabaseError:
        return False


@require_safe
@never_cache
def metrics_of_this_process(request: HttpRequest) -> HttpResponse:
    """Return the metrics of this process, to the owner or a user who is logged in."""
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE_LATEST)

"""The pages of recordings: the list, one recording, and the question before it is deleted."""

from http import HTTPStatus
from uuid import UUID

from csp.constants import NONCE
from csp.decorators import csp_update
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from playback_app import catalog
from playback_app.truths import MAX_CHARACTERS, newest_of_whole
from sessions_app.access.authentication import user_of
from sessions_app.access.middleware import requires_owner_key
from sessions_app.core.errors import CommandError
from sessions_app.web.views import found_or_404, warn_of_pending_deletions

RECORDINGS_A_PAGE = 25
SEGMENTS_A_PAGE = 200
SPEEDS = (0, 0.25, 0.5, 1, 2, 4, 8, 16)


@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """Show what the user recorded so far."""
    pages = Paginator(catalog.recordings_of(user_of(request)), RECORDINGS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    return render(request, "playback_app/recordings.html", {"page": page})


# the waveform's shadow tree has a style element of its own, allowed only by its nonce
@csp_update({"style-src": [NONCE]})  # type: ignore[arg-type]  # its types forget arguments
@require_safe
@ensure_csrf_cookie
@found_or_404
def recording(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Show one recording: to listen, to play through Habla, to write down what was really said."""
    kept = catalog.recording_of(user_of(request), recording_id)
    pages = Paginator(catalog.spoken_segments(kept), SEGMENTS_A_PAGE)
    context = {
        "recording": kept,
        "page": pages.get_page(request.GET.get("page")),
        "whole": newest_of_whole(kept),
        "speeds": SPEEDS,
        "max_characters": MAX_CHARACTERS,
    }
    return render(request, "playback_app/recording.html", context)


@require_POST
@found_or_404
def bookmark_recording(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Set or remove a bookmark, and show the recording again."""
    catalog.toggle_bookmark(user_of(request), recording_id)
    return redirect("recording", recording_id)


@requires_owner_key
@require_http_methods(["GET", "HEAD", "POST"])
@found_or_404
def remove_recording_page(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Ask whether to delete a recording; delete it if the answer is yes."""
    kept = catalog.recording_of(user_of(request), recording_id)
    if request.method != "POST":
        return render(request, "playback_app/delete.html", {"recording": kept})
    try:
        catalog.delete_recording(user_of(request), recording_id)
    except CommandError as error:
        context = {"recording": kept, "problem": str(error)}
        return render(request, "playback_app/delete.html", context, status=HTTPStatus.CONFLICT)
    messages.success(request, _("The recording is deleted."))
    warn_of_pending_deletions(request, [recording_id])
    return redirect("recordings")

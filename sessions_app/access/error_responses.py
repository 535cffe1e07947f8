"""Responses that tell what is wrong: JSON on REST routes, elsewhere a page of ours."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from sessions_app.core.descriptors import was_exhausted
from sessions_app.core.message_catalogue import in_language

API_PREFIX = "/api/"
DOCS_PATH = "/api/docs"
"""The one page below API_PREFIX: it redirects to the login as pages do."""


def is_api(request: HttpRequest) -> bool:
    """Return whether the request is for a REST route, not for a page."""
    return request.path_info.startswith(API_PREFIX) and request.path_info != DOCS_PATH


def error_response(status: int, message: str, code: str = "") -> JsonResponse:
    """Return an error response of a REST route, in the visitor's language if it is known there.

    Without a ``code`` the status gives it.
    """
    named = {
        HTTPStatus.UNAUTHORIZED: "login_required",
        HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
    }
    code = code or named.get(HTTPStatus(status), HTTPStatus(status).name.lower())
    return JsonResponse({"code": code, "message": in_language(message)}, status=status)


def later(
    request: HttpRequest,
    status: HTTPStatus,
    message: str,
    code: str,
    *,
    seconds: int | None = None,
    page: str = "sessions_app/later.html",
) -> HttpResponseBase:
    """Return the response to a request that cannot be answered now, but may be later.

    Args:
        request: The request.
        status: 429 or 503.
        message: What is wrong, in the visitor's language.
        code: What is wrong, for programs.
        seconds: When to try again; None: somebody must do something first.
        page: The template of the page, which is given ``problem`` and ``seconds``.
    """
    answer: HttpResponseBase
    if is_api(request):
        answer = error_response(status, message, code)
    else:
        answer = _page(request, status, page, {"problem": message, "seconds": seconds})
    if seconds is not None:
        answer.headers["Retry-After"] = str(seconds)
    add_never_cache_headers(answer)
    return answer


def too_many_files(request: HttpRequest) -> HttpResponseBase:
    """Return the response to a request for which no descriptors are left: it is no bug."""
    message = _("Too many files and connections are open here; try again in a moment.")
    return later(request, HTTPStatus.SERVICE_UNAVAILABLE, message, "too_many_files", seconds=5)


def _page(
    request: HttpRequest, status: HTTPStatus, page: str, context: Mapping[str, Any]
) -> HttpResponse:
    try:
        return render(request, page, context, status=status)
    except OSError as error:  # the template is read when it is first needed
        if not was_exhausted(error):
            raise
        return HttpResponse(f"{context['problem']}\n", "text/plain; charset=utf-8", status)

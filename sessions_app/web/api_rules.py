"""What all REST routes have in common: authentication, paging, and the format of errors."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.pagination import LimitOffsetPagination
from ninja.security import SessionAuth

from sessions_app.access.authentication import caller_of, is_from_owner
from sessions_app.access.error_responses import error_response
from sessions_app.core.errors import CommandError
from sessions_app.extensions import plugged_in

MAX_LIMIT = 500
MAX_OFFSET = 2**31 - 1
"""An offset that every database accepts."""
STATUSES = {
    "not_found": HTTPStatus.NOT_FOUND,
    "still_live": HTTPStatus.CONFLICT,
    "changed_meanwhile": HTTPStatus.CONFLICT,
    "kept_elsewhere": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_live": HTTPStatus.CONFLICT,
    "too_many_tickets": HTTPStatus.CONFLICT,
    "already_listening": HTTPStatus.CONFLICT,
    "bad_field": HTTPStatus.UNPROCESSABLE_ENTITY,
}


class BrowserSafeAuth(SessionAuth):
    """Authenticates by login, or as the owner at this machine, and is safe from foreign pages.

    Changes need the CSRF token, except those of a program at this machine: no page can make a
    browser send a request that looks like a program's.
    """

    def __call__(self, request: HttpRequest) -> Any | None:
        """Return the user; None: nobody is logged in."""
        caller = caller_of(request)
        if is_from_owner(caller) and caller.is_program:
            return self.authenticate(request, None)
        return super().__call__(request)


class Paged(LimitOffsetPagination):
    """Pages of lists by ``limit`` and ``offset``: ``{"items": [...], "count": total}``."""

    class Input(LimitOffsetPagination.Input):
        """The requested part of the list."""

        limit: int = Field(50, ge=1, le=MAX_LIMIT)
        offset: int = Field(0, ge=0, le=MAX_OFFSET)


class ErrorOut(Schema):
    """The body of every error response."""

    code: str
    """For programs; it never changes."""
    message: str
    """For people, in their language."""


def explain_errors(api: NinjaAPI) -> None:
    """Turn all errors that the routes of ``api`` raise into ErrorOut responses."""
    api.add_exception_handler(CommandError, _refused)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _failed)
    api.add_exception_handler(Http404, _missing)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    statuses = {**STATUSES, **plugged_in.http_statuses}
    status = statuses.get(error.code, HTTPStatus.BAD_REQUEST)
    return error_response(status, str(error), error.code)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg']}", "invalid")


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    return error_response(error.status_code, str(error))


def _missing(request: HttpRequest, error: Any) -> HttpResponse:
    return error_response(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)

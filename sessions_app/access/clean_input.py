"""What no database keeps and no header takes is refused where it comes in, and nothing breaks.

Reading a body of a megabyte may take a hundred times its size for a moment, where it is all escapes
or empty lists. So one that is large is read alone, and JSON of very many parts goes no further.
"""

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import unquote

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.handlers.exception import response_for_exception
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from ninja.parser import Parser

from sessions_app.core.printable import is_seen
from sessions_app.transport.limits import SMALL_BODY_BYTES

SESSION_KEY = re.compile(r"[a-z0-9]{8,40}")
"""What Django makes; a quoted cookie can hold anything, and the database would be asked."""
UNKEPT = re.compile("[\0\ud800-\udfff]")
UNKEPT_MESSAGE = "Bad Request: a NUL"
TOO_LARGE_MESSAGE = "Bad Request: a number, or a text, that is too large"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_PARTS = 1_000
"""Of JSON: values and names; Django takes as many fields of a form."""


_one_large = threading.Lock()


def in_turn(request: HttpRequest) -> AbstractContextManager[Any]:
    """Return what to hold while the body of ``request`` is read; a small one waits for nobody."""
    return _one_large if len(request.body) > SMALL_BODY_BYTES else nullcontext()


def parts_of(value: Any) -> int:
    """Return of how many values and names ``value`` consists."""
    match value:
        case dict():
            return 1 + len(value) + sum(map(parts_of, value.values()))
        case list():
            return 1 + sum(map(parts_of, value))
        case _:
            return 1


def is_clean(value: Any) -> bool:
    """Return whether ``value``, and all that is in it, holds no NUL and no half of a character."""
    match value:
        case str():
            return _is_whole(value)
        case dict():
            return all(is_clean(key) and is_clean(each) for key, each in value.items())
        case list():
            return all(map(is_clean, value))
        case _:
            return True


def _is_whole(text: str) -> bool:
    return UNKEPT.search(text) is None


def session_key(cookies: dict[str, str]) -> str:
    """Return the key of the session that a request's cookies name; empty: none that can be one."""
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return key if SESSION_KEY.fullmatch(key) else ""


class CleanInputMiddleware(MiddlewareMixin):
    """Answer 400 to an address or a form that cannot be kept; forget a session that cannot be."""

    def process_request(self, request: HttpRequest) -> None:
        """Look at the address and the session's cookie, before anything is asked of a database."""
        if not session_key(request.COOKIES):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        if not is_clean(request.path) or not is_clean(unquote(request.META["QUERY_STRING"])):
            raise BadRequest(UNKEPT_MESSAGE)

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> None:
        """Look at a form, before the check for forgery does."""
        if request.method == "POST" and request.content_type in FORMS:
            with in_turn(request):
                fields: Iterable[tuple[str, list[Any]]] = request.POST.lists()
            if not all(is_clean(name) and is_clean(values) for name, values in fields):
                raise BadRequest(UNKEPT_MESSAGE)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return 400 where the database says that a value is too large; None: it is something else.

        Django looks at the numbers of most fields, but not of those that name several rows.
        """
        is_of_sqlite = isinstance(exception, OverflowError) and "SQLite" in str(exception)
        if is_of_sqlite or isinstance(exception, DataError):
            return response_for_exception(request, BadRequest(TOO_LARGE_MESSAGE))
        return None


class CleanParser(Parser):
    """Reads the JSON of REST routes; what cannot be kept is as little JSON as any other mistake."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the body holds.

        Raises:
            ValueError: no JSON, or none that can be kept.
        """
        with in_turn(request):
            body: dict[str, Any] = super().parse_body(request)
            problem = _problem(body)
            if problem:
                del body  # while nobody else reads one
        if problem:
            raise ValueError(problem)
        return body


def _problem(body: Any) -> str:
    if parts_of(body) > MOST_PARTS:
        return "too many parts"
    return "" if is_clean(body) else "a NUL, or half of a character"


def refuse_unseen(text: str) -> None:
    """Let nobody write what cannot be seen.

    Raises:
        ValidationError: nothing of ``text`` can be seen.
    """
    if text.strip() and not is_seen(text):
        raise forms.ValidationError(_("Nothing of this can be seen."))

"""Input validation: what no database stores and no header takes is refused with 400.

Parsing a body of a megabyte that is all escapes or empty lists may take a hundred times its size in
memory. So large bodies are parsed one at a time, and JSON with too many values is refused.
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

from sessions_app.core.printable import is_visible
from sessions_app.transport.limits import SMALL_BODY_BYTES

SESSION_KEY = re.compile(r"[a-z0-9]{8,40}")
"""Keys as Django makes them: a cookie can hold anything, and would be looked up in the database."""
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
NUL_MESSAGE = "Bad Request: a NUL"
TOO_LARGE_MESSAGE = "Bad Request: a number, or a text, that is too large"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_VALUES = 1_000
"""Values and names in a JSON body; Django allows as many fields in a form."""


_large_body = threading.Lock()


def body_lock(request: HttpRequest) -> AbstractContextManager[Any]:
    """Return the lock to hold while the body of ``request`` is parsed; a small one needs none."""
    return _large_body if len(request.body) > SMALL_BODY_BYTES else nullcontext()


def count_values(value: Any) -> int:
    """Return how many values and names ``value`` contains, itself included."""
    match value:
        case dict():
            return 1 + len(value) + sum(map(count_values, value.values()))
        case list():
            return 1 + sum(map(count_values, value))
        case _:
            return 1


def is_clean(value: Any) -> bool:
    """Return whether no text in ``value`` contains a NUL or half a surrogate pair."""
    match value:
        case str():
            return _is_storable(value)
        case dict():
            return all(is_clean(key) and is_clean(each) for key, each in value.items())
        case list():
            return all(map(is_clean, value))
        case _:
            return True


def _is_storable(text: str) -> bool:
    return UNSTORABLE.search(text) is None


def session_key(cookies: dict[str, str]) -> str:
    """Return the session key in a request's cookies; empty: there is none, or it cannot be one."""
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return key if SESSION_KEY.fullmatch(key) else ""


class CleanInputMiddleware(MiddlewareMixin):
    """Respond 400 to URLs and forms with unstorable text; ignore an impossible session key."""

    def process_request(self, request: HttpRequest) -> None:
        """Check the URL and the session cookie, before anything queries a database."""
        if not session_key(request.COOKIES):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        if not is_clean(request.path) or not is_clean(unquote(request.META["QUERY_STRING"])):
            raise BadRequest(NUL_MESSAGE)

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> None:
        """Check a form, before the CSRF check reads it."""
        if request.method == "POST" and request.content_type in FORMS:
            with body_lock(request):
                fields: Iterable[tuple[str, list[Any]]] = request.POST.lists()
            if not all(is_clean(name) and is_clean(values) for name, values in fields):
                raise BadRequest(NUL_MESSAGE)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Respond 400 if the database says that a value is too large; None: another error.

        Django checks the numbers of most fields, but not of those that select several rows.
        """
        is_of_sqlite = isinstance(exception, OverflowError) and "SQLite" in str(exception)
        if is_of_sqlite or isinstance(exception, DataError):
            return response_for_exception(request, BadRequest(TOO_LARGE_MESSAGE))
        return None


class CleanParser(Parser):
    """Parses the JSON of REST routes; refuses unstorable text like any other mistake in it."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the parsed body.

        Raises:
            ValueError: it is not JSON, or cannot be stored.
        """
        with body_lock(request):
            body: dict[str, Any] = super().parse_body(request)
            problem = _problem(body)
            if problem:
                del body  # before another large body is parsed
        if problem:
            raise ValueError(problem)
        return body


def _problem(body: Any) -> str:
    if count_values(body) > MAX_VALUES:
        return "too many values"
    return "" if is_clean(body) else "a NUL, or half of a surrogate pair"


def refuse_invisible(text: str) -> None:
    """Check that a text in a form, if any, has a visible character.

    Raises:
        ValidationError: it has none.
    """
    if text.strip() and not is_visible(text):
        raise forms.ValidationError(_("This text has no visible character."))

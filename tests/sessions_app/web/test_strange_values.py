"""Whatever is in a field, an address or a query is answered in plain words, never by a 500."""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from habla_project.urls import urlpatterns
from sessions_app.access import rate_limits
from sessions_app.web.api import api
from tests.playback_app.kept import keep_recording, keep_segment
from tests.sessions_app.kept import at_home, keep_conversation, keep_session, the_owner

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TEXTS = (
    "",
    " ",
    "\0",
    "\x1b]0;x\x07\x9b\r\n\u202e",
    "x" * 5_000,
    "-1",
    "9" * 25,
    "1e400",
    "nan",
    "{}",
    "%'\"<>&;--",
    "../../etc/passwd",
    "http://x:y/v1",
    "clave-se\u00f1orial",
    str(uuid.UUID(int=0)),
)
JSON = (
    *(json.dumps(text) for text in TEXTS),
    *("null", "true", "-1", "0.5", "1e400", "NaN", "-Infinity", "9" * 25, "9" * 5_000, "[]", "{}"),
    *('"\\ud800"', '["a"]', '{"a": "\\u0000"}', "[" * 2_000 + "]" * 2_000, "nothing", ""),
)
FIELDS = (
    *("username", "password", "next", "language", "sure", "action", "is_bookmarked"),
    *("backend", "url", "model", "profile", "key", "_selected_action"),
)
each_of = pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
"""Try one value of four in each place, each one in some; or all in all."""
QUERY = ("q", "p", "o", "page", "format", "download", "limit", "offset", "next", "key", "id__exact")


@pytest.fixture
def browser() -> Client:
    """Return the owner's client, which returns a 500 instead of raising."""
    return at_home(raise_request_exception=False)


def asked(browser: Client, method: str, path: str, body: str = "", **options: Any) -> int:
    """Return the status of an answer, with fresh rate limits."""
    rate_limits.reset_rates()
    answer = browser.generic(method, path, body, **options)
    if answer.streaming:
        answer.getvalue()
    return answer.status_code


def kept_ids() -> dict[str, str]:
    """Store one row of each kind; return their ids by their names in addresses."""
    owner = the_owner()
    conversation = keep_conversation(owner, "hola")
    session = keep_session(conversation, "mundo")
    recording = keep_recording(owner)
    keep_segment(recording, 1, "hola")
    return {
        "conversation_id": str(conversation.pk),
        "session_id": str(session.pk),
        "recording_id": str(recording.pk),
    }


def filled(path: str, ids: dict[str, str], strange: str | None = None) -> str:
    """Return an address with ``ids`` in it; ``strange`` in place of them, if it is given."""

    def value(match: re.Match[str]) -> str:
        if strange is not None:
            return quote(strange.encode("utf-8", "surrogatepass"), safe="")
        return ids.get(match[1], str(uuid.UUID(int=7)))

    return re.sub(r"[{<](?:\w+:)?(\w+)[}>]", value, path)


def routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the address and the description of each REST route."""
    schema: dict[str, Any] = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def pages(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Yield the address of each page of ours, and of each list and form of the admin."""
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path
        elif pattern.app_name not in ("admin", "api"):
            yield from pages(pattern.url_patterns, path)


def fields_of(operation: dict[str, Any]) -> list[str]:
    """Return the names of the fields that a route takes as JSON."""
    body = operation.get("requestBody")
    if body is None:
        return []
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(api.get_openapi_schema()["components"]["schemas"][name]["properties"])


RIGHT = {
    "recording_id": str(uuid.UUID(int=7)),
    "transcript": "hola",
    "version": 0,
    "is_bookmarked": True,
}


def test_no_field_of_a_rest_route_breaks_it(browser: Client) -> None:
    ids = kept_ids()
    tried, broken = set(), []
    for method, path, operation in routes():
        for field in fields_of(operation):
            tried.add(field)
            others = json.dumps({name: RIGHT[name] for name in RIGHT if name != field})[1:-1]
            for value in JSON:
                body = f'{{{others}, "{field}": {value}}}'
                where = filled(path, ids)
                status = asked(browser, method, where, body, content_type="application/json")
                if status >= 500:
                    broken.append((method, path, field, value[:30], status))
    assert broken == []
    assert tried >= {
        "recording_id",
        "session_id",
        "speed",
        "segment_id",
        "version",
        "is_bookmarked",
    }


def test_no_address_or_query_of_a_rest_route_breaks_it(browser: Client) -> None:
    ids = kept_ids()
    broken = []
    for method, path, _ in routes():
        for text in TEXTS:
            value = urlencode(dict.fromkeys(QUERY, text))
            for where in (filled(path, ids, text), f"{filled(path, ids)}?{value}"):
                if method == "DELETE" and where.startswith(filled(path, ids)):
                    continue
                status = asked(browser, method, where, content_type="application/json")
                if status >= 500 and status != 503:
                    broken.append((method, path, text[:30], status))
    assert broken == []


@each_of
def test_no_address_query_or_form_of_a_page_breaks_it(browser: Client, step: int) -> None:
    ids = kept_ids()
    broken = []
    for number, path in enumerate(pages(list(urlpatterns))):
        is_deleting = path.endswith("delete")
        for text in TEXTS[number % step :: step]:
            query = urlencode(dict.fromkeys(QUERY, text))
            where = [
                ("GET", filled(path, ids, text), ""),
                ("GET", f"{filled(path, ids)}?{query}", ""),
            ]
            where += [] if is_deleting else [("POST", filled(path, ids), form(text, *FIELDS))]
            for method, address, body in where:
                kind = "application/x-www-form-urlencoded"
                status = asked(browser, method, address, body, content_type=kind)
                if status >= 500 and (path, status) != ("/readyz", 503):
                    broken.append((method, path, text[:30], status))
    assert broken == []


@pytest.mark.parametrize("field", ["backend", "url", "model", "profile", "key"])
def test_no_value_of_the_settings_page_breaks_it(browser: Client, field: str) -> None:
    right = {"backend": "llm", "url": "http://127.0.0.1:9/v1", "profile": "other", "key": "k"}
    for text in TEXTS:
        body = urlencode(right | {field: text})
        kind = "application/x-www-form-urlencoded"
        status = asked(browser, "POST", "/settings/", body, content_type=kind)
        assert (text[:30], status) in {(text[:30], 302), (text[:30], 400)}


@each_of
def test_no_list_or_form_of_the_admin_is_broken_by_a_value(browser: Client, step: int) -> None:
    kept_ids()
    broken = []
    kind = "application/x-www-form-urlencoded"
    for number, model in enumerate(admin.site._registry):  # noqa: SLF001 -- no other list
        base = f"admin:{model._meta.label_lower.replace('.', '_')}"  # noqa: SLF001
        listed = reverse(f"{base}_changelist")
        names = [field.name for field in model._meta.get_fields()]  # noqa: SLF001
        for text in TEXTS[number % step :: step]:
            addresses = [f"{listed}?{urlencode({name: text})}" for name in QUERY]
            addresses += [f"{listed}{quote(text, safe='')}/change/", f"{listed}add/"]
            statuses = {(where, asked(browser, "GET", where)) for where in addresses}
            body = form(text, *names, "action", "_selected_action", "index")
            for where in (listed, f"{listed}add/"):
                statuses.add((where, asked(browser, "POST", where, body, content_type=kind)))
            broken += [(where[:70], status) for where, status in statuses if status >= 500]
    assert broken == []


def form(text: str, *names: str) -> str:
    """Return a form in which each field holds ``text``."""
    return urlencode(dict.fromkeys(names, text))


def test_a_name_that_cannot_be_kept_logs_nobody_in(browser: Client) -> None:
    User.objects.create_user("ana", password="secret")
    kind = "application/x-www-form-urlencoded"
    for text in TEXTS:
        for names in (("username", "password"), ("username",), ("password",)):
            body = form(text, *names)
            assert asked(
                Client(REMOTE_ADDR="192.168.1.7"), "POST", "/login/", body, content_type=kind
            ) in (200, 400, 429)

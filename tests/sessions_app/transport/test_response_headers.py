"""The headers of every answer: for caches, for browsers, and cookies."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.transport.answers import error_answer
from tests.sessions_app.kept import at_home

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/history/",
    "/recordings/",
    "/settings/",
    "/login/",
    "/admin/",
    "/nowhere",
    "/logout/",
)
ROUTES = ("/api/status", "/api/sessions", "/api/docs", "/api/openapi.json", "/api/nowhere")
OTHERS = ("/healthz", "/readyz", "/metrics", "/favicon.ico", "/watch/nobody/")
STATIC = "/static/sessions_app/js/live.js"


@pytest.fixture
def client() -> Client:
    """Return a browser at this machine."""
    return at_home()


@pytest.fixture
def stranger() -> Client:
    """Return a browser elsewhere, where nobody is logged in."""
    return Client(REMOTE_ADDR="192.168.1.7")


def headers_of(browser: Client, path: str, **sent: str) -> Mapping[str, str]:
    """Return the headers of an answer that is read and closed."""
    answer = browser.get(path, headers=sent)
    if answer.streaming:
        answer.getvalue()
        answer.close()
    return answer.headers


@pytest.mark.parametrize("path", [*PAGES, *ROUTES, *OTHERS])
def test_no_cache_keeps_what_may_be_somebodys(client: Client, stranger: Client, path: str) -> None:
    for browser in (client, stranger):
        kept = headers_of(browser, path)["Cache-Control"]
        assert "no-store" in kept
        assert "private" in kept


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/status", "/nowhere", STATIC])
def test_pages_may_use_the_microphone_and_nothing_that_they_do_not_need(
    client: Client, path: str
) -> None:
    policy = headers_of(client, path)["Permissions-Policy"]
    allowed = set(re.findall(r"([a-z-]+)=\(self\)", policy))
    assert allowed == {
        "microphone",
        "screen-wake-lock",
        "clipboard-write",
        "autoplay",
        "fullscreen",
    }
    assert {"camera=()", "geolocation=()", "usb=()", "display-capture=()"} <= set(
        policy.split(", ")
    )
    assert "*" not in policy


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/status", STATIC])
def test_browsers_are_told_to_use_https_only_where_people_come_by_it(
    client: Client, settings: Any, path: str
) -> None:
    assert "Strict-Transport-Security" not in headers_of(client, path)
    settings.IS_HTTPS = True
    assert headers_of(client, path)["Strict-Transport-Security"] == "max-age=31536000"


def test_who_came_by_https_is_told_to_come_by_nothing_else(stranger: Client) -> None:
    told = stranger.get("/login/", secure=True).headers
    assert told["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in stranger.get("/login/").headers


def test_no_other_site_reads_static_files(client: Client) -> None:
    headers = headers_of(client, STATIC, origin="https://evil.example")
    assert headers["Content-Type"].startswith("text/javascript")
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.slow
def test_cookies_have_names_of_our_own(stranger: Client) -> None:
    User.objects.create_user("ana", password="secret")
    stranger.get("/login/")
    stranger.post("/login/", {"username": "ana", "password": "secret"})
    stranger.post("/i18n/setlang/", {"language": "es"})
    names = set(stranger.cookies)
    assert names == {
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.LANGUAGE_COOKIE_NAME,
    }
    assert {name.split("_")[0] for name in names} == {"habla"}
    assert settings.MESSAGES_COOKIE_NAME.startswith("habla_messages_")


def test_a_session_that_cannot_be_one_is_none(stranger: Client) -> None:
    for forged in ('"a\\000bcdefgh"', "short", "x" * 5000, "ÀÀÀÀÀÀÀÀ"):
        cookie = f"{settings.SESSION_COOKIE_NAME}={forged}"
        assert stranger.get("/api/status", headers={"cookie": cookie}).status_code == 401


def test_what_cannot_be_kept_is_refused_in_forms_queries_and_json(client: Client) -> None:
    for query in ("q=%00", "q=a%00b", "%00=a"):
        assert client.get(f"/history/?{query}").status_code == 400
        assert client.get(f"/api/sessions?{query}").status_code == 400
    assert client.post("/settings/", {"model": "a\0b"}).status_code == 400
    assert client.post("/login/", {"username": "a\0b", "password": "c"}).status_code == 400
    for text in (r'{"recording_id": "\u0000"}', r'{"recording_id": "\ud800"}', "[" * 50_000):
        answer = client.post("/api/playbacks", text, content_type="application/json")
        assert (text[:30], answer.status_code) == (text[:30], 400)


SERVERS_OWN = {"Content-Type", "Content-Length", "Server", "Connection", "Content-Security-Policy"}


@pytest.mark.parametrize("is_https", [False, True])
def test_what_the_server_itself_answers_says_what_pages_say(
    client: Client, settings: Any, is_https: bool
) -> None:
    settings.IS_HTTPS = is_https
    page = headers_of(client, "/")
    told = {name.decode(): value.decode() for name, value in error_answer(b"/", 413)[0]}
    assert ("Strict-Transport-Security" in told) == is_https
    expected = set(page) - {"Vary", "Content-Language", "Set-Cookie"} | SERVERS_OWN - {"Connection"}
    assert set(told) == expected
    for name in set(told) - SERVERS_OWN:
        assert (name, told[name]) == (name, page[name])

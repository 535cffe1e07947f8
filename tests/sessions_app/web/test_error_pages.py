"""Tests of the pages that say what went wrong: ours, in the visitor's language."""

import errno
import re
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from habla_project import urls
from sessions_app.access import error_responses, rate_limits
from tests.sessions_app.kept import at_home

pytestmark = pytest.mark.django_db
ELSEWHERE = "192.168.1.7"
LANGUAGES = ("en", "es")


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


PROBLEMS: list[Exception] = []


@login_not_required
def unable(request: HttpRequest) -> HttpResponse:
    raise PROBLEMS[-1]


urlpatterns = [path("broken", broken), path("unable", unable), *urls.urlpatterns]
handler500 = urls.handler500
"""With a view that fails, for the one test that makes this module the project's addresses."""


@pytest.fixture
def stranger() -> Client:
    """Return a browser elsewhere, where nobody is logged in."""
    return Client(REMOTE_ADDR=ELSEWHERE, raise_request_exception=False, enforce_csrf_checks=True)


@pytest.fixture
def reader() -> Client:
    """Return a browser elsewhere, of somebody who may do nothing but use Habla."""
    browser = Client(REMOTE_ADDR=ELSEWHERE, raise_request_exception=False)
    browser.force_login(
        User.objects.create_user("ana"), "django.contrib.auth.backends.ModelBackend"
    )
    return browser


def shown(answer: Any) -> tuple[int, str, str, str]:
    """Return the status of a page of ours, its language, its title and its heading."""
    text = answer.content.decode()
    language, title, heading = (
        re.findall(pattern, text)
        for pattern in (
            r'<html lang="(\w+)"',
            r"<title>([^<]+) · Habla</title>",
            r"<h1>([^<]+)</h1>",
        )
    )
    assert "/static/sessions_app/css/site." in text
    return answer.status_code, language[0], title[0], heading[0]


def foreign_host(browser: Client, language: str) -> Any:
    return browser.get("/", headers={"accept-language": language, "host": "evil.example"})


def strange_value(browser: Client, language: str) -> Any:
    return browser.get("/login/?next=%00", headers={"accept-language": language})


@pytest.mark.parametrize("ask", [foreign_host, strange_value])
def test_a_request_that_cannot_be_right_gets_a_page(
    stranger: Client, ask: Callable[[Client, str], Any]
) -> None:
    english, spanish = (ask(stranger, language) for language in LANGUAGES)
    assert shown(english) == (400, "en", "Not understood", "That was not understood")
    assert shown(spanish) == (400, "es", "No se entiende", "Eso no se ha entendido")


def test_an_address_without_anything_gets_a_page(stranger: Client, reader: Client) -> None:
    for browser in (stranger, reader, at_home()):
        for address in ("/nowhere", "/history/nowhere/", "/settings/nowhere"):
            english, spanish = (
                browser.get(address, headers={"accept-language": language})
                for language in LANGUAGES
            )
            assert shown(english) == (404, "en", "Not found", "There is nothing here")
            assert shown(spanish)[:3] == (404, "es", "No encontrado")


def test_what_is_not_allowed_gets_a_page(reader: Client) -> None:
    english, spanish = (
        reader.get("/settings/", headers={"accept-language": language}) for language in LANGUAGES
    )
    assert shown(english) == (403, "en", "Not allowed", "This is not for you")
    assert shown(spanish) == (403, "es", "No permitido", "Esto no es para usted")


def test_a_form_from_elsewhere_gets_a_page(stranger: Client) -> None:
    english, spanish = (
        stranger.post("/login/", {}, headers={"accept-language": language})
        for language in LANGUAGES
    )
    assert shown(english) == (403, "en", "Not done", "That was not done")
    assert shown(spanish)[:2] == (403, "es")
    assert shown(spanish)[3] != "That was not done"


def test_a_bug_gets_a_page_and_tells_nothing_of_itself(stranger: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    english, spanish = (
        stranger.get("/broken", headers={"accept-language": language}) for language in LANGUAGES
    )
    assert shown(english) == (500, "en", "Something went wrong", "Something went wrong here")
    assert shown(spanish)[:2] == (500, "es")
    assert "a bug" not in english.content.decode()


@pytest.mark.parametrize(
    ("error", "why", "por_qué"),
    [
        (OperationalError("database is locked"), "does not answer", "no responde"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many files", "demasiados archivos"),
    ],
)
def test_what_passes_by_itself_gets_a_page_that_says_so(
    stranger: Client, settings: Any, error: Exception, why: str, por_qué: str
) -> None:
    settings.ROOT_URLCONF = __name__
    PROBLEMS.append(error)
    english, spanish = (
        stranger.get("/unable", headers={"accept-language": language}) for language in LANGUAGES
    )
    assert shown(english) == (503, "en", "Not now", "Not now")
    assert shown(spanish) == (503, "es", "Ahora no", "Ahora no")
    assert why in english.content.decode()
    assert por_qué in spanish.content.decode()
    assert english.headers["Retry-After"] == "5"
    assert "no-store" in english.headers["Cache-Control"]


def test_without_a_file_for_the_page_the_reason_comes_alone(
    stranger: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = __name__
    error = OSError(errno.EMFILE, "Too many open files")
    PROBLEMS.append(error)
    monkeypatch.setattr(error_responses, "render", Mock(side_effect=error))
    answer = stranger.get("/unable")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        503,
        "text/plain; charset=utf-8",
    )
    assert "Too many files" in answer.content.decode()


def test_who_asks_too_often_gets_a_page(stranger: Client) -> None:
    count = int(rate_limits.STRANGERS.burst) // rate_limits.SEARCH_COST
    english = [stranger.get("/login/?q=hola") for _ in range(count + 10)][-1]
    spanish = stranger.get("/login/?q=hola", headers={"accept-language": "es"})
    assert shown(english) == (429, "en", "Not now", "Not now")
    assert shown(spanish)[:3] == (429, "es", "Ahora no")


def test_routes_of_programs_keep_their_errors(stranger: Client, reader: Client) -> None:
    for browser, address, status in (
        (stranger, "/api/nowhere", 404),
        (stranger, "/api/status", 401),
        (reader, "/api/nowhere", 404),
        (reader, "/api/status?a=%00", 400),
    ):
        answer = browser.get(address)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            status,
            "application/json",
        )
        assert {"code", "message"} <= answer.json().keys()


PAGES = (
    "/",
    "/history/",
    "/recordings/",
    "/settings/",
    "/login/",
    "/nowhere",
    "/offline/",
    "/phone/",
)


def test_only_who_may_administer_is_shown_the_administration(reader: Client) -> None:
    link = 'href="/admin/"'
    assert link in at_home().get("/").content.decode()
    for address in PAGES:
        assert link not in reader.get(address).content.decode()


def test_nobody_but_the_owner_is_told_of_commands(stranger: Client, reader: Client) -> None:
    for browser in (stranger, reader):
        for address in (
            *PAGES,
            "/?key=wrong",
            "/first-account/wrong/",
            "/admin/",
            "/api/status",
            "/api/nowhere",
        ):
            answer = browser.get(address, follow=True)
            assert (address, "manage.py" in answer.content.decode()) == (address, False)
    at_the_machine = Client(headers={"host": "localhost:8000"})
    for address, command in (("/login/", "account_link"), ("/?key=wrong", "status")):
        assert f"manage.py {command}" in at_the_machine.get(address).content.decode()

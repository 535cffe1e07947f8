"""Tests of the REST routes."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import path

from habla_project import urls as project
from sessions_app.models import Exchange, SessionState, Speaker, TranslationSession
from tests.sessions_app.kept import at_home, keep_conversation, keep_session, the_owner

pytestmark = pytest.mark.django_db


def break_down(request):
    raise RuntimeError("a secret in /etc/secret")


urlpatterns = [path("api/broken", break_down), *project.urlpatterns]
"""URLs of a server with a bug."""


@pytest.fixture
def program() -> Client:
    """Return a program at the machine itself: it has no cookies and knows no CSRF token."""
    return at_home(enforce_csrf_checks=True)


@pytest.fixture
def session() -> TranslationSession:
    return keep_conversation(the_owner(), "uno|one", "dos|two", title="Dinner").sessions.get()


def test_a_session_is_told_with_all_that_is_known(program, session):
    answer = program.get(f"/api/sessions/{session.pk}")
    assert answer.json() == {
        "id": str(session.pk),
        "conversation_id": str(session.conversation_id),
        "title": "Dinner",
        "state": "closed",
        "reason": "",
        "direction": "es_to_en",
        "mode": "conversation",
        "generation": 0,
        "engines": {},
        "started_at": "2026-03-01T10:00:00Z",
        "ended_at": None,
        "exchanges": 2,
        "received_seconds": 2.0,
        "speech_seconds": 0.0,
        "silence_seconds": 0.0,
        "discarded_seconds": 0.0,
        "dropped_seconds": 0.0,
        "unfinished_seconds": 0.0,
    }


def test_sessions_are_listed_newest_first_and_paged(program, session):
    later = keep_session(session.conversation, "tres|three", after_seconds=60)
    everything = program.get("/api/sessions").json()
    assert everything["count"] == 2
    assert [item["id"] for item in everything["items"]] == [str(later.pk), str(session.pk)]
    second = program.get("/api/sessions?limit=1&offset=1").json()
    assert [item["id"] for item in second["items"]] == [str(session.pk)]
    assert program.get("/api/sessions?offset=9").json() == {"items": [], "count": 2}


def test_exchanges_are_listed_newest_first(program, session):
    items = program.get(f"/api/sessions/{session.pk}/exchanges").json()["items"]
    assert [(item["source"], item["translated"]) for item in items] == [
        ("dos", "two"),
        ("uno", "one"),
    ]


def test_an_exchange_knows_who_said_it(program, session):
    speaker = Speaker.objects.create(conversation=session.conversation, key="1", name="Ana")
    Exchange.objects.update(speaker=speaker)
    items = program.get(f"/api/sessions/{session.pk}/exchanges").json()["items"]
    assert items[0]["speaker"] == {"id": "1", "name": "Ana"}


def test_lists_cost_few_queries_however_long_they_are(
    program, session, django_assert_max_num_queries
):
    for number in range(10):
        keep_session(session.conversation, "uno|one", after_seconds=number)
    with django_assert_max_num_queries(3):
        assert program.get("/api/sessions").json()["count"] == 11
    with django_assert_max_num_queries(4):
        program.get(f"/api/sessions/{session.pk}/exchanges")


@pytest.mark.parametrize(
    ("query", "beginning"),
    [
        ("", "[00:00:00] uno\none\n"),
        ("?format=txt", "[00:00:00] uno\none\n"),
        ("?format=srt", "1\n00:00:00,000 --> 00:00:01,000\nuno\none\n"),
        ("?format=vtt", "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nuno\none\n"),
        ("?format=json", '{\n  "exchanges": ['),
    ],
)
def test_a_session_is_exported_in_the_order_of_speaking(program, session, query, beginning):
    answer = program.get(f"/api/sessions/{session.pk}/export{query}")
    assert answer.status_code == 200
    assert answer.getvalue().decode().startswith(beginning)


def test_a_program_at_the_machine_can_delete_a_session(program, session):
    answer = program.delete(f"/api/sessions/{session.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Exchange.objects.exists()
    assert program.delete(f"/api/sessions/{session.pk}").status_code == 404


def test_a_live_session_is_not_deleted(program, session):
    TranslationSession.objects.update(state=SessionState.OPEN)
    answer = program.delete(f"/api/sessions/{session.pk}")
    assert (answer.status_code, answer.json()["code"]) == (409, "still_live")
    assert Exchange.objects.count() == 2


@pytest.mark.parametrize("rest", ["", "/exchanges", "/export"])
def test_what_is_anothers_or_never_was_is_not_found(program, rest):
    kept = keep_conversation(User.objects.create_user("eva"), "uno|one")
    for key in (kept.sessions.get().pk, uuid4(), "nonsense"):
        answer = program.get(f"/api/sessions/{key}{rest}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "offset=-1", f"offset={2**80}", "limit=1e3"],
)
def test_a_page_that_cannot_be_is_refused(program, query):
    answer = program.get(f"/api/sessions?{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["message"].startswith(query.partition("=")[0])


def test_an_export_in_another_format_is_refused(program, session):
    answer = program.get(f"/api/sessions/{session.pk}/export?format=exe")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_an_unknown_address_is_answered_in_json(program):
    answer = program.get("/api/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_is_not_there_is_answered_in_json(program):
    answer = program.post("/api/sessions", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


def test_a_foreign_host_is_answered_in_json():
    answer = Client(headers={"host": "evil.example"}).get("/api/sessions")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.urls("tests.sessions_app.web.test_api")
@pytest.mark.parametrize("debug", [True, False])
def test_no_bug_shows_what_went_wrong_inside(settings, debug):
    settings.DEBUG = debug
    answer = at_home(raise_request_exception=False).get("/api/broken")
    assert answer.status_code == 500
    assert answer.json() == {"code": "internal", "message": "Internal Server Error"}


def test_strangers_are_told_to_log_in():
    answer = Client(REMOTE_ADDR="192.168.1.7").get("/api/sessions")
    assert (answer.status_code, answer.json()["code"]) == (401, "login_required")


def test_who_logged_in_sees_their_own(session):
    eva = User.objects.create_user("eva")
    keep_conversation(eva, "hola|hello")
    browser = Client(REMOTE_ADDR="192.168.1.7")
    browser.force_login(eva)
    assert browser.get("/api/sessions").json()["count"] == 1
    assert browser.get(f"/api/sessions/{session.pk}").status_code == 404


def test_a_browser_needs_the_token_to_delete(session):
    eva = User.objects.create_user("eva")
    kept = keep_conversation(eva, "hola|hello").sessions.get()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(eva)
    refused = browser.delete(f"/api/sessions/{kept.pk}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    browser.get("/")
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    headers = {"x-csrftoken": token, "origin": "http://testserver"}
    assert browser.delete(f"/api/sessions/{kept.pk}", headers=headers).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:8000"},
        {"referer": "http://localhost:8000/"},
        {"sec-fetch-site": "same-origin"},
        {"cookie": f"{settings.CSRF_COOKIE_NAME}=x"},
    ],
)
def test_a_page_at_the_machine_needs_the_token_too(program, session, headers):
    answer = program.delete(f"/api/sessions/{session.pk}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_foreign_page_at_the_machine_is_a_stranger(program, session):
    headers = {"origin": "https://evil.example"}
    assert program.delete(f"/api/sessions/{session.pk}", headers=headers).status_code == 401


def test_the_status_of_the_process_is_told(program):
    answer = program.get("/api/status").json()
    assert answer["sessions"] == []


def test_the_routes_are_described(program):
    paths = program.get("/api/openapi.json").json()["paths"]
    assert sorted(path for path in paths if "session" in path) == [
        "/api/sessions",
        "/api/sessions/{session_id}",
        "/api/sessions/{session_id}/exchanges",
        "/api/sessions/{session_id}/export",
        "/api/sessions/{session_id}/live",
        "/api/sessions/{session_id}/tickets",
        "/api/sessions/{session_id}/tickets/{ticket_id}",
    ]


def test_the_description_is_shown_without_asking_another_server(program):
    page = program.get("/api/docs").text
    assert "//" not in page.replace("<!DOCTYPE", "").replace("http://www.w3.org", "")

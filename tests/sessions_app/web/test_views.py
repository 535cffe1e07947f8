"""Tests of the pages."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from sessions_app.models import Conversation, Recording, SessionState, Speaker, WatchTicket
from sessions_app.web.views import CONVERSATIONS_A_PAGE, EXCHANGES_A_PAGE
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import at_home, keep_conversation, keep_session, the_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return at_home()


def test_the_live_page_brings_the_cookie_that_its_forms_need(browser):
    answer = browser.get("/")
    assert answer.status_code == 200
    assert settings.CSRF_COOKIE_NAME in answer.cookies


def test_the_history_of_somebody_new_says_what_to_do(browser):
    assert "Nothing has been said yet" in browser.get("/history/").text


def test_the_history_shows_titles_and_how_much_was_said(browser):
    keep_conversation(the_owner(), "uno|one", "dos|two", title="Dinner <b>")
    page = browser.get("/history/").text
    assert "Dinner &lt;b&gt;" in page
    assert "2 sentences" in page


def test_the_history_is_paged_and_keeps_the_words_sought(browser):
    for number in range(CONVERSATIONS_A_PAGE + 1):
        keep_conversation(the_owner(), "un café|a coffee", after_seconds=number)
    first = browser.get("/history/?q=cafe")
    assert len(first.context["page"]) == CONVERSATIONS_A_PAGE
    assert 'href="?q=cafe&amp;page=2"' in first.text
    assert len(browser.get("/history/?q=cafe&page=2").context["page"]) == 1
    assert browser.get("/history/?page=nonsense").context["page"].number == 1
    assert browser.get(f"/history/?page={10**30}").context["page"].number == 2


def test_a_search_without_a_find_says_so(browser):
    keep_conversation(the_owner(), "uno|one")
    assert "0 conversations found" in browser.get("/history/", {"q": "<i>nada"}).text


def test_the_history_costs_few_queries_however_long_it_is(browser, django_assert_max_num_queries):
    for number in range(CONVERSATIONS_A_PAGE):
        keep_conversation(the_owner(), "uno|one", after_seconds=number)
    with django_assert_max_num_queries(3):
        browser.get("/history/?q=uno")


def test_a_conversation_shows_what_was_said_and_who_said_it(browser):
    kept = keep_conversation(the_owner(), title="Dinner")
    speaker = Speaker.objects.create(conversation=kept, key="1", name="Ana")
    keep_session(kept, "<script>hola</script>|hello", "sin traducir", speaker=speaker)
    page = browser.get(f"/history/{kept.pk}/").text
    assert "&lt;script&gt;hola&lt;/script&gt;" in page
    assert "hello" in page
    assert "It was not translated." in page
    assert "Ana" in page


def test_a_long_conversation_is_paged(browser, django_assert_max_num_queries):
    words = [f"palabra {number}" for number in range(EXCHANGES_A_PAGE + 1)]
    kept = keep_conversation(the_owner(), *words)
    with django_assert_max_num_queries(4):
        first = browser.get(f"/history/{kept.pk}/")
    assert len(first.context["page"]) == EXCHANGES_A_PAGE
    assert len(browser.get(f"/history/{kept.pk}/?page=2").context["page"]) == 1


@pytest.mark.parametrize(
    ("file_format", "media_type"),
    [
        ("txt", "text/plain; charset=utf-8"),
        ("json", "application/json"),
        ("srt", "application/x-subrip; charset=utf-8"),
        ("vtt", "text/vtt; charset=utf-8"),
    ],
)
def test_a_conversation_can_be_taken_away(browser, file_format, media_type):
    kept = keep_conversation(the_owner(), "¿Qué?|What?")
    answer = browser.get(f"/history/{kept.pk}/export?format={file_format}")
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="habla-20260301-1000.{file_format}"'
    )
    assert "¿Qué?" in answer.getvalue().decode()


def test_there_is_no_export_in_another_format(browser):
    kept = keep_conversation(the_owner(), "uno|one")
    assert browser.get(f"/history/{kept.pk}/export?format=exe").status_code == 404


def test_deleting_is_asked_first_and_done_then(browser):
    kept = keep_conversation(the_owner(), "uno|one", title="Dinner")
    address = f"/history/{kept.pk}/delete"
    session = kept.sessions.get()
    for seconds in (50, 80):
        recording = keep_recording(the_owner(), session=session, conversation=kept)
        Recording.objects.filter(pk=recording.pk).update(duration_seconds=seconds)
    WatchTicket.objects.create(
        conversation=kept,
        user=the_owner(),
        secret_hash="x",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    page = browser.get(address).text
    assert "Dinner" in page
    assert "1 sentence<" in page
    assert "2 recordings of what was said, 3 min together" in page
    assert "1 address at which others can read along" in page
    assert Conversation.objects.count() == 1
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain == [("/history/", 302)]
    assert "The conversation is deleted." in answer.text
    assert not Conversation.objects.exists()
    assert not Recording.objects.exists()
    assert not WatchTicket.objects.exists()


def test_a_live_conversation_is_not_deleted_and_the_page_says_why(browser):
    kept = keep_conversation(the_owner())
    session = keep_session(kept, "uno|one", state=SessionState.OPEN)
    keep_recording(the_owner(), session=session, conversation=kept)  # whose length is not known
    page = browser.get(f"/history/{kept.pk}/delete").text
    assert "1 recording of what was said, 1 min" in page
    answer = browser.post(f"/history/{kept.pk}/delete")
    assert answer.status_code == 409
    assert "It is still live" in answer.text


def test_a_foreign_form_deletes_nothing():
    kept = keep_conversation(the_owner(), "uno|one")
    browser = at_home(enforce_csrf_checks=True)
    answer = browser.post(f"/history/{kept.pk}/delete", headers={"origin": "https://evil.example"})
    assert (answer.status_code, Conversation.objects.count()) == (403, 1)
    answer = browser.post(f"/history/{kept.pk}/delete")
    assert (answer.status_code, Conversation.objects.count()) == (403, 1)
    assert "That was not done" in answer.text


@pytest.mark.parametrize("rest", ["", "export", "delete"])
def test_what_is_anothers_or_never_was_is_not_found(browser, rest):
    kept = keep_conversation(User.objects.create_user("eva"), "uno|one")
    for key in (kept.pk, uuid4()):
        answer = browser.get(f"/history/{key}/{rest}")
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text


def test_the_language_of_the_pages_can_be_changed_before_the_login():
    browser = Client()
    answer = browser.post("/i18n/setlang/", {"language": "es", "next": "/login/"})
    assert answer.headers["Location"] == "/login/"
    assert '<html lang="es"' in browser.get("/login/").text


@pytest.mark.parametrize("address", ["/", "/history/", "/login/", "/nowhere", "/admin/"])
def test_no_page_holds_a_script_or_a_style_of_its_own(browser, address):
    page = browser.get(address).text
    assert "<script>" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page


@pytest.mark.parametrize("address", ["/", "/history/", "/healthz"])
def test_pages_are_only_read_by_reading(browser, address):
    assert browser.put(address).status_code == 405


def test_the_process_lives(browser):
    assert browser.get("/healthz").content == b"ok\n"


def test_metrics_are_for_the_owner_and_those_who_logged_in(browser):
    answer = browser.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"habla_ready 0.0" in answer.content
    assert Client().get("/metrics").headers["Location"].startswith("/login/")


def test_without_a_serving_process_nothing_is_ready(browser):
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": ["No server runs in this process."]}

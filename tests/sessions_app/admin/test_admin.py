"""Tests of the Django admin."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.admin.conversations import INLINE_EXCHANGES
from sessions_app.models import Conversation, Exchange, SessionState, Speaker, TranslationSession
from tests.sessions_app.kept import at_home, keep_conversation, keep_session, the_owner

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

CONVERSATIONS = "/admin/sessions_app/conversation/"
SESSIONS = "/admin/sessions_app/translationsession/"
EXCHANGES = "/admin/sessions_app/exchange/"


@pytest.fixture
def browser() -> Client:
    return at_home()


@pytest.fixture
def kept() -> Conversation:
    conversation = keep_conversation(the_owner(), title="Dinner")
    speaker = Speaker.objects.create(conversation=conversation, key="1", name="Ana")
    keep_session(conversation, "un café|a coffee", "dos|two", speaker=speaker)
    return conversation


def count_queries(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def test_the_administrator_sees_what_everybody_said(browser, kept):
    keep_conversation(User.objects.create_user("eva"), "tres|three", title="Lunch")
    page = browser.get(CONVERSATIONS).text
    assert "all times are UTC" in page
    assert "Dinner" in page
    assert "Lunch" in page


@pytest.mark.parametrize(
    ("address", "query", "found"),
    [
        (CONVERSATIONS, "dinner", 1),
        (CONVERSATIONS, "coffee", 1),
        (CONVERSATIONS, "owner", 1),
        (CONVERSATIONS, "nada", 0),
        (SESSIONS, "dinner", 1),
        (SESSIONS, "not-an-id", 0),
        (EXCHANGES, "café", 1),
        (EXCHANGES, "two", 1),
        (EXCHANGES, "ana", 2),
        (EXCHANGES, "nada", 0),
    ],
)
def test_the_tables_can_be_searched(browser, kept, address, query, found):
    answer = browser.get(address, {"q": query})
    assert answer.context["cl"].queryset.count() == found


def test_a_session_is_found_by_its_id(browser, kept):
    answer = browser.get(SESSIONS, {"q": str(kept.sessions.get().pk)})
    assert answer.context["cl"].queryset.count() == 1


@pytest.mark.parametrize(
    ("address", "query"),
    [
        (CONVERSATIONS, "sessions__state__exact=closed&sessions__mode__exact=conversation"),
        (CONVERSATIONS, "sessions__direction__exact=es_to_en"),
        (SESSIONS, "state__exact=closed&direction__exact=es_to_en"),
        (EXCHANGES, "language=es&failure="),
    ],
)
def test_the_tables_can_be_filtered(browser, kept, address, query):
    answer = browser.get(f"{address}?{query}")
    assert answer.status_code == 200
    assert answer.context["cl"].queryset.exists()


@pytest.mark.parametrize("address", [CONVERSATIONS, SESSIONS, EXCHANGES])
def test_a_table_costs_as_many_queries_with_many_rows_as_with_few(browser, kept, address):
    few = count_queries(browser, address)
    for number in range(10):
        keep_session(kept, "más|more", after_seconds=number)
        keep_conversation(the_owner(), "otra|other", after_seconds=number)
    assert count_queries(browser, address) == few


def test_a_conversation_shows_its_sessions_speakers_and_newest_exchanges(browser, kept):
    keep_session(kept, *(f"palabra {number}" for number in range(INLINE_EXCHANGES)))
    page = browser.get(f"{CONVERSATIONS}{kept.pk}/change/").text
    assert "palabra 49" in page
    assert "un café" not in page
    assert 'value="Ana"' in page


def test_a_session_shows_its_exchanges(browser, kept):
    page = browser.get(f"{SESSIONS}{kept.sessions.get().pk}/change/").text
    assert "un café" in page
    assert "a coffee" in page


def test_the_pages_of_one_row_cost_few_queries(browser, kept, django_assert_max_num_queries):
    keep_session(kept, *(f"palabra {number}" for number in range(30)))
    with django_assert_max_num_queries(16):
        browser.get(f"{CONVERSATIONS}{kept.pk}/change/")
    with django_assert_max_num_queries(12):
        browser.get(f"{SESSIONS}{kept.sessions.first().pk}/change/")


@pytest.mark.parametrize("title", ["\u200b", " \u2060\ufeff ", "\u3164"])
def test_a_title_of_which_nothing_can_be_seen_is_refused(browser, kept, title):
    forms = {"sessions-TOTAL_FORMS": 0, "sessions-INITIAL_FORMS": 0}
    forms |= {"speakers-TOTAL_FORMS": 1, "speakers-INITIAL_FORMS": 1}
    forms |= {"exchanges-TOTAL_FORMS": 0, "exchanges-INITIAL_FORMS": 0}
    speaker = {"speakers-0-id": kept.speakers.get().pk, "speakers-0-conversation": kept.pk}
    for names in ({"title": title, "speakers-0-name": "Ana"}, {"speakers-0-name": title}):
        answer = browser.post(f"{CONVERSATIONS}{kept.pk}/change/", forms | speaker | names)
        assert "This text has no visible character." in answer.text
    kept.refresh_from_db()
    assert (kept.title, kept.speakers.get().name) == ("Dinner", "Ana")


def test_a_title_and_a_name_can_be_mended(browser, kept):
    speaker = kept.speakers.get()
    answer = browser.post(
        f"{CONVERSATIONS}{kept.pk}/change/",
        {
            "title": "Supper",
            "speakers-TOTAL_FORMS": 1,
            "speakers-INITIAL_FORMS": 1,
            "speakers-0-id": speaker.pk,
            "speakers-0-conversation": kept.pk,
            "speakers-0-name": "Anna",
            "sessions-TOTAL_FORMS": 0,
            "sessions-INITIAL_FORMS": 0,
            "exchanges-TOTAL_FORMS": 0,
            "exchanges-INITIAL_FORMS": 0,
        },
    )
    assert answer.status_code == 302
    kept.refresh_from_db()
    assert (kept.title, kept.speakers.get().name) == ("Supper", "Anna")


@pytest.mark.parametrize("address", [SESSIONS, EXCHANGES])
def test_what_happened_is_not_rewritten(browser, kept, address):
    row = kept.sessions.get() if address == SESSIONS else Exchange.objects.first()
    assert row is not None
    assert browser.get(f"{address}{row.pk}/change/").status_code == 200
    assert browser.post(f"{address}{row.pk}/change/", {"source": "x"}).status_code == 403


@pytest.mark.parametrize("address", [CONVERSATIONS, SESSIONS, EXCHANGES])
def test_nothing_is_invented(browser, address):
    assert browser.get(f"{address}add/").status_code == 403


def test_a_conversation_is_deleted_with_what_was_said_in_it(browser, kept):
    browser.post(f"{CONVERSATIONS}{kept.pk}/delete/", {"post": "yes"})
    assert not Exchange.objects.exists()


@pytest.mark.parametrize("address", [CONVERSATIONS, SESSIONS])
def test_nothing_live_is_deleted(browser, kept, address):
    TranslationSession.objects.update(state=SessionState.OPEN)
    key = kept.pk if address == CONVERSATIONS else kept.sessions.get().pk
    assert "live session" in browser.get(f"{address}{key}/delete/").text
    browser.post(f"{address}{key}/delete/", {"post": "yes"})
    browser.post(
        address, {"action": "delete_selected", "_selected_action": [str(key)], "post": "yes"}
    )
    assert Exchange.objects.count() == 2


def test_many_sessions_are_deleted_at_once(browser, kept):
    key = str(kept.sessions.get().pk)
    browser.post(SESSIONS, {"action": "delete_selected", "_selected_action": [key], "post": "yes"})
    assert not TranslationSession.objects.exists()

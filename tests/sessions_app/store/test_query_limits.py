"""Tests of the limits of a search: few words, a bounded time, and a message when that is over."""

import time

import pytest
from django.db import connection
from django.test import Client

from sessions_app.core.errors import CommandError
from sessions_app.core.search_patterns import MAX_CHARACTERS, MAX_WORDS, has_more_words, patterns
from sessions_app.store.database import query_limits
from sessions_app.store.database.query_limits import search_limits
from tests.sessions_app.kept import at_home, keep_conversation, the_owner

pytestmark = pytest.mark.django_db

ENDLESS = (
    "with recursive numbers(n) as (select 1 union all select n + 1 from numbers)"
    " select count(*) from numbers where n < 0"
)
WORDS = " ".join(f"w{number}" for number in range(98))
ADMIN = (
    "/admin/sessions_app/conversation/",
    "/admin/sessions_app/exchange/",
    "/admin/sessions_app/translationsession/",
    "/admin/playback_app/playback/",
    "/admin/auth/user/",
    "/admin/auth/group/",
)


@pytest.fixture
def browser() -> Client:
    return at_home()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit a search to a tenth of a second."""
    monkeypatch.setattr(query_limits, "SEARCH_SECONDS", 0.1)


def test_an_endless_query_is_ended_in_plain_words(hurried: None) -> None:
    begun = time.monotonic()
    with pytest.raises(CommandError, match="use fewer words") as caught, search_limits():
        connection.cursor().execute(ENDLESS)
    assert caught.value.code == "search_too_slow"
    assert time.monotonic() - begun < 5
    with connection.cursor() as cursor:  # the next query has no limit
        cursor.execute(f"{ENDLESS.replace('from numbers)', 'from numbers where n < 300000)')}")


def test_no_more_than_a_few_search_at_once(hurried: None) -> None:
    with search_limits(), search_limits(), pytest.raises(CommandError), search_limits():
        pass
    with search_limits():
        pass


def test_a_search_is_for_eight_words_at_most() -> None:
    assert len(patterns(WORDS)) == MAX_WORDS == 8
    assert patterns("a a b a") == patterns("a b")
    assert [has_more_words(text) for text in (WORDS, "a b", "a " * 99, "x" * 201)] == [
        True,
        False,
        False,
        True,
    ]
    assert len(WORDS) > MAX_CHARACTERS


def test_the_history_says_that_it_looks_for_eight_words(browser: Client) -> None:
    said = "uno dos tres cuatro cinco seis siete ocho"
    keep_conversation(the_owner(), f"{said}|one")
    nine = browser.get("/history/", {"q": f"{said} nueve"})
    assert "Only the first 8 words are searched for." in nine.text
    assert "1 conversation found." in nine.text
    assert "Only the first" not in browser.get("/history/", {"q": said}).text


@pytest.mark.parametrize("address", ADMIN)
def test_administrators_are_told_so_too(browser: Client, address: str) -> None:
    keep_conversation(the_owner(), "hola|hello")
    assert "Only the first 8 words are searched for." in browser.get(address, {"q": WORDS}).text
    assert "Only the first" not in browser.get(address, {"q": "hola"}).text


@pytest.mark.parametrize("address", ["/history/", ADMIN[0], "/admin/auth/user/"])
def test_a_search_that_takes_too_long_is_answered(
    browser: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_conversation(the_owner(), *("hola|hello",) * 300)
    monkeypatch.setattr(query_limits, "SEARCH_SECONDS", 0.0)
    monkeypatch.setattr(query_limits, "STEPS", 1)
    answer = browser.get(address, {"q": "nada"}, follow=True)
    assert "The search took too long" in answer.text
    assert answer.status_code == (503 if address == "/history/" else 200)
    monkeypatch.undo()
    assert browser.get(address, {"q": "hola"}).status_code == 200

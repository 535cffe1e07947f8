"""No page shows English to those who read it in Spanish."""

import gettext
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Conversation
from tests.sessions_app.kept import at_home, keep_conversation, the_owner

pytestmark = pytest.mark.django_db
CATALOGUE = Path(__file__).resolve().parents[3] / "locale/es/LC_MESSAGES/django.mo"
SCRIPT = re.compile(r"<(script|style|code|svg)\b.*?</\1>", re.DOTALL)
NOT_SHOWN = re.compile(r'(?:href|src|name|value|class|id|type|rel|action|for|data-[\w-]+)="[^"]*"')
PAGES = ("/", "/history/", "/history/?q=casa", "/recordings/", "/settings/", "/login/", "/phone/")
SPECIAL = ("/offline/", "/nowhere", "/watch/nobody/", "/?key=wrong", "/first-account/wrong/")


@cache
def english_texts() -> dict[str, str]:
    """Return each English text of two words or more that has another one in Spanish."""
    with CATALOGUE.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    texts = vars(catalogue)["_catalog"].items()
    return {
        english: spanish
        for english, spanish in texts
        if isinstance(english, str) and " " in english and english != spanish and "%" not in english
    }


def english_in(page: str) -> list[str]:
    """Return the English texts that a page shows: between its tags, in titles and labels."""
    shown = unescape(NOT_SHOWN.sub("", SCRIPT.sub("", page)))
    return [
        text for text in english_texts() if re.search(rf"[>\"]\s*{re.escape(text)}\s*[<\"]", shown)
    ]


@pytest.fixture
def conversation() -> Conversation:
    return keep_conversation(the_owner())


def test_the_search_finds_english() -> None:
    english = Client(REMOTE_ADDR="192.168.1.7").get("/login/", headers={"accept-language": "en"})
    assert "No account yet?" in english_in(english.content.decode())


@pytest.mark.parametrize("address", [*PAGES, *SPECIAL])
def test_a_page_in_spanish_shows_no_english(address: str, conversation: Conversation) -> None:
    user = User.objects.create_user("ana")
    reader, stranger = Client(REMOTE_ADDR="192.168.1.7"), Client(REMOTE_ADDR="192.168.1.7")
    reader.force_login(user)
    for browser in (at_home(), Client(headers={"host": "localhost:8000"}), reader, stranger):
        page = browser.get(address, headers={"accept-language": "es"}, follow=True)
        text = page.content.decode()
        assert '<html lang="es"' in text
        assert english_in(text) == []


def test_a_conversation_in_spanish_shows_no_english(conversation: Conversation) -> None:
    for address in (f"/history/{conversation.pk}/", f"/history/{conversation.pk}/delete"):
        page = at_home().get(address, headers={"accept-language": "es"})
        assert english_in(page.content.decode()) == []

"""Tests of the owner's idioms in the admin: what is accepted, what is refused and why."""

import pytest
from django.conf import settings
from django.test import Client

from sessions_app.models import IdiomPattern
from tests.sessions_app.kept import at_home

pytestmark = pytest.mark.django_db

IDIOMS = "/admin/sessions_app/idiompattern/"
WRITTEN = {
    "language": "es",
    "pattern": "~ir a tope",
    "meaning": "to go all out",
    "literal": "to go to the buffer",
    "region": "ES",
    "register": "informal",
}


@pytest.fixture
def browser() -> Client:
    return at_home()


def refusals(browser: Client, **changed: str) -> dict[str, list[str]]:
    """Return why an idiom is refused, by field; empty: it is accepted."""
    answer = browser.post(f"{IDIOMS}add/", WRITTEN | changed)
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def test_an_idiom_that_is_written_is_kept_and_listed(browser):
    assert refusals(browser) == {}
    (row,) = IdiomPattern.objects.values(*WRITTEN)
    assert row == WRITTEN
    page = browser.get(IDIOMS).text
    assert "~ir a tope" in page
    assert "to go all out" in page


@pytest.mark.parametrize("pattern", ["tope", "~ir ~venir a tope", "x " * 20, "¿? ¡!"])
def test_a_pattern_that_cannot_be_looked_for_is_refused_beside_its_field(browser, pattern):
    assert list(refusals(browser, pattern=pattern)) == ["pattern"]
    assert not IdiomPattern.objects.exists()


def test_a_pattern_is_there_once_in_each_language(browser):
    assert refusals(browser) == {}
    assert list(refusals(browser)) == ["__all__"]
    assert refusals(browser, language="en") == {}


def test_the_owner_is_told_what_would_be_right_in_his_language(browser):
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert refusals(browser, pattern="tope") == {
        "pattern": [
            "Esto no se puede buscar: son de 2 a 14 palabras, 120 letras y una ~ como mucho."
        ]
    }


def test_an_idiom_is_deleted(browser):
    assert refusals(browser) == {}
    key = IdiomPattern.objects.get().pk
    browser.post(f"{IDIOMS}{key}/delete/", {"post": "yes"})
    assert not IdiomPattern.objects.exists()

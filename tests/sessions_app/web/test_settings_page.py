"""Tests of the settings page: who may change the translator, what is accepted and what shown."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.engines.loading import EngineChoice, EngineSettings
from sessions_app.store.engine_choice import OwnerChoice, current_choice, save_choice
from tests.sessions_app.kept import at_home

pytestmark = pytest.mark.django_db

SETTINGS = "/settings/"
MODEL = {
    "backend": "llm",
    "url": "http://127.0.0.1:9/v1",
    "model": "parrot",
    "profile": "other",
    "key": "s3cret",
}
KEPT = OwnerChoice(**MODEL)
AUTO = EngineChoice()
ENVIRONMENT = EngineSettings(
    AUTO, AUTO, AUTO, Path(), llm={"url": "http://b", "key": "b", "prices": {"*": (1, 2)}}
)


@pytest.fixture
def browser() -> Client:
    return at_home()


def test_what_is_chosen_is_kept_and_its_key_not_shown(browser):
    assert browser.post(SETTINGS, MODEL).status_code == 302
    assert current_choice() == KEPT
    page = browser.get(SETTINGS).text
    assert "parrot" in page
    assert "s3cret" not in page
    assert "s3cret" not in repr(KEPT)


def test_a_key_stays_until_there_is_another(browser):
    save_choice(KEPT)
    browser.post(SETTINGS, MODEL | {"key": "", "model": "owl"})
    assert current_choice() == replace(KEPT, model="owl")


@pytest.mark.parametrize("changed", [{"url": "http://127.0.0.1:10/v1"}, {"profile": "openai"}])
def test_a_key_that_is_kept_goes_to_no_other_server(browser, changed):
    save_choice(KEPT)
    browser.post(SETTINGS, MODEL | {"key": ""} | changed)
    assert current_choice() == replace(KEPT, key="", **changed)


def test_a_key_needs_an_address_that_it_is_for(browser):
    answer = browser.post(SETTINGS, MODEL | {"url": "", "profile": ""})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["key"])
    assert current_choice() is None
    assert browser.post(SETTINGS, MODEL | {"url": "", "profile": "openai"}).status_code == 302


def test_an_engine_that_has_moved_is_still_the_one_that_was_chosen() -> None:
    save_choice(replace(KEPT, backend="sessions_app.engines.llm.LlmTranslator"))
    assert current_choice() == KEPT


def test_a_key_is_not_sent_over_the_internet_in_the_clear(browser):
    answer = browser.post(SETTINGS, MODEL | {"url": "http://llm.example.org/v1"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["key"])
    spanish = browser.post(
        SETTINGS,
        MODEL | {"url": "http://llm.example.org/v1"},
        headers={"accept-language": "es"},
    )
    assert "sin cifrar" in spanish.text
    assert "s3cret" not in answer.text + spanish.text
    assert browser.post(SETTINGS, MODEL | {"url": "https://llm.example.org/v1"}).status_code == 302


def test_another_translator_has_no_key(browser):
    save_choice(KEPT)
    browser.post(SETTINGS, MODEL | {"backend": "none"})
    assert current_choice() == OwnerChoice("none")


@pytest.mark.parametrize("url", ["http://gpu1:8000/v1", "https://[::1]:1234/v1", "http://10.0.0.7"])
def test_servers_of_ones_own_network_are_taken(browser, url):
    assert browser.post(SETTINGS, MODEL | {"url": url}).status_code == 302
    assert current_choice() == replace(KEPT, url=url)


def test_the_environment_can_be_chosen_again(browser):
    save_choice(KEPT)
    browser.post(SETTINGS, {"backend": ""})
    assert current_choice() is None


def test_a_choice_of_an_engine_that_is_no_more_is_passed_over(browser):
    save_choice(OwnerChoice("an old one"))
    assert current_choice() is None
    assert browser.get(SETTINGS).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backend", "os.system"),
        ("url", "ftp://127.0.0.1/"),
        ("url", "javascript:alert(1)"),
        ("url", "http://x:y/v1"),
        ("url", "http://x:99999/v1"),
        ("url", "http://[x/v1"),
        ("url", "http://x..y/v1"),
        ("url", "http://\u202ex/v1"),
        ("url", "http://xn--/v1"),
        ("url", "http://eva:secret@127.0.0.1/v1"),
        ("url", f"http://127.0.0.1/{'v' * 300}"),
        ("profile", "another"),
        ("model", "m" * 201),
        ("model", "\u200b"),
        ("model", " \u3164\u2060"),
        ("key", "clave-señorial"),
        ("key", "two words"),
    ],
)
def test_what_is_wrong_is_refused_beside_its_field(browser, field, value):
    answer = browser.post(SETTINGS, MODEL | {field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert "s3cret" not in answer.text
    assert current_choice() is None


def test_whoever_is_no_superuser_is_refused():
    browser = Client()
    assert browser.get(SETTINGS, REMOTE_ADDR="192.0.2.1").status_code == 302
    browser.force_login(User.objects.create_user("eva", is_staff=True))
    assert browser.get(SETTINGS).status_code == 403
    assert browser.post(SETTINGS, MODEL).status_code == 403
    assert current_choice() is None


def test_a_foreign_page_changes_nothing():
    browser = at_home(enforce_csrf_checks=True)
    assert browser.post(SETTINGS, MODEL).status_code == 403
    assert current_choice() is None


def test_the_environments_key_is_sent_to_no_server_that_was_chosen_here():
    assert replace(KEPT, key="").over(ENVIRONMENT) == replace(
        ENVIRONMENT,
        translator=EngineChoice(
            "llm", {k: v for k, v in MODEL.items() if k in ("url", "model", "profile")}
        ),
        llm={"prices": {"*": (1, 2)}},
    )


@pytest.mark.parametrize("key", ["", "of-no-address"])
def test_a_language_model_without_an_address_is_the_environments(key):
    assert OwnerChoice("llm", model="owl", key=key).over(ENVIRONMENT) == replace(
        ENVIRONMENT, translator=EngineChoice("llm", {"model": "owl"})
    )

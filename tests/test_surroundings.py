"""What is wrong in the environment is read the safe way, and remembered for the check."""

import pytest

from habla_project.surroundings import Lenient
from sessions_app.env_file import Environment


@pytest.fixture
def lenient() -> Lenient:
    return Lenient(Environment())


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize(
    ("word", "is_on"), [("on", True), ("Yes", True), (" 1 ", True), ("off", False), ("", False)]
)
def test_a_switch_is_read_in_any_of_its_words(
    lenient: Lenient, monkeypatch: pytest.MonkeyPatch, word: str, is_on: bool, safe: bool
) -> None:
    monkeypatch.setenv("HABLA_SWITCH", word)
    assert lenient.switch("HABLA_SWITCH", safe=safe) is is_on
    assert lenient.mistakes == []


@pytest.mark.parametrize("safe", [True, False])
def test_a_switch_that_is_neither_is_safe_and_named(
    lenient: Lenient, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    monkeypatch.setenv("HABLA_SWITCH", "maybe")
    assert lenient.switch("HABLA_SWITCH", safe=safe) is safe
    assert lenient.mistakes == ["HABLA_SWITCH is 'maybe'; 'on' or 'off' would be right."]


def test_a_log_level_is_read_in_small_letters_too(
    lenient: Lenient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    assert (lenient.log_level("LOG_LEVEL"), lenient.mistakes) == ("DEBUG", [])


def test_names_have_no_blanks_around_them(
    lenient: Lenient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.test, b.test,,")
    assert lenient.names("ALLOWED_HOSTS", default=["c.test"]) == ["a.test", "b.test"]


def test_what_stands_in_the_environment_is_read_word_for_word(
    lenient: Lenient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABLA_OWNER", "$off")
    monkeypatch.setenv("ALLOWED_HOSTS", "$nowhere")
    assert Environment().str("HABLA_OWNER", default="on") == "$off"
    assert lenient.names("ALLOWED_HOSTS", default=["localhost"]) == ["$nowhere"]

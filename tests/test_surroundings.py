"""Wrong values in the environment are replaced by safe ones, and reported by `check`."""

import socket
import time
from pathlib import Path

import psycopg
import pytest

from habla_project.surroundings import POSTGRESQL_OPTIONS, Lenient, database
from sessions_app.config.env_file import Environment


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


def options_of(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the options that the driver of the database ``url`` is given."""
    monkeypatch.setenv("DATABASE_URL", url)
    options: dict[str, object] = database(Environment(), Path("/")).get("OPTIONS", {})
    return options


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
def test_postgresql_behind_a_network_that_is_cut_is_not_waited_for(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options_of(f"{scheme}://db.test/habla", monkeypatch) == POSTGRESQL_OPTIONS
    chosen = options_of(f"{scheme}://db.test/habla?connect_timeout=9", monkeypatch)
    assert chosen == POSTGRESQL_OPTIONS | {"connect_timeout": 9}


def test_other_databases_are_given_nothing_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("sqlite:////tmp/habla.sqlite3", "mysql://db.test/habla"):
        assert not options_of(url, monkeypatch).keys() & POSTGRESQL_OPTIONS.keys()


@pytest.mark.slow
def test_a_postgresql_that_takes_a_connection_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"postgres://127.0.0.1:{port}/x?connect_timeout=2")
        settings = database(Environment(), Path("/"))
        began_at = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=port, **settings["OPTIONS"])
        assert time.monotonic() - began_at < 8

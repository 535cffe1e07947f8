"""The database that DATABASE_URL names, and what its driver is told."""

import socket
import time
from pathlib import Path

import psycopg
import pytest

from habla_project.surroundings import POSTGRESQL_OPTIONS, database


def options_of(url: str) -> dict[str, object]:
    """Return the options that the driver of the database ``url`` is given."""
    options: dict[str, object] = database(url, Path("/")).get("OPTIONS", {})
    return options


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
def test_postgresql_behind_a_network_that_is_cut_is_not_waited_for(scheme: str) -> None:
    assert options_of(f"{scheme}://db.test/habla") == POSTGRESQL_OPTIONS
    chosen = options_of(f"{scheme}://db.test/habla?connect_timeout=9")
    assert chosen == POSTGRESQL_OPTIONS | {"connect_timeout": 9}


def test_other_databases_are_given_nothing_of_postgresql() -> None:
    for url in ("sqlite:////tmp/habla.sqlite3", "mysql://db.test/habla"):
        assert not options_of(url).keys() & POSTGRESQL_OPTIONS.keys()


@pytest.mark.slow
def test_a_postgresql_that_takes_a_connection_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = database(f"postgres://127.0.0.1:{port}/x?connect_timeout=2", Path("/"))
        began_at = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=port, **settings["OPTIONS"])
        assert time.monotonic() - began_at < 8

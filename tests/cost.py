"""What tests cost, by their directories, and what `--unit` leaves out (a plugin: see addopts).

Directories that are not named here hold unit tests: of parts, and of the pipeline.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

WITH_SERVERS = ("browser", "lifecycle", "server", "soak")
"""Directories whose tests start servers and browsers."""
WITH_ALL_OF_HABLA = ("faults", "fuzz", "quality", "scenarios")
"""Directories whose tests put all of Habla together, or wait for what is slow."""
OTHER_BROWSERS = "other_browsers"
"""The directory of tests that need more browsers than `make test` installs."""
ROOT = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make unit`, `make test-long` and `make test-browsers`."""
    parser.addoption("--unit", action="store_true", help="only quick tests of parts")
    parser.addoption("--long", action="store_true", help="only those that take very long")
    parser.addoption("--browsers", action="store_true", help="only those in Firefox and WebKit")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out whole directories, so that collecting them takes no time either."""
    name = collection_path.name
    if collection_path.parent != ROOT or not (collection_path.is_dir() or name.startswith("test_")):
        return None
    if config.getoption("browsers") is not (name == OTHER_BROWSERS):
        return True
    is_costly = name in (*WITH_SERVERS, *WITH_ALL_OF_HABLA)
    return True if config.getoption("unit") and is_costly else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow; begin with what takes long, and end with what runs alone.

    So that at the end no process runs a long test while the others have nothing to do, and none
    waits for another's end before it runs alone.
    """
    is_long = config.getoption("long")
    _leave_out(config, items, lambda item: _is_long(item) is not is_long)
    if config.getoption("unit"):
        _leave_out(config, items, _is_slow)
    items.sort(key=_turn)


def _leave_out(
    config: pytest.Config, items: list[pytest.Item], is_left_out: Callable[[pytest.Item], bool]
) -> None:
    config.hook.pytest_deselected(items=[item for item in items if is_left_out(item)])
    items[:] = [item for item in items if not is_left_out(item)]


def _is_long(item: pytest.Item) -> bool:
    """Return whether a test is marked long: it shows again, at length, what another one shows."""
    return item.get_closest_marker("long") is not None


def _is_slow(item: pytest.Item) -> bool:
    """Return whether a test is marked slow, or commits to a database, which is emptied after it."""
    database = item.get_closest_marker("django_db")
    commits = database is not None and database.kwargs.get("transaction", False)
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("slow") is not None or commits or "transactional_db" in fixtures


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("alone") is not None:
        return 2
    costly = [ROOT / name for name in WITH_SERVERS]
    return 0 if any(directory in item.path.parents for directory in costly) else 1

"""Which tests `--unit` runs, and the order in which all tests run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cost

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SOME = """
import pytest

@pytest.mark.slow
def test_that_is_slow():
    pass

@pytest.mark.long
def test_that_is_long():
    pass

@pytest.mark.django_db(transaction=True)
def test_that_is_slow_for_it_commits():
    pass

def test_that_is_slow_for_it_uses_what_commits(house):
    pass

@pytest.fixture
def house(transactional_db):
    pass

@pytest.mark.django_db
def test_that_is_quick():
    pass
"""
UNITS, SERVERS, SCENARIOS = (
    f"tests/{name}" for name in ("engines/test_sentences.py", "server/test_names.py", "faults")
)


def collected(*arguments: str) -> list[str]:
    """Return the names of the tests that would run, in order."""
    command = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly")
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_quick_tests_are_those_of_parts_that_are_not_marked_slow(tmp_path: Path) -> None:
    tests = tmp_path / "test_some.py"
    tests.write_text(SOME)
    found = collected("--unit", str(tests), "tests")
    assert any(name.endswith("test_that_is_quick") for name in found)
    assert not any("test_that_is_slow" in name for name in found)
    assert any(name.startswith(UNITS) for name in found)
    costly = tuple(f"tests/{name}/" for name in (*cost.WITH_SERVERS, *cost.WITH_ALL_OF_HABLA))
    assert [name for name in found if name.startswith(costly)] == []


def test_what_takes_long_is_begun_first_and_nothing_is_left_out() -> None:
    found = collected(UNITS, SCENARIOS, SERVERS)
    places = [name.split("/")[1] for name in found]
    assert places[0] == "server"
    assert {*places} == {"server", "engines", "faults"}
    assert "server" not in places[places.count("server") :]


def test_what_is_marked_long_runs_by_itself_only(tmp_path: Path) -> None:
    tests = tmp_path / "test_some.py"
    tests.write_text(SOME)
    usual, long = (collected(*option, str(tests)) for option in ((), ("--long",)))
    assert [name.rpartition("::")[2] for name in long] == ["test_that_is_long"]
    assert len(usual) == 4
    assert not {*usual} & {*long}


def test_other_browsers_are_driven_only_when_asked_for() -> None:
    usual, asked = (collected(*option, "tests") for option in ((), ("--browsers",)))
    place = f"tests/{cost.OTHER_BROWSERS}/"
    assert [name for name in usual if name.startswith(place)] == []
    assert asked
    assert [name for name in asked if not name.startswith(place)] == []

"""Nothing runs beside a test that is marked `alone`, in whichever process (a plugin: see addopts).

Where a time limit is what is promised, as for what a flood may cost a neighbour, other tests on the
same cores would distort what is measured.
"""

import fcntl
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import pytest

Files = tuple[TextIO, TextIO]
FILES = pytest.StashKey[Files]()
"""Two lock files: the gate, which each test passes, and the floor, which it holds while it runs."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the files that the processes of one run lock."""
    run = getattr(config, "workerinput", {}).get("testrunuid")
    if run is not None:
        gate, floor = (_path(run, name).open("w") for name in ("gate", "floor"))
        config.stash[FILES] = gate, floor


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close it; the other processes still have it open."""
    for file in config.stash.get(FILES, ()):
        Path(file.name).unlink(missing_ok=True)
        file.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Wait for a turn, before the test's own time begins."""
    files = item.config.stash.get(FILES, None)
    is_alone = item.get_closest_marker("alone") is not None
    with ExitStack() as held:
        if files is not None:
            _come_in(*files, held, is_alone=is_alone)
        return (yield)


def _come_in(gate: TextIO, floor: TextIO, held: ExitStack, *, is_alone: bool) -> None:
    how = fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH
    with ExitStack() as passing:
        passing.callback(fcntl.flock, gate, fcntl.LOCK_UN)
        fcntl.flock(gate, how)
        held.callback(fcntl.flock, floor, fcntl.LOCK_UN)
        fcntl.flock(floor, how)  # a test that runs alone holds the gate meanwhile: no other starts


def _path(run: str, name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"habla-tests-{run}.{name}"

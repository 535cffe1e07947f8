"""Tests that are marked `alone` run while no other process runs any."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
TESTS = """
import os, time, pytest

def run(name):
    for what in ("begins", "ends"):
        line = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(line, f"{name} {what}\\n".encode())
        os.close(line)
        time.sleep(0.1)

@pytest.mark.parametrize("number", range(8))
def test_beside_others(number):
    run(number)

@pytest.mark.alone
@pytest.mark.parametrize("number", range(2))
def test_alone(number):
    run(f"alone-{number}")
"""


def run_apart(tests: Path, *arguments: str) -> None:
    options = ("-q", "-p", "tests.alone", "-p", "no:randomly", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, "-c", os.devnull, *arguments, str(tests)]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tests.parent, env=surroundings, capture_output=True)
    assert result.returncode == 0, result.stdout.decode()


def test_nothing_begins_or_ends_beside_one_that_is_alone(tmp_path: Path) -> None:
    log, tests = tmp_path / "log", tmp_path / "test_some.py"
    tests.write_text(f"LOG = {str(log)!r}\n{TESTS}")
    run_apart(tests, "-n", "3", "--dist", "load", "-W", "ignore")
    lines = log.read_text().splitlines()
    alone = [at for at, line in enumerate(lines) if line.startswith("alone")]
    assert len(lines) == 2 * (8 + 2)
    for begins, ends in zip(alone[::2], alone[1::2], strict=True):
        name = lines[begins].partition(" ")[0]
        assert (lines[begins], lines[ends]) == (f"{name} begins", f"{name} ends")
        assert ends == begins + 1
    # the others do run at the same time
    order = [line for line in lines if not line.startswith("alone")]
    assert order != sorted(order, key=lambda line: line.partition(" ")[0])

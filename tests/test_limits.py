"""A test that takes too long fails alone: the others run, and their results are reported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
OURS = ROOT / "pyproject.toml"
LATE_REPORT = """
import time, pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if item.name == "test_that_fails" and call.when == "call":
        time.sleep(2)
    return (yield)
"""
LATE_TESTS = """
import asyncio, time

def test_that_fails():
    assert False

def test_that_hangs():
    time.sleep(60)

async def test_that_hangs_in_a_loop():
    await asyncio.sleep(60)

def test_that_passes():
    pass
"""
STUCK_FIXTURE = """
import pytest, time

@pytest.fixture
def stuck():
    time.sleep(60)

def test_with_it(stuck):
    pass

def test_without_it():
    pass
"""


def results(directory: Path, *options: str, **files: str) -> str:
    """Return what pytest prints for ``files`` with our settings."""
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    plain = ("-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", str(directory))
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(OURS), *plain, *options]
    done = subprocess.run(
        [*command, str(directory)],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stdout


def test_a_limit_never_strikes_while_a_failure_is_reported(tmp_path: Path) -> None:
    late = {"conftest": LATE_REPORT, "test_late": LATE_TESTS}
    for workers in ("0", "2"):
        told = results(tmp_path, "--timeout", "1", "-n", workers, **late)
        assert "INTERNALERROR" not in told
        assert re.search(r"\b3 failed, 1 passed\b", told), told
        assert "FAILED test_late.py::test_that_fails - assert False" in told
        assert "FAILED test_late.py::test_that_hangs - Failed: Timeout (>1.0s)" in told


@pytest.mark.long
def test_a_fixture_that_hangs_costs_its_test_and_no_other(tmp_path: Path) -> None:
    told = results(tmp_path, "-n", "1", "-o", "faulthandler_timeout=2", test_stuck=STUCK_FIXTURE)
    assert "INTERNALERROR" not in told
    assert re.search(r"\b1 failed, 1 passed\b", told), told
    assert "crashed while running 'test_stuck.py::test_with_it'" in told


def test_no_test_has_a_limit_of_its_own_but_where_the_time_is_the_promise() -> None:
    found = subprocess.run(
        ["git", "grep", "-nE", r"mark\.timeout\([0-9.]+\)", "--", "tests/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = found.stdout.splitlines()
    assert [line for line in lines if "  # the promise: " not in line] == []

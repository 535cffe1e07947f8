"""Targets that check or format the code install no system packages; those that test it do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETUP = ROOT / "scripts" / "setup.sh"
WITHOUT_PACKAGES = ("unit", "lint", "format", "types", "layers", "migrations", "check")

OTHER_BROWSERS = ("firefox-esr", "webkit2gtk-driver")


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """Return the file in which fakes of apt-get and the like, in tmp_path / "bin", log calls."""
    programs = tmp_path / "bin"
    programs.mkdir()
    notes = tmp_path / "asked"
    notes.touch()
    for name in ("apt-get", "dpkg-query", "sudo", "systemctl"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {notes}\n')
        program.chmod(0o755)
    return notes


def set_up(kind: str, asked: Path, venv: Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/setup.sh with those fakes."""
    path = f"{asked.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", str(SETUP), kind],
        env={**os.environ, "VENV": str(venv), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def venv(asked: Path, tmp_path: Path) -> Path:
    """Return a virtual environment whose pip logs what it is asked for."""
    directory = tmp_path / "venv"
    (directory / "bin").mkdir(parents=True)
    for name in ("pip", "python"):
        shutil.copy(asked.parent / "bin" / "sudo", directory / "bin" / name)
    return directory


def test_checking_the_code_installs_no_system_package(asked: Path, venv: Path) -> None:
    assert set_up("check", asked, venv).returncode == 0
    assert [line for line in asked.read_text().splitlines() if "requirements-dev" not in line] == []


def test_what_is_there_for_checking_is_there_for_testing(asked: Path, venv: Path) -> None:
    set_up("check", asked, venv)
    installed = asked.read_text()
    assert set_up("test", asked, venv).returncode == 0
    new = asked.read_text().removeprefix(installed)
    assert "requirements-dev" in installed
    assert "requirements" not in new
    assert "chromium" in new  # a system package


def test_only_the_tests_in_other_browsers_ask_for_those(asked: Path, venv: Path) -> None:
    set_up("test", asked, venv)
    installed = asked.read_text()
    assert set_up("browsers", asked, venv).returncode == 0
    new = asked.read_text().removeprefix(installed)
    assert "requirements" not in new
    assert [name in installed for name in OTHER_BROWSERS] == [False, False]
    assert [name in new for name in OTHER_BROWSERS] == [True, True]


def test_where_python_makes_no_environment_checking_says_what_is_missing(
    asked: Path, tmp_path: Path
) -> None:
    python = asked.parent / "bin" / "python3.11"
    python.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.11 ;; esac\n[ "$1" = -c ]\n')
    python.chmod(0o755)
    done = set_up("check", asked, tmp_path / "venv")
    assert (done.returncode, asked.read_text()) == (2, "")
    assert "sudo apt install python3.11-venv" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", WITHOUT_PACKAGES)
def test_a_target_that_needs_no_system_package_asks_for_none(target: str) -> None:
    told = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "scripts/setup.sh check" in told.stdout
    assert "scripts/setup.sh test" not in told.stdout


def test_each_commit_is_checked_by_those_targets() -> None:
    lines = (ROOT / ".pre-commit-config.yaml").read_text().splitlines()
    commands = [line.split(": ")[1] for line in lines if line.strip().startswith("entry: ")]
    assert commands
    assert {*commands} <= {f"make {target}" for target in WITHOUT_PACKAGES}

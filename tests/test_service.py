"""systemd accepts the unit in docs/."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "docs" / "habla.service"


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("the program systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    # only the owner's machine has the program and the user
    text = UNIT.read_text().replace("/opt/habla/.venv/bin/python", "/bin/sh")
    unit.write_text(text.replace("User=habla", "User=root"))
    found = subprocess.run(
        [verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert [line for line in found.stderr.splitlines() if unit.name in line] == []
    assert found.returncode == 0


def test_what_it_keeps_is_closed_to_others() -> None:
    lines = UNIT.read_text().splitlines()
    assert {"UMask=0077", "StateDirectory=habla", "StateDirectoryMode=0700"} <= set(lines)


def test_systemd_calls_its_exposure_ok(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("the program systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/habla/.venv/bin/python", "/bin/sh"))
    # out of 100; without its restrictions it would be over 90
    found = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=30", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_it_is_given_more_time_than_the_end_takes() -> None:
    stated = [line for line in UNIT.read_text().splitlines() if line.startswith("TimeoutStopSec=")]
    assert stated == ["TimeoutStopSec=45"]

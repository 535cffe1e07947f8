"""The systemd unit in the documents is one that systemd takes."""

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
    # what only the owner's machine has: the program, and the user
    text = UNIT.read_text().replace("/opt/habla/.venv/bin/python", "/bin/sh")
    unit.write_text(text.replace("User=habla", "User=root"))
    found = subprocess.run(
        [verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert [line for line in found.stderr.splitlines() if unit.name in line] == []
    assert found.returncode == 0


def test_it_is_given_more_time_than_the_end_takes() -> None:
    stated = [line for line in UNIT.read_text().splitlines() if line.startswith("TimeoutStopSec=")]
    assert stated == ["TimeoutStopSec=45"]

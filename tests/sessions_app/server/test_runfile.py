"""The run file: one server a data directory, and who that is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sessions_app.server.runfile import AlreadyServingError, RunFile, read_run_file

FACTS = {"pid": 4711, "address": "http://127.0.0.1:8000"}


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    with RunFile(tmp_path) as first:
        first.write(FACTS)
        with pytest.raises(AlreadyServingError) as refusal, RunFile(tmp_path):
            pass
        assert str(refusal.value) == (
            "Habla already runs on this data directory (process 4711, http://127.0.0.1:8000)."
        )
        assert read_run_file(tmp_path) == FACTS


def test_one_that_has_not_said_who_it_is_holds_it_too(tmp_path: Path) -> None:
    with RunFile(tmp_path):
        with pytest.raises(AlreadyServingError) as refusal, RunFile(tmp_path):
            pass
        assert str(refusal.value) == "Habla already runs on this data directory."


def test_it_is_let_go_of_and_emptied(tmp_path: Path) -> None:
    for _ in range(2):
        with RunFile(tmp_path) as run_file:
            run_file.write(FACTS)
        assert read_run_file(tmp_path) == {}


def test_a_shorter_note_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    with RunFile(tmp_path) as run_file:
        run_file.write(FACTS | {"more": "x" * 500})
        run_file.write({"pid": 1})
        assert read_run_file(tmp_path) == {"pid": 1}


def test_the_kernel_lets_go_of_it_when_its_holder_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, pathlib; from sessions_app.server.runfile import RunFile;"
        "RunFile(pathlib.Path(sys.argv[1])).__enter__().write({'pid': 1});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=30)
    assert ended.returncode == -9
    assert read_run_file(tmp_path) == {"pid": 1}
    with RunFile(tmp_path) as run_file:
        run_file.write({"pid": 2})
        assert read_run_file(tmp_path) == {"pid": 2}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_what_is_no_note_is_read_as_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "serve.json").write_text(text)
    assert read_run_file(tmp_path) == {}


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    with RunFile(tmp_path / "run") as run_file:
        run_file.write(FACTS)
        path = tmp_path / "run" / "serve.json"
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert json.loads(path.read_text()) == FACTS


def test_it_cannot_be_written_to_by_who_does_not_hold_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        RunFile(tmp_path).write(FACTS)

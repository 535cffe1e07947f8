"""Every module says what it is for, and nothing of this machine is in the tree."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path
    for part in ("habla_project", "sessions_app", "playback_app", "tests", "benches", "scripts")
    for path in (ROOT / part).rglob("*.py")
    if "migrations" not in path.parts and path.read_text()
)


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_sessions_know_nothing_of_playback() -> None:
    pattern = "playback|playing|played|player"
    speech = "sessions_app/pipeline/recognition/hallucinations.py"  # what people are heard to say
    knowing = [
        path
        for path in MODULES
        if path.is_relative_to(ROOT / "sessions_app")
        and re.search(pattern, path.read_text(), re.IGNORECASE)
    ]
    assert [str(path.relative_to(ROOT)) for path in knowing] == [speech]


def test_no_path_of_a_machine_and_no_secret_is_in_the_tree() -> None:
    pattern = r"(/home/[a-z]|/root/|BEGIN [A-Z ]*PRIVATE KEY)"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ":!tests/test_house.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""


def test_every_requirement_is_pinned_and_has_its_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        wanted = [line for line in lines if re.match(r"[a-z]", line)]
        assert [line for line in wanted if not re.match(r"[\w.\[\]-]+==\S+ +# .+", line)] == []

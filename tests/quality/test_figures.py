"""A figure that became worse by more than its tolerance is a failure."""

import json
from pathlib import Path

import pytest

from benches.quality import command, figures
from benches.quality.figures import Measured
from benches.quality.transcribing import Heard


@pytest.fixture
def baselines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "baselines.json"
    monkeypatch.setattr(figures, "BASELINES", path)
    kept = [Measured("wrong", 10.0, "%", 1.0), Measured("found", 38, "", 1, more_is_better=True)]
    figures.keep("short", kept, was_quiet=True)
    return path


def verdicts(*found: Measured, was_quiet: bool = True) -> list[bool]:
    return [one.is_reached for one in figures.judged("short", found, was_quiet=was_quiet)]


@pytest.mark.usefixtures("baselines")
def test_what_is_within_its_tolerance_is_no_failure() -> None:
    assert verdicts(
        Measured("wrong", 11.0, "%", 1.0), Measured("found", 37, "", 1, more_is_better=True)
    ) == [True, True]


@pytest.mark.usefixtures("baselines")
def test_what_is_worse_by_more_is_a_failure() -> None:
    assert verdicts(
        Measured("wrong", 11.1, "%", 1.0), Measured("found", 36, "", 1, more_is_better=True)
    ) == [False, False]


@pytest.mark.usefixtures("baselines")
def test_what_could_not_be_measured_is_a_failure() -> None:
    assert verdicts(Measured("wrong", float("nan"), "%", 1.0)) == [False]


@pytest.mark.usefixtures("baselines")
def test_a_busy_machine_is_no_judge_of_quickness() -> None:
    slow = Measured("wrong", 99.0, "%", 1.0, needs_quiet=True)
    assert (verdicts(slow), verdicts(slow, was_quiet=False)) == ([False], [True])


def test_a_busy_machine_changes_no_baseline_of_quickness(baselines: Path) -> None:
    before = json.loads(baselines.read_text())["short"]["figures"]
    slow = Measured("wrong", 99.0, "%", 1.0, needs_quiet=True)
    figures.keep("short", [slow], was_quiet=False)
    assert json.loads(baselines.read_text())["short"]["figures"] == before


@pytest.mark.usefixtures("baselines")
@pytest.mark.parametrize(("wrong", "exit_code"), [(11.0, 0), (11.5, 1)])
def test_the_command_fails_where_a_figure_does(wrong: float, exit_code: int) -> None:
    found = [Measured("wrong", wrong, "%", 1.0)]
    assert command.tell("short", "Clips", found, 0.0, was_quiet=True, keep=False) == exit_code


def test_nothing_heard_is_no_language() -> None:
    assert Heard((), 0.0).languages == set()

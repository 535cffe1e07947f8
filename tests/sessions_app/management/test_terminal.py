"""What commands print is safe for a terminal, wherever it comes from."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from playback_app.management.commands import play, recordings
from sessions_app.management import terminal
from sessions_app.management.commands import check, fetch_models, transcribe
from sessions_app.models import Recording
from tests.sessions_app.kept import the_owner
from tests.sounds import say, wav

pytestmark = pytest.mark.django_db(transaction=True)

NASTY = "a\x1b[2J\u202eb\n✓ all is well\x9b\udcff.wav"
"""A file name on Linux, which may hold anything but NUL and a slash."""
SHOWN = r"a\x1b[2J\u202eb\n✓ all is well\x9b\udcff.wav"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def lines_of(
    command: terminal.HablaCommand, capsys: pytest.CaptureFixture[str], *arguments: str
) -> list[str]:
    """Return what a command prints, run as by a person."""
    name = command.__module__.rpartition(".")[2]
    with suppress(SystemExit):
        command.run_from_argv(["manage.py", name, *arguments])
    printed = "".join(capsys.readouterr())
    assert OBEYED.findall(printed) == []
    return printed.splitlines()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (transcribe, [NASTY]),
        (recordings, ["--import", NASTY]),
        (recordings, ["--delete", NASTY]),
        (play, [NASTY]),
        (fetch_models, [NASTY]),
        (check, ["--" + NASTY.replace(" ", "")]),
    ],
)
def test_what_is_no_file_is_named_without_being_obeyed(
    command: Any, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(command.Command(), capsys, *arguments)
    assert any(r"\x1b[2J\u202eb\n" in line for line in lines)
    assert "✓ all is well" not in lines


def test_a_file_that_is_imported_keeps_its_name_and_is_listed_fit_to_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    the_owner()
    good, bad = tmp_path / NASTY, tmp_path / "sub"
    bad.mkdir()
    good.write_bytes(wav(say("hola")))
    (bad / NASTY).write_text("no sound")
    lines = lines_of(recordings.Command(), capsys, "--import", str(good), str(bad / NASTY))
    assert Recording.objects.get().title == NASTY.replace("\udcff", "?")
    shown = SHOWN.replace(r"\udcff", "?")
    assert sum(line.endswith(shown) for line in lines) == 1
    assert sum(line.startswith(f"{bad}/{SHOWN}: ") for line in lines) == 1


def test_a_setting_that_is_wrong_is_named_without_being_obeyed(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MISTAKES = [f"HABLA_X is {NASTY}"]
    lines = lines_of(check.Command(force_color=True), capsys)
    assert any(r"HABLA_X is a\x1b[2J\u202eb" in line for line in lines)

"""A command that fails says so in a sentence, whatever was raised, and wherever."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from sessions_app.core.errors import EngineError
from sessions_app.management import terminal


class Command(terminal.HablaCommand):
    """A command that raises what it is given."""

    failed_code = 7

    def __init__(self, error: BaseException) -> None:
        super().__init__(stdout=StringIO(), stderr=StringIO())
        self._error = error

    def handle(self, *args: Any, **options: Any) -> None:
        raise self._error


def ended(error: BaseException) -> tuple[str, int]:
    """Return what is printed, and the exit code."""
    with pytest.raises(CommandError) as ending:
        call_command(Command(error), skip_checks=True)
    return str(ending.value), ending.value.returncode


DEEP = ExceptionGroup("unhandled", [ExceptionGroup("inner", [EngineError("It is deaf.")])])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (EngineError("It is deaf."), "It is deaf."),
        (DEEP, "It is deaf."),
        (PermissionError(13, "Permission denied", "some/file"), "some/file: Permission denied."),
        (PermissionError(13, "Permission denied", "a\x1b[2Jb"), r"a\x1b[2Jb: Permission denied."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (TimeoutError(), "This machine does not let it be done."),
    ],
)
def test_what_can_be_explained_is_told_in_words(error: BaseException, told: str) -> None:
    assert ended(error) == (told, 7)


def test_an_interruption_is_no_failure() -> None:
    assert ended(KeyboardInterrupt()) == ("Interrupted.", 130)


def test_a_bug_comes_as_it_is_out_of_a_group_too() -> None:
    for error in (ZeroDivisionError(), ExceptionGroup("unhandled", [ZeroDivisionError()])):
        with pytest.raises(ZeroDivisionError):
            call_command(Command(error), skip_checks=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["recordings", "play"])
def test_a_database_without_its_tables_is_told_in_words(command: str) -> None:
    arguments = ["00000000-0000-0000-0000-000000000000"] if command == "play" else []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("alter table sessions_app_recording rename to gone")
        with pytest.raises(CommandError, match="database does not answer, or lacks tables"):
            call_command(command, *arguments, stdout=StringIO())
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["quit", "status"])
def test_a_wrong_engine_keeps_nobody_from_asking_the_server(command: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "HABLA_DATA_DIR": str(tmp_path),
        "HABLA_TRANSLATOR": "tests.sessions_app.boom.Translator",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "CommandError: No server is running."

"""The base of Habla's commands: a terminal shows what they print, and never interprets it.

Names of files, users and servers come from outside, and may contain control codes that clear the
screen, reverse the direction of text or imitate another line.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.core.management.color import no_style
from django.db import Error as DatabaseError

from sessions_app.core.errors import HablaError
from sessions_app.core.printable import printable, printable_lines

INTERRUPTED = 130
"""The exit code after Ctrl+C, as in shells."""
UNREAD = 141
"""The exit code if the output is not read to its end, as of a list piped into `head`."""
EXPLAINED = (HablaError, DatabaseError, OSError)
"""Errors that are reported in a sentence; all others are bugs, and end with a traceback."""
CAUGHT = (*EXPLAINED, BaseExceptionGroup)


class SafeOutput(OutputWrapper):
    """Django's output wrapper that escapes control codes as in Python; colours are added after."""

    def write(  # type: ignore[override]  # its types take it for an ordinary file
        self,
        msg: str = "",
        style_func: Callable[[str], str] | None = None,
        ending: str | None = None,
    ) -> None:
        """Write ``msg``, keeping its line breaks: names in it must have been escaped before."""
        super().write(printable_lines(msg), style_func, ending)

    def write_export(self, text: str) -> None:
        """Write an export unchanged: exports.py has removed control codes already."""
        super().write(text)


class HablaCommand(BaseCommand):
    """A command with SafeOutput on both outputs, also for Django's own error messages.

    Errors that can be explained end it with a sentence and ``failed_code``.
    """

    failed_code: ClassVar[int] = 1

    _stdout: SafeOutput
    _stderr: SafeOutput

    @property
    def stdout(self) -> SafeOutput:
        """The output for results."""
        return self._stdout

    @stdout.setter
    def stdout(self, wrapper: OutputWrapper) -> None:
        self._stdout = SafeOutput(wrapper._out)  # type: ignore[arg-type]  # noqa: SLF001

    @property
    def stderr(self) -> SafeOutput:
        """The output for everything else."""
        return self._stderr

    @stderr.setter
    def stderr(self, wrapper: OutputWrapper) -> None:
        self._stderr = SafeOutput(wrapper._out)  # type: ignore[arg-type]  # noqa: SLF001

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser whose error messages are escaped too."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        refuse = parser.error
        parser.error = lambda message: refuse(printable(message))  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; end with a sentence and an exit code, whatever ends it."""
        try:
            result = super().execute(*args, **options)
            self.stdout.flush()
            return result
        except BrokenPipeError as error:
            # or Python would print an error at its end, when it flushes stdout
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(UNREAD) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from error
        except CAUGHT as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> NoReturn:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if not isinstance(error, EXPLAINED):
            raise error
        raise CommandError(_explain(error), returncode=self.failed_code) from error

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Check the settings without colours, which would be escaped."""
        style, self.style = self.style, no_style()
        try:
            super().check(*args, **kwargs)
        finally:
            self.style = style


def _explain(error: BaseException) -> str:
    if isinstance(error, HablaError):
        return str(error)
    if isinstance(error, DatabaseError):
        return "The database does not answer, or lacks tables; `manage.py doctor` says more."
    why = getattr(error, "strerror", None) or "This machine does not let it be done"
    named = getattr(error, "filename", None)
    if isinstance(named, str | bytes):
        return f"{printable(os.fsdecode(named))}: {why}."
    return f"{why}."

"""The base of Habla's commands: what they print is shown by a terminal, and never obeyed.

Names of files, of users and of servers come from outside, and may hold what clears a screen, turns
text round or pretends to be another line.
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
"""The exit code of what was ended by Ctrl+C, as shells give it."""
UNREAD = 141
"""The exit code of what nobody reads to its end, such as a list piped into `head`: likewise."""
EXPLAINED = (HablaError, DatabaseError, OSError)
"""What is told in words; all else is a bug, and comes with its traceback."""
CAUGHT = (*EXPLAINED, BaseExceptionGroup)


class Shown(OutputWrapper):
    """Django's, with all that a terminal would obey in Python's escapes; colours come after."""

    def write(  # type: ignore[override]  # its types take it for an ordinary file
        self,
        msg: str = "",
        style_func: Callable[[str], str] | None = None,
        ending: str | None = None,
    ) -> None:
        """Write ``msg``. Its line breaks are kept: a name that may have some is shown before."""
        super().write(printable_lines(msg), style_func, ending)

    def write_export(self, text: str) -> None:
        """Write an export word for word: it is fit for a terminal by itself (exports.py)."""
        super().write(text)


class Command(BaseCommand):
    """Prints by Shown, on either output; so do Django's own words on errors.

    What cannot be done is told in words, with ``failed_code``, wherever it is raised.
    """

    failed_code: ClassVar[int] = 1

    _stdout: Shown
    _stderr: Shown

    @property
    def stdout(self) -> Shown:
        """Where results go."""
        return self._stdout

    @stdout.setter
    def stdout(self, wrapper: OutputWrapper) -> None:
        self._stdout = Shown(wrapper._out)  # type: ignore[arg-type]  # noqa: SLF001

    @property
    def stderr(self) -> Shown:
        """Where all else goes."""
        return self._stderr

    @stderr.setter
    def stderr(self, wrapper: OutputWrapper) -> None:
        self._stderr = Shown(wrapper._out)  # type: ignore[arg-type]  # noqa: SLF001

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser; it repeats what it does not understand."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        refuse = parser.error
        parser.error = lambda message: refuse(printable(message))  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Do it; end with words and an exit code, whatever ends it."""
        try:
            result = super().execute(*args, **options)
            self.stdout.flush()
            return result
        except BrokenPipeError as error:
            # or Python would complain when it ends, of what could not be written
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
        raise CommandError(_in_words(error), returncode=self.failed_code) from error

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Check the settings; Django would colour each mistake before it is written."""
        style, self.style = self.style, no_style()
        try:
            super().check(*args, **kwargs)
        finally:
            self.style = style


def _in_words(error: BaseException) -> str:
    if isinstance(error, HablaError):
        return str(error)
    if isinstance(error, DatabaseError):
        return "The database does not answer, or lacks tables; `manage.py doctor` says more."
    why = getattr(error, "strerror", None) or "This machine does not let it be done"
    named = getattr(error, "filename", None)
    if isinstance(named, str | bytes):
        return f"{printable(os.fsdecode(named))}: {why}."
    return f"{why}."

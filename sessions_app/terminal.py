"""The base of Habla's commands: what they print is shown by a terminal, and never obeyed.

Names of files, of users and of servers come from outside, and may hold what clears a screen, turns
text round or pretends to be another line.
"""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, OutputWrapper
from django.core.management.color import no_style

from sessions_app.printable import printable, printable_lines


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
    """Prints by Shown, on either output; so do Django's own words on errors."""

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

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Check the settings; Django would colour each mistake before it is written."""
        style, self.style = self.style, no_style()
        try:
            super().check(*args, **kwargs)
        finally:
            self.style = style

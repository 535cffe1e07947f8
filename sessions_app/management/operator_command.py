"""The base of the commands that tell the running server one thing and print its answer."""

from typing import Any, ClassVar

from django.core.management.base import CommandError

from sessions_app.config import conf
from sessions_app.core.errors import HablaError
from sessions_app.management import terminal
from sessions_app.server.operator import FORMER_NAMES
from sessions_app.server.remote import NotRunningError, answer_to

NOT_RUNNING = 3


class OperatorCommand(terminal.HablaCommand):
    """Send ``word`` to the running server, and print what it answers."""

    word: ClassVar[str]
    answer_seconds: ClassVar[float]
    former_name: ClassVar[str | None] = None
    """What this command was called before, where it was typed by that name."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the answer; exit 1 with the reason, 3 where no server runs."""
        if self.former_name is not None:
            name = FORMER_NAMES[self.former_name]
            self.stderr.write(f"`manage.py {self.former_name}` is now called `manage.py {name}`.")
        try:
            answer = answer_to(conf.read().run_dir, self.word, self.answer_seconds)
        except NotRunningError as error:
            raise CommandError(str(error), returncode=NOT_RUNNING) from error
        except HablaError as error:
            raise CommandError(str(error)) from error
        if not answer["ok"]:
            raise CommandError(str(answer["message"]))
        self.stdout.write(str(answer["message"]))

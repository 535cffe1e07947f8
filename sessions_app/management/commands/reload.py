"""`manage.py reload`: settings that may change while the server runs, read again."""

from typing import Any

from django.core.management.base import CommandError

from sessions_app.config import conf
from sessions_app.core.errors import HablaError
from sessions_app.management import terminal
from sessions_app.server.remote import NotRunningError, answer_to

NOT_RUNNING = 3


class Command(terminal.Command):
    """Tell the running server one thing, and print what came of it."""

    help = (
        "Lets the running server read again its idioms and those settings in habla.env, in the "
        "data directory, that may change while it runs."
    )
    order = "reload"
    answer_seconds = 30.0

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what has changed; exit 1 with the reason, 3 where no server runs."""
        try:
            answer = answer_to(conf.read().run_dir, self.order, self.answer_seconds)
        except NotRunningError as error:
            raise CommandError(str(error), returncode=NOT_RUNNING) from error
        except HablaError as error:
            raise CommandError(str(error)) from error
        if not answer["ok"]:
            raise CommandError(str(answer["message"]))
        self.stdout.write(str(answer["message"]))

"""`manage.py quit`: lets the running server end, and waits until it is gone."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app import conf
from sessions_app.errors import HablaError
from sessions_app.remote import NoAnswerError, NotRunningError, ask, is_gone, watched

NOT_RUNNING = 3
NOT_IN_TIME = 1


class Command(BaseCommand):
    """Ask the running server to end gracefully."""

    help = (
        "Asks the running server to end: everyone may finish, then it closes. Waits until the "
        "process is gone, and says how its sessions ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say how long to wait."""
        parser.add_argument(
            "--timeout",
            type=float,
            default=60.0,
            metavar="S",
            help="seconds to wait for the end (default 60); the server goes on ending after them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the end; exit 1 where it did not come in time, 3 where no server runs."""
        deadline = time.monotonic() + options["timeout"]
        run_dir = conf.read().run_dir
        try:
            with watched(run_dir) as process:
                try:
                    for answer in ask(run_dir, "quit", max(options["timeout"], 0.1)):
                        self.stdout.write(str(answer["message"]))
                except NoAnswerError as error:
                    self.stderr.write(str(error))
                if not is_gone(process, deadline - time.monotonic()):
                    message = f"It has not ended within {options['timeout']:g} s, but goes on to."
                    raise CommandError(message, returncode=NOT_IN_TIME)
        except NotRunningError as error:
            raise CommandError(str(error), returncode=NOT_RUNNING) from error
        except HablaError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Habla has ended.")

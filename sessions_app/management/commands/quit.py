"""`manage.py quit`: ends the servers of this machine gracefully, and waits for that."""

import socket
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from sessions_app.config import conf
from sessions_app.management import terminal
from sessions_app.management.operator_command import NOT_RUNNING
from sessions_app.server.remote import (
    NoAnswerError,
    NotRunningError,
    ask_server,
    server_descriptor,
    wait_for_end,
)
from sessions_app.server.runfile import is_held, read_run_file
from sessions_app.store import servers

NOT_IN_TIME = 1


class Command(terminal.HablaCommand):
    """Ask the running servers of this database on this machine to end gracefully."""

    help = (
        "Asks the server to end, and all others of its database on this machine: everyone may "
        "finish, then it closes. Waits until the processes are gone, and says how sessions ended."
    )

    requires_system_checks = ()  # a server must end, whatever is set wrong meanwhile

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --timeout."""
        parser.add_argument(
            "--timeout",
            type=float,
            default=60.0,
            metavar="S",
            help="seconds to wait for the end (default 60); the server goes on ending after them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """End the servers; exit 1 if they did not end in time, 3 if none runs."""
        deadline = time.monotonic() + options["timeout"]
        run_dirs = self._running(conf.run_dir())
        if not run_dirs:
            raise CommandError(str(NotRunningError()), returncode=NOT_RUNNING)
        end = partial(self._end, deadline=deadline, is_alone=len(run_dirs) == 1)
        with ThreadPoolExecutor(len(run_dirs)) as threads:  # in parallel: each may take long
            have_ended = list(threads.map(end, run_dirs))
        if not all(have_ended):
            message = f"It has not ended within {options['timeout']:g} s, but it is still ending."
            raise CommandError(message, returncode=NOT_IN_TIME)
        self.stdout.write("Habla has ended.")

    def _running(self, own: Path) -> list[Path]:
        """Return the run directories of all servers of this database on this machine."""
        try:
            others = servers.run_dirs_on(socket.gethostname())
        except DatabaseError:
            self.stderr.write("The database does not say whether others serve on this machine.")
            others = []
        return [each for each in dict.fromkeys((own.absolute(), *map(Path, others))) if _runs(each)]

    def _end(self, run_dir: Path, *, deadline: float, is_alone: bool) -> bool:
        """End one server; return whether it ended in time."""
        name = "" if is_alone else f"{read_run_file(run_dir).get('address', run_dir)}: "
        try:
            with server_descriptor(run_dir) as process:
                try:
                    for answer in ask_server(
                        run_dir, "quit", max(deadline - time.monotonic(), 0.1)
                    ):
                        self.stdout.write(f"{name}{answer['message']}")
                except NoAnswerError as error:
                    self.stderr.write(f"{name}{error}")
                return wait_for_end(process, deadline - time.monotonic())
        except NotRunningError:  # it ended by itself meanwhile
            return True


def _runs(run_dir: Path) -> bool:
    try:
        return is_held(run_dir)
    except OSError:  # another user's, who has to end it
        return False

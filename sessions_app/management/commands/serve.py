"""`manage.py serve`: runs Habla."""

import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, SystemCheckError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from sessions_app.config import conf
from sessions_app.core.logs.capture import capture
from sessions_app.live.registry import live
from sessions_app.management import terminal
from sessions_app.management.listening_options import add_listening_options, wanted_listening
from sessions_app.server.exit import ExitCode, exit_process
from sessions_app.server.process import ServingProcess
from sessions_app.server.runfile import AlreadyServingError, RunFile


class Command(terminal.HablaCommand):
    """Serves everything until it is told to quit."""

    help = "Runs Habla. Ctrl+C ends it gracefully; a second one sooner; a third at once."
    requires_system_checks: list[str] = []
    failed_code = ExitCode.NOT_STARTED

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address, and whether standard input is a console."""
        add_listening_options(parser)
        console = parser.add_mutually_exclusive_group()
        console.add_argument(
            "--console",
            action="store_true",
            default=None,
            dest="console",
            help="take commands from standard input",
        )
        console.add_argument("--no-console", action="store_false", dest="console")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; the exit code says how it ended."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _exit_early)
        capture()
        self._check()
        for restricted in settings.MODE_RESTRICTION.restricted:
            self._say(f"Closed to other users of this machine: {restricted}.")
        address = wanted_listening(options)
        wants_console = options["console"]
        # a process may have no standard input at all
        is_terminal = sys.stdin is not None and sys.stdin.isatty()
        has_console = is_terminal if wants_console is None else wants_console
        try:
            with RunFile(conf.read().run_dir) as run_file:
                serving = ServingProcess(
                    live,
                    conf.read(),
                    address,
                    run_file=run_file,
                    say=self._say,
                    has_console=has_console,
                )
                code = serving.run()
        except AlreadyServingError as error:
            raise CommandError(str(error), returncode=ExitCode.NOT_STARTED) from error
        exit_process(code)

    def _check(self) -> None:
        try:
            self.check()
            executor = MigrationExecutor(connection)
            is_behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except SystemCheckError as error:
            raise CommandError(str(error), returncode=ExitCode.NOT_STARTED) from error
        except (DatabaseError, ImproperlyConfigured) as error:
            message = "The database does not answer; look at DATABASE_URL."
            raise CommandError(message, returncode=ExitCode.NOT_STARTED) from error
        finally:
            connection.close()
        if is_behind:
            message = "The database is not up to date; run `manage.py migrate` first."
            raise CommandError(message, returncode=ExitCode.NOT_STARTED)

    def _say(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more, as in `serve | head -1`
            self.stdout.write(text)
            self.stdout.flush()


def _exit_early(number: int, frame: FrameType | None) -> None:
    """End a server that gets a signal before it serves."""
    sys.exit(ExitCode.GRACEFUL)

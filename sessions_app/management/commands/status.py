"""`manage.py status`: the state of the server of this data directory, and of all others."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from sessions_app.access import authentication
from sessions_app.config import conf
from sessions_app.core.errors import HablaError
from sessions_app.management import terminal
from sessions_app.management.operator_command import NOT_RUNNING
from sessions_app.recording import deletions
from sessions_app.server.operator import describe_engines
from sessions_app.server.remote import NotRunningError, answer_to
from sessions_app.server.runfile import read_run_file
from sessions_app.store import servers
from sessions_app.store.catch_up_requests import waiting_of

ANSWER_SECONDS = 10.0


class Command(terminal.HablaCommand):
    """Asks the running server."""

    help = "Prints what the running server does: its engines, live sessions and backlog."

    requires_system_checks = ()  # a server runs, whatever is set wrong meanwhile

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the status; exit 3 if no server runs."""
        run_dir = conf.run_dir()
        try:
            answer = answer_to(run_dir, "status", ANSWER_SECONDS)
        except NotRunningError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"running": False}))
            raise CommandError(str(error), returncode=NOT_RUNNING) from error
        except HablaError as error:
            raise CommandError(str(error)) from error
        status = {"running": True, **read_run_file(run_dir), **answer["status"]}
        status["servers"] = self._servers(status["boot"])
        status["deletions_waiting"] = self._deletions()
        status["catching_up"] = self._catching_up()
        if options["json"]:
            self.stdout.write(json.dumps(status, indent=2))
        else:
            self._print(status)
            self._print_others(status)
            if count := status["deletions_waiting"]:
                self.stdout.write(
                    f"The files of {count} deleted recordings wait for another server."
                )
            for line in _lines_about(status["catching_up"] or {}):
                self.stdout.write(line)

    def _servers(self, own: str) -> list[dict[str, Any]]:
        try:
            return servers.list_servers(own)
        except DatabaseError:
            self.stderr.write("The database does not say who else serves.")
            return []

    def _deletions(self) -> int | None:
        try:
            return int(deletions.pending_deletions().count())
        except DatabaseError:
            return None

    def _catching_up(self) -> dict[str, int] | None:
        try:
            return asdict(waiting_of())
        except DatabaseError:
            return None

    def _print(self, status: dict[str, Any]) -> None:
        self.stdout.write(f"Habla is {status['state']} at {status['address']}, {_process(status)}.")
        if hint := authentication.owner_hint(status["address"]):
            self.stdout.write(hint)
        for problem in status["problems"]:
            self.stdout.write(f"! {problem}")
        if status["engines"]:
            self.stdout.write(describe_engines(status))
        self.stdout.write(f"{status['live']} live sessions, {status['backlog']} utterances wait.")
        for session in status["sessions"]:
            self.stdout.write(f"  {session['id']}  {session['state']}  {session['direction']}")

    def _print_others(self, status: dict[str, Any]) -> None:
        for server in status["servers"]:
            if server["boot"] == status["boot"]:
                continue
            where = f"{server['address']}, process {server['pid']} on {server['host']}"
            self.stdout.write(f"Another is {server['state']} at {where}.")
            self.stdout.write(f"{server['live']} live sessions.")
            for session in server["sessions"]:
                self.stdout.write(f"  {session['id']}  {session['direction']}")


def _lines_about(catching_up: dict[str, int]) -> list[str]:
    """Return what is told of ended sessions; nothing where nothing waits."""
    words = {
        "sentences": "{} sentences of ended sessions wait to be transcribed.",
        "translations": "{} sentences of ended sessions wait to be translated.",
        "failed": "{} sentences could not be transcribed; `manage.py catch_up` tries again.",
    }
    return [words[key].format(catching_up[key]) for key in words if catching_up.get(key)]


def _process(status: dict[str, Any]) -> str:
    return f"process {status['pid']}, engines of generation {status['generation'] or 0}"

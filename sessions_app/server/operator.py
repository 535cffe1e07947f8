"""Operator commands: what a serving process can be asked, at its console or by manage.py."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sessions_app.access.one_time_link import is_account_made
from sessions_app.config import reloading
from sessions_app.config.variables import Conf
from sessions_app.core.errors import SettingsError, StoreError
from sessions_app.extensions import plugged_in
from sessions_app.live.registry import Registry
from sessions_app.live.states import ShutdownReport
from sessions_app.server.control import Answer
from sessions_app.server.listening.invitation import first_account_line

FORMER_NAMES = {"restart": "reload_engines", "reload": "reload_settings"}
"""Former names of operator commands, which still work, and their names now."""


class OperatorCommands:
    """The commands; each answers with objects that have ``ok`` and, for people, a ``message``.

    ``begin_to_quit`` returns whether the server was not quitting already; ``shutdown_report`` waits
    until all sessions have ended; ``adopt`` puts changed settings into effect.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        begin_to_quit: Callable[[str], bool],
        shutdown_report: Callable[[], Awaitable[ShutdownReport]],
        adopt: Callable[[Conf], None],
    ) -> None:
        self._registry = registry
        self._begin_to_quit = begin_to_quit
        self._shutdown_report = shutdown_report
        self._adopt = adopt

    def all(self) -> Mapping[str, Callable[[], Answer]]:
        """Return the commands by name."""
        return {
            "status": self.status,
            "reload_engines": self.reload_engines,
            "reload_settings": self.reload_settings,
            "account_link": self.make_account_link,
            "quit": self.quit,
        }

    async def status(self) -> Answer:
        """Report the live sessions and the engines."""
        status = self._registry.status()
        yield {"ok": True, "status": status, "message": json.dumps(status, indent=2, default=str)}

    async def reload_engines(self) -> Answer:
        """Load a new generation of engines; the current one stays in use if that fails."""
        if self._registry.is_draining:
            yield {"ok": False, "message": "Habla is quitting; no engines are loaded any more."}
        elif await self._registry.load():
            await self._registry.tell_engines()
            status = self._registry.status()
            yield {
                "ok": True,
                "generation": status["generation"],
                "message": describe_engines(status),
            }
        else:
            generations = self._registry.generations
            reason = generations.problem if generations else ""
            message = "The engines could not be reloaded; the old ones go on serving."
            yield {"ok": False, "reason": reason, "message": f"{message} {reason}".strip()}

    async def reload_settings(self) -> Answer:
        """Read the idioms again, and those settings that may change while the server runs."""
        before = self._registry.conf
        if before is None:
            yield {"ok": False, "message": "Habla is still starting."}
            return
        try:
            after = reloading.reload_settings(before, before.data_dir)
        except SettingsError as error:
            yield {"ok": False, "reason": str(error), "message": f"Nothing was changed: {error}"}
            return
        self._registry.conf = after
        self._adopt(after)
        changes = reloading.changes(before, after) or ["No setting has changed."]
        try:
            read_again = [await reload(self._registry) for reload in plugged_in.reloads.values()]
        except StoreError as error:
            message = f"{' '.join(changes)} The idioms stay as they were: {error}"
            yield {"ok": False, "reason": str(error), "message": message}
            return
        told = [*changes, *read_again]
        yield {"ok": True, "changes": told, "message": "\n".join(told)}

    async def make_account_link(self) -> Answer:
        """Make a link by which the first account is made."""
        listening = self._registry.listening
        try:
            is_made = await is_account_made()
        except StoreError as error:
            yield {"ok": False, "message": str(error)}
            return
        if is_made or listening is None:
            message = "There is an account already; its owner makes more of them in the admin."
            yield {"ok": False, "message": message if is_made else "Habla is still starting."}
        else:
            yield {"ok": True, "message": first_account_line(listening)}

    async def quit(self) -> Answer:
        """Let everyone finish, and end; report how the sessions ended."""
        if self._begin_to_quit("a command"):
            yield {"ok": True, "message": "Habla is quitting."}
        else:
            yield {"ok": True, "message": "Habla is quitting already."}
        report = await self._shutdown_report()
        finished = report.sessions - report.cut_off
        yield {
            "ok": report.cut_off + report.stuck == 0,
            "sessions": report.sessions,
            "finished": finished,
            "cut_off": report.cut_off,
            "message": f"{finished} sessions finished, {report.cut_off} were cut off.",
        }


def describe_engines(status: dict[str, Any]) -> str:
    """Return a line for each engine: its name, its languages, and why no better one is used."""
    lines = []
    for kind, info in status["engines"].items():
        languages = f" ({', '.join(info['languages'])})" if info["languages"] else ""
        why = f" -- {info['why']}" if info["why"] else ""
        lines.append(f"{kind:12} {info['name']}{languages}{why}")
    return "\n".join(lines)

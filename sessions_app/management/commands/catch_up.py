"""`manage.py catch_up`: transcribes now what ended sessions were cut off from."""

import asyncio
import secrets
import time
from argparse import ArgumentParser
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from tqdm import tqdm

from sessions_app.config import conf
from sessions_app.config.data_directory import directory_id
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.printable import printable
from sessions_app.live.catching_up.catcher import Catcher
from sessions_app.live.registry import Registry
from sessions_app.management import terminal
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.server.runfile import is_held
from sessions_app.store.catch_up_requests import (
    ask_to_catch_up,
    count_late,
    count_left_open,
    sessions_called,
    waiting_among,
)
from sessions_app.store.database.thread import database_thread
from sessions_app.store.sessions import new_boot

NO_SUCH_SESSION = 2
POLL_SECONDS = 0.3
BAR = "{desc}{n:.0f} of {total:.0f} [{elapsed}<{remaining}]"


class Command(terminal.HablaCommand):
    """Have ended sessions caught up on, by the running server or else in this process."""

    help = (
        "Transcribes and translates now what ended sessions were cut off from, where their sound "
        "is kept. The running server does it, behind live sessions; without one, this process does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the session, and --timeout."""
        parser.add_argument(
            "session", nargs="?", default="all", metavar="SESSION", help="its id, or all (default)"
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=60.0,
            metavar="S",
            help="seconds without progress after which it is left to the server (default 60)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait until it is done; exit 1 if something is left, 2 if there is no such session."""
        sessions = sessions_called(options["session"])
        if sessions is None:
            message = f"There is no session {printable(options['session'])}."
            raise CommandError(message, returncode=NO_SUCH_SESSION)
        is_served = is_held(conf.run_dir())
        if not is_served and (count := count_left_open(directory_id(conf.run_dir()))):
            self.stderr.write(f"Sessions that a server left open when it was killed: {count}. ")
            self.stderr.write("The next server closes them, and catches up on them.")
        asked = ask_to_catch_up(sessions)
        late = count_late(asked)
        with tqdm(total=_left(asked), bar_format=BAR, disable=None, delay=0.2) as bar:
            if asked and is_served:
                self._watch(asked, options["timeout"], bar)
            elif asked:
                asyncio.run(self._work(asked, bar))
        self._report(asked, count_late(asked) - late)

    def _watch(self, asked: Collection[UUID], seconds: float, bar: "tqdm[Any]") -> None:
        """Wait while the server makes progress."""
        left, changed_at = _left(asked), time.monotonic()
        while left and time.monotonic() - changed_at < seconds:
            time.sleep(POLL_SECONDS)
            now = _left(asked)
            if now != left:
                left, changed_at = now, time.monotonic()
                _move(bar, left)

    async def _work(self, asked: Collection[UUID], bar: "tqdm[Any]") -> None:
        """Do it in this process, which gives a heartbeat meanwhile, as long as that gets on."""
        registry = Registry()
        settings = replace(conf.read(), is_recording=False)
        registry.open(settings, new_boot(secrets.token_hex(4)))
        heartbeat = asyncio.create_task(keep_heartbeat(registry), name="habla heartbeat")
        try:
            if not await registry.load():
                raise EngineUnavailableError(registry.readiness()[0])
            catcher = Catcher(registry, lambda: bar.update(1), only=frozenset(asked))
            await catcher.work_off()
        finally:
            heartbeat.cancel()
            await asyncio.wait({heartbeat})
            await registry.close()
            database_thread.close()

    def _report(self, asked: Collection[UUID], done: int) -> None:
        left = waiting_among(asked)
        if done:
            self.stdout.write(f"Sentences that were transcribed: {done}.")
        elif not (left.is_anything or left.failed):
            self.stdout.write("Nothing waits to be transcribed.")
        if left.failed:
            self.stderr.write(f"Sentences that could not be transcribed: {left.failed}.")
        if left.is_anything:
            raise CommandError(f"Sentences that still wait: {left.sentences + left.translations}.")
        if left.failed:
            raise CommandError("The log says why.")


def _left(asked: Collection[UUID]) -> int:
    waiting = waiting_among(asked)
    return waiting.sentences + waiting.translations


def _move(bar: "tqdm[Any]", left: int) -> None:
    bar.total = max(bar.total or 0, bar.n + left)
    bar.update(bar.total - left - bar.n)

"""The life of the serving process: start, serve, drain, end, and an exit code that says how."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import FrameType
from typing import Any

import daphne.server
from channels.routing import get_default_application

from sessions_app.access import authentication
from sessions_app.config.conf import data_dir
from sessions_app.config.variables import Conf
from sessions_app.core import descriptors
from sessions_app.core.listening import Listening
from sessions_app.core.steady_clock import STATE_NAME, clock
from sessions_app.extensions import plugged_in
from sessions_app.live.registry import ABORT_SECONDS, ROWS_SECONDS, Registry
from sessions_app.live.states import ShutdownReport
from sessions_app.recording.recovery import keep_recovering
from sessions_app.server.background import keep_running
from sessions_app.server.console import Console
from sessions_app.server.control import Control
from sessions_app.server.daphne import CANCEL_SECONDS, HANDSHAKE_SECONDS, HablaServer, reactor
from sessions_app.server.database_guard import check_database_at_start
from sessions_app.server.downloads import download_better_models
from sessions_app.server.exit import (
    BACKGROUND_SECONDS,
    TASKS_SECONDS,
    ExitCode,
    cancel_background,
    cancel_tasks,
    is_step_done,
)
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.server.listening.invitation import describe_first_account, describe_reach
from sessions_app.server.listening.reach import Reach
from sessions_app.server.lmstudio_service import LmStudioService
from sessions_app.server.operator import FORMER_NAMES, OperatorCommands, describe_engines
from sessions_app.server.reachability import keep_reachable
from sessions_app.server.runfile import RunFile
from sessions_app.server.selftest import keep_running_selftests
from sessions_app.server.writable import keep_probing_writes
from sessions_app.store.database.identity import identity
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind

logger = logging.getLogger(__name__)

STANDARD_OUTPUT = 1
HEARTBEAT = "habla heartbeat"
"""The name of the task that gives the heartbeat."""
ENGINES_SECONDS = 2.0
"""How long unloading the engines may take."""
DATABASE_SECONDS = 0.5
"""How long the database may take to finish the queries that it was given."""
AFTER_DRAIN_SECONDS = sum(
    (
        ABORT_SECONDS,
        ROWS_SECONDS,
        HANDSHAKE_SECONDS,
        CANCEL_SECONDS,
        BACKGROUND_SECONDS,
        ENGINES_SECONDS,
        TASKS_SECONDS,
        DATABASE_SECONDS,
    )
)
"""All time limits of the end except the drain's; with it, below the usual 30 s of services."""


class ServingProcess:
    """One serving process. ``run`` returns when it has ended, with its exit code.

    The first request to quit drains; the second skips the drain but not the clean-up; the third
    ends at once.
    """

    def __init__(
        self,
        registry: Registry,
        conf: Conf,
        address: Listening,
        *,
        run_file: RunFile,
        say: Callable[[str], None],
        has_console: bool,
    ) -> None:
        self._registry = registry
        self._conf = conf
        self._address = address
        self._reach = Reach(registry, conf, address)
        self._run_file = run_file
        self._say = say
        self._has_console = has_console
        self._loop: asyncio.AbstractEventLoop = daphne.server.twisted_loop
        descriptors.raise_limit()
        self._server = HablaServer(
            get_default_application(),
            host=address.host,
            port=address.port,
            drain=self._drain,
            most_connections=descriptors.connections_allowed(conf.max_sessions),
            encryption=self._reach.encryption,
        )
        self._console = Console(
            {
                "status": partial(self._execute, "status"),
                "reload_engines": partial(self._execute, "reload_engines"),
                "reload_settings": partial(self._execute, "reload_settings"),
                "account_link": partial(self._execute, "account_link"),
                "help": self._say_help,
                "quit": self._quit_by_console,
            },
            say,
            former_names=FORMER_NAMES,
        )
        self._commands = OperatorCommands(
            registry,
            begin_to_quit=self._begin_to_quit,
            shutdown_report=self._shutdown_report,
            adopt=self._adopt,
        ).all()
        self._control = Control(self._commands, former_names=FORMER_NAMES)
        self._is_drained = asyncio.Event()
        self._lmstudio = LmStudioService(registry)
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests = 0
        self._report = ShutdownReport(0, 0, 0)
        self._is_watched = False
        self._is_reach_told = False
        self._is_whole = True
        """Whether every step of the end was done within its limit."""

    def run(self) -> ExitCode:
        """Serve until asked to quit."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        reactor.callWhenRunning(lambda: self._spawn(self._start(), "start"))
        self._server.run()
        if self._server.abort_start:
            self._say(f"Cannot listen on {self._address}: {self._server.listen_problem}")
            return ExitCode.NOT_STARTED
        self._loop.run_until_complete(self._finish())
        return self._exit_code()

    # --- the beginning

    async def _start(self) -> None:
        identity.remember(own_directory=data_dir())
        clock.restore(self._conf.run_dir / STATE_NAME)
        self._registry.open(self._conf)
        ports = [port for _, port in self._server.listening_addresses]
        address = self._reach.begin(ports)
        facts = {"pid": os.getpid(), "address": str(address), "boot": self._registry.boot}
        self._run_file.write(facts)
        await check_database_at_start()
        if self._requests:  # asked to quit meanwhile
            return
        await self._control.open(self._conf.run_dir)
        run_dir = self._conf.run_dir
        reaching = partial(keep_reachable, self._run_file, self._control, run_dir)
        self._keep_running(reaching, "reachability")
        self._lmstudio.begin(self._conf)
        self._keep_running(partial(keep_heartbeat, self._registry, self._say), "heartbeat")
        self._keep_running(partial(keep_probing_writes, self._registry), "trying to write")
        if self._conf.rehearsal_seconds:
            every = self._conf.rehearsal_seconds
            selftests = partial(keep_running_selftests, self._registry, every)
            self._keep_running(selftests, "self-tests")
        self._keep_running(partial(keep_recovering, self._registry.boot, self._say), "recovery")
        for name, work in plugged_in.background.items():
            self._keep_running(partial(work, self._registry), name)
        if self._has_console and sys.stdin is not None:
            self._open_console()
        hint = authentication.owner_hint(str(address), printed_to=STANDARD_OUTPUT)
        self._say(f"Habla is ready: {address}")
        if hint:
            self._say(hint)
        self._keep_running(self._follow_network, "names and certificate")
        if await self._registry.load():
            self._say(describe_engines(self._registry.status()))
        self._spawn(download_better_models(self._registry, self._conf, self._say), "downloads")

    async def _follow_network(self) -> None:
        """Say who comes from where, as soon as this machine is announced; then keep it current."""
        listening = await self._reach.announce()
        if not self._is_reach_told:
            self._is_reach_told = True
            for line in describe_reach(listening, has_terminal=os.isatty(STANDARD_OUTPUT)):
                self._say(line)
            for line in await describe_first_account(listening, printed_to=STANDARD_OUTPUT):
                self._say(line)
        await self._reach.keep_current()

    def _open_console(self) -> None:
        # reading a terminal from the background would stop the process
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        if not self._console.open(self._loop, sys.stdin.fileno()):
            logger.info("standard input is no console")

    # --- while it serves

    def _execute(self, word: str) -> None:
        self._spawn(self._say_answer(word), word)

    async def _say_answer(self, word: str) -> None:
        async for answer in self._commands[word]():
            self._say(str(answer["message"]))

    def _adopt(self, conf: Conf) -> None:
        self._conf = conf
        self._reach.look()

    def _say_help(self) -> None:
        self._say(
            "status           what is live, and the engines\n"
            "reload_engines   load the engines again; live sessions keep theirs\n"
            "reload_settings  read the settings that may change, and the idioms, again\n"
            "account_link     make a link for the first account\n"
            "quit             let everyone finish, and end\n"
            "help             this"
        )

    def _keep_running(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._spawn(keep_running(self._registry, name, work), name)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._loop.create_task(work, name=f"habla {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("%s failed", task.get_name(), exc_info=task.exception())

    # --- the end

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # not loop.add_signal_handler, which would wait while the loop is blocked (H29)
        if number == signal.SIGHUP:
            self._loop.call_soon_threadsafe(self._console.execute, "reload_engines")
            return
        self._quit(signal.Signals(number).name)

    def _quit_by_console(self) -> None:
        if not self._begin_to_quit("console"):
            self._say("Habla is quitting already; Ctrl+C ends it sooner.")

    def _begin_to_quit(self, why: str) -> bool:
        if self._requests:  # to ask twice changes nothing, unlike a second signal
            return False
        self._quit(why)
        return True

    async def _shutdown_report(self) -> ShutdownReport:
        await self._is_drained.wait()
        return self._report

    def _quit(self, why: str) -> None:
        """Begin to end; asked again, end faster. Takes effect even if the loop is blocked."""
        self._requests += 1
        if self._requests > 2:
            os._exit(ExitCode.THIRD_SIGNAL)
        self._arm_watchdog()
        self._loop.call_soon_threadsafe(self._end if self._requests == 1 else self._end_now, why)

    def _end(self, why: str) -> None:
        logger.info("quitting: %s", why)
        reactor.stop()

    def _end_now(self, why: str) -> None:
        logger.warning("quitting at once: %s", why)
        self._registry.abort()

    async def _drain(self) -> None:
        # beside the drain, and waited for no longer than other background work: its first word is
        # said at once, and the others only repeat it
        self._spawn(self._reach.close(), "goodbye")
        self._report = await self._registry.drain(self._conf.quit_seconds)
        logger.info(
            "%d sessions ended, %d cut off, %d stuck",
            self._report.sessions,
            self._report.cut_off,
            self._report.stuck,
        )
        self._is_drained.set()

    async def _finish(self) -> None:
        """Close what the sessions shared, and cancel every task that is left (H2)."""
        await self._end_step("background work", cancel_background(self._background()))
        await self._end_step("console", self._close_console())
        await self._end_step("control socket", self._control.close(self._conf.run_dir))
        await self._end_step("engines", self._registry.close(ENGINES_SECONDS))
        async for step, was_done in self._lmstudio.end():
            self._note(step, was_done=was_done, done="stopped")
        await self._end_step("tasks", cancel_tasks())
        await self._end_step("database", self._close_database())

    def _background(self) -> set["asyncio.Task[None]"]:
        """Return what ends first: all but the heartbeat, which others see until the last."""
        return {task for task in self._tasks if task.get_name() != HEARTBEAT}

    async def _close_console(self) -> None:
        self._console.close(self._loop)

    async def _close_database(self) -> bool:
        is_all_written = behind.close() == 0
        return database_thread.close(DATABASE_SECONDS) and is_all_written

    async def _end_step(self, name: str, step: Coroutine[Any, Any, bool | None]) -> None:
        self._note(name, was_done=await is_step_done(name, step))

    def _note(self, step: str, *, was_done: bool, done: str = "closed") -> None:
        self._is_whole = self._is_whole and was_done
        if was_done:
            logger.info("%s %s", step, done)
        else:
            logger.error("%s was not done in time and is abandoned", step)

    def _exit_code(self) -> ExitCode:
        report = self._report
        lost = report.cut_off or report.stuck or report.unkept
        if lost or identity.problem_now or self._server.left_over or not self._is_whole:
            return ExitCode.CUT_OFF
        return ExitCode.GRACEFUL

    def _arm_watchdog(self) -> None:
        # faulthandler's thread is in C: it runs even if the loop is blocked or the GIL held (H30)
        if not self._is_watched:
            self._is_watched = True
            seconds = self._conf.quit_seconds + AFTER_DRAIN_SECONDS + self._lmstudio.seconds
            faulthandler.dump_traceback_later(seconds + self._conf.watchdog_seconds, exit=True)

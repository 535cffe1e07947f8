"""What holds after every lifecycle test: nothing is left, and every sample is accounted for."""

import asyncio
import json
import logging
import os
import sqlite3
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from sessions_app.models import TranslationSession
from tests.house import House, eventually, threads_left
from tests.server.running import NEVER_LOGGED, Running, running
from tests.server.visitor import visitor
from tests.sounds import say, silence

SETTLED_SECONDS = 20.0
"""How long leftovers may take to end: a closing handshake without a peer, and some more."""
MEGABYTE = 1024 * 1024
DATABASE = "habla.sqlite3"
PAGE_CONNECTIONS = 1
"""Connections to the database that an earlier page, already answered, may still have."""
KEPT_DESCRIPTORS = 4
"""Descriptors of the database's file: as many as pages may have run at once."""
COLUMNS = (
    "id, state, reason, close_count, received_samples, speech_samples, silence_samples,"
    " discarded_samples, dropped_samples, unfinished_samples"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A session's row."""

    id: str
    state: str
    reason: str
    close_count: int
    received: int
    speech: int
    silence: int
    discarded: int
    dropped: int
    unfinished: int

    @property
    def problem(self) -> str:
        """Return what is wrong with it; empty: it ended once, and its account balances."""
        if self.state not in ("closed", "lost") or self.close_count != 1:
            return f"{self.state}, closed {self.close_count} times"
        parts = (self.speech, self.silence, self.discarded, self.dropped, self.unfinished)
        if sum(parts) != self.received or min(parts) < 0:
            return f"{self.received} received are not {parts}"
        if self.unfinished and not self.reason.endswith(("_cut_off", "failed")):
            return f"{self.reason}, but {self.unfinished} samples are unfinished"
        return ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a server process holds."""

    sessions: int
    tasks: int
    threads: int
    descriptors: int
    database_connections: int
    """Connections to the database; each has the write-ahead log open once."""
    database_descriptors: int
    """Descriptors of the database's file. When one of several connections is closed, SQLite keeps
    its descriptor, since closing it would release the others' locks, and reuses it for the next."""
    children: int

    def exceeds(self, earlier: "Held") -> bool:
        """Return whether it is more of anything than ``earlier``."""
        return any(getattr(self, name) > getattr(earlier, name) for name in self.__slots__)

    def plus(self, **more: int) -> "Held":
        """Return the sum of this and ``more``."""
        return replace(self, **{name: getattr(self, name) + n for name, n in more.items()})


def rows(data_dir: Path) -> list[Row]:
    """Return every session's row, in the order in which they began."""
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=10)) as database:
        found = database.execute(
            f"select {COLUMNS} from sessions_app_translationsession order by started_at"
        ).fetchall()
    return [Row(*row) for row in found]


def reasons(data_dir: Path) -> list[str]:
    """Return why each session ended, without that of the warm-up."""
    return [row.reason for row in rows(data_dir)][1:]


def said(data_dir: Path) -> list[str]:
    """Return what was said, in the order in which it was stored, without the warm-up."""
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=10)) as database:
        found = database.execute("select source from sessions_app_exchange order by id").fetchall()
    return [source for (source,) in found][1:]


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def status(server: Running) -> dict[str, Any]:
    """Return the server's own status."""
    return await asyncio.to_thread(_status, server.address)


def _status(address: str) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/api/status", timeout=10) as response:
        found: dict[str, Any] = json.load(response)
    return found


async def alone(server: Running) -> None:
    """Wait until the server has no sessions."""
    async with asyncio.timeout(SETTLED_SECONDS):
        while (await status(server))["sessions"]:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.01)


async def held(server: Running) -> Held:
    """Return what the server holds, while it answers one request."""
    return _held(await status(server), Path(f"/proc/{server.pid}"))


def _held(told: dict[str, Any], process: Path) -> Held:
    children = process.glob("task/*/children")
    open_files = [_link(path) for path in process.glob("fd/*")]
    of_database = [Path(name).name for name in open_files if DATABASE in name]
    return Held(
        sessions=len(told["sessions"]),
        tasks=told["tasks"],
        threads=told["threads"],
        descriptors=len(open_files) - len(of_database),
        database_connections=of_database.count(f"{DATABASE}-wal"),
        database_descriptors=of_database.count(DATABASE),
        children=sum(len(_text(path).split()) for path in children),
    )


def _link(path: Path) -> str:
    with suppress(OSError):  # just closed
        return str(path.readlink())
    return ""


def _text(path: Path) -> str:
    with suppress(OSError):  # a thread that just ended
        return path.read_text()
    return ""


async def fewest(server: Running) -> Held:
    """Return what the idle server holds: the least of each kind that is seen in a while."""
    seen = [await held(server) for _ in range(5)]
    return Held(*(min(getattr(one, name) for one in seen) for name in Held.__slots__))


async def let_go(server: Running, baseline: Held) -> None:
    """Wait until the server holds no more than ``baseline``; fail if it keeps something."""
    now = await held(server)
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_SECONDS):
            while now.exceeds(baseline):
                await asyncio.sleep(0.1)
                now = await held(server)
    assert not now.exceeds(baseline), f"{now} was {baseline}"


@asynccontextmanager
async def served(
    data_dir: Path,
    *,
    exit_code: int = 0,
    ends_itself: bool = False,
    new_threads: int = 0,
    kept_descriptors: int = KEPT_DESCRIPTORS,
    **choices: Any,
) -> AsyncIterator[Running]:
    """Serve ``data_dir``; when the test is over, check what is left, and end the server.

    ``ends_itself``: the test ends it, and waits for nothing to be released before.
    ``new_threads``: how many threads the server may create meanwhile, and keep.
    ``kept_descriptors``: of the database's file, as many as connections were open at once.
    """
    async with running(data_dir, **choices) as server:
        await (_warm_up if choices.get("has_engines", True) else _knock)(server)
        await alone(server)
        baseline = await fewest(server)
        baseline = baseline.plus(
            threads=new_threads,
            database_connections=PAGE_CONNECTIONS,
            database_descriptors=kept_descriptors,
        )
        yield server
        if not ends_itself:
            await let_go(server, baseline)
            server.signal()
        assert await server.ended() == exit_code
    assert [row.problem for row in rows(data_dir) if row.problem] == []


async def _warm_up(server: Running) -> None:
    """Speak once: what a server allocates at its first session, it keeps."""
    async with visitor(server.socket_address) as guest:
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(say("no") + silence(0.2))
        await guest.say("stop_listening")
        await guest.until("listening_stopped")


async def _knock(server: Running) -> None:
    """Connect, say one word, and leave."""
    async with connect(server.socket_address, proxy=None) as socket:
        await socket.recv()


async def look_at_house(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Fail if Habla in this process, once closed, has left anything behind."""
    assert house.registry.sessions == {}
    assert [row.problem for row in await _kept() if row.problem] == []
    assert [task.get_name() for task in asyncio.all_tasks() if _is_ours(task.get_name())] == []
    await eventually(lambda: threads_left() == [])
    logged = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert [line for line in logged if any(text in line for text in NEVER_LOGGED)] == []


async def _kept() -> list[Row]:
    names = COLUMNS.split(", ")
    return [Row(*row) async for row in TranslationSession.objects.values_list(*names)]


def _is_ours(name: str) -> bool:
    return name.startswith("habla")

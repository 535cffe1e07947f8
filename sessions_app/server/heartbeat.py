"""The heartbeat: signs of life, sessions that other processes ask to end, dead servers."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sessions_app.access import downloads, logins
from sessions_app.bus import notify
from sessions_app.bus.notify import LOOK_SECONDS
from sessions_app.core.errors import StoreError, StoreUnavailableError
from sessions_app.core.events import Failure
from sessions_app.core.steady_clock import clock
from sessions_app.extensions import plugged_in
from sessions_app.live.registry import Registry
from sessions_app.live.states import LOGGED_OUT, STATES_WITH_ROW, EndCause, EndReason
from sessions_app.protocol import CloseCode
from sessions_app.server import runfile
from sessions_app.server.background import keep_running
from sessions_app.server.database_guard import DatabaseGuard
from sessions_app.store import liveness, ownership, servers, sessions
from sessions_app.store.database.thread import database_thread
from sessions_app.store.servers import ServerProcess

logger = logging.getLogger(__name__)

NEWS_SECONDS = 0.02
"""How long to wait for more hints before looking, so that many hints cause few looks."""
LEAVE_SECONDS = 0.3
"""How long the row may take to say that this server ended: less than a task may take to end."""
UNCHECKED = "The server cannot look after its rows; the log says why."

ENDED_BY_OPERATOR = EndCause(EndReason.ENDED_BY_OPERATOR, CloseCode.LEFT)
DELETED = EndCause(
    EndReason.DELETED,
    CloseCode.FAILED,
    problem=Failure(
        "deleted", "This conversation was deleted; what is said in it cannot be kept.", fatal=True
    ),
)


async def keep_heartbeat(registry: Registry, say: Callable[[str], None] = lambda _: None) -> None:
    """Look after the rows, again and again, until cancelled. What the database refuses is retried.

    ``say`` tells people at the console what they should know of.
    """
    guard = DatabaseGuard(registry, say)
    with notify.row_changes() as news:
        hints = partial(notify.listen_to_other_processes, news)
        listening = asyncio.create_task(keep_running(registry, "hints", hints), name="habla hints")
        try:
            await _keep_looking(registry, guard, news)
        finally:
            listening.cancel()
            await _sign_off(registry.boot)
            await asyncio.wait({listening})


async def _sign_off(boot: str) -> None:
    """Note in its row that this process has ended, if the database takes it at once."""
    with suppress(StoreError, TimeoutError):  # then the other servers notice its silence
        if not database_thread.is_late:
            async with asyncio.timeout(LEAVE_SECONDS):
                await servers.remove_server(boot)


async def _keep_looking(registry: Registry, guard: DatabaseGuard, news: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    next_beat = clock()
    broken: set[str] = set()
    while True:
        news.clear()
        is_beat = clock() >= next_beat
        if is_beat:
            next_beat = clock() + liveness.BEAT_SECONDS
        if not await _look(registry, guard, broken, is_beat=is_beat):
            next_beat = clock()  # a sign of life is due as soon as the database is back
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await news.wait()
                await asyncio.sleep(NEWS_SECONDS)


async def _look(
    registry: Registry, guard: DatabaseGuard, broken: set[str], *, is_beat: bool
) -> bool:
    """Look once; return False where the database is unavailable. A bug is logged and told."""
    try:
        if await guard.is_right():
            await check_rows(registry, guard, is_beat=is_beat)
            await _look_also(registry, broken, is_beat=is_beat)
    except StoreUnavailableError as error:  # the log has it, once
        logger.debug("could not look after the rows: %s", error)
        return False
    except (StoreError, OSError) as error:  # OSError: no file can be opened, or the disk fails
        logger.warning("could not look after the rows: %s", error)
    except Exception:  # whatever it is, it shall be looked again
        if registry.note_trouble("rows", UNCHECKED):
            logger.exception("could not look after the rows")
    else:
        registry.note_trouble("rows", "")
    return True


async def _look_also(registry: Registry, broken: set[str], *, is_beat: bool) -> None:
    """Do what extensions do at each look; a bug in one ends no other, and is logged once.

    Raises:
        StoreError: the database does not answer.
        OSError: no file can be opened, or the disk fails.
    """
    for name, look in plugged_in.looks.items():
        try:
            await look(registry, is_beat)
        except (StoreError, OSError):
            raise
        except Exception:  # anybody may write an extension
            if name not in broken:
                logger.exception("the look of %s failed", name)
            broken.add(name)
        else:
            broken.discard(name)


async def check_rows(registry: Registry, guard: DatabaseGuard, *, is_beat: bool) -> None:
    """Look after the rows once.

    Raises:
        StoreError: the database does not answer.
    """
    stand_on = {session.id: session.stands_on for session in registry.sessions.values()}
    over = await logins.ended_logins(stand_on | downloads.download_logins())
    # a database that has just replaced ours has none of our rows
    if over and not await guard.is_right():
        return
    live = registry.sessions  # whose client came back meanwhile may stand on another login
    changed = {id_ for id_ in over & live.keys() if live[id_].stands_on != stand_on.get(id_)}
    registry.end(over - changed, LOGGED_OUT)
    downloads.end_downloads(over)
    await _keep_own(registry, guard)
    wanted = await sessions.poll_sessions(list(registry.sessions), registry.boot, is_beat=is_beat)
    registry.end(wanted, ENDED_BY_OPERATOR)
    if not registry.sessions:
        clock.sync()
    if is_beat or registry.publisher.viewers != registry.publisher.recorded:
        await _beat(registry)
    # at each look, not each beat: so no row waits longer than SILENT_SERVER_SECONDS and a look
    if lost := await ownership.mark_lost(registry.boot, list(registry.sessions)):
        logger.warning("%d sessions of a server that died are marked as lost", lost)


async def _keep_own(registry: Registry, guard: DatabaseGuard) -> None:
    """Take back sessions marked as lost while this process was frozen, unless they were deleted."""
    rows = [each for each in registry.sessions.values() if each.state in STATES_WITH_ROW]
    owned = {each.id: each.owned_rows() for each in rows}
    found = await ownership.check_ownership(owned, registry.boot)
    if found.taken_back:
        logger.warning(
            "other servers took this process for dead: %d sessions marked as lost are taken back",
            len(found.taken_back),
        )
    for session_id in found.claimed & registry.sessions.keys():
        registry.sessions[session_id].rows_owner.note_loss()
    if found.deleted and not await guard.is_right():
        return
    for session_id in found.not_recording & registry.sessions.keys():
        registry.sessions[session_id].stop_recording()
    registry.end(found.deleted, DELETED)


async def _beat(registry: Registry) -> None:
    process = _process(registry)
    for boot in await servers.record_heartbeat(process):
        logger.warning("the server %s has died", boot)
    registry.publisher.recorded = process.viewers


def _process(registry: Registry) -> ServerProcess:
    run_dir = registry.conf.run_dir if registry.conf else None
    facts = runfile.read_run_file(run_dir) if run_dir else {}
    return ServerProcess(
        boot=registry.boot,
        host=socket.gethostname(),
        pid=os.getpid(),
        address=str(facts.get("address", "")),
        run_dir=str(run_dir.absolute()) if run_dir else "",
        directory=registry.sound_directory,
        state="draining" if registry.is_draining else "serving",
        live=len(registry.sessions),
        viewers=registry.publisher.viewers,
    )

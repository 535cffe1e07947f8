"""A client comes back with a ticket: to its session here, or to one that another process left.

Where that is over, or cannot go on here, a new session continues it.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sessions_app.access.logins import ended_logins
from sessions_app.core.errors import RefusedError, StoreError
from sessions_app.core.steady_clock import clock
from sessions_app.live.registry import LiveTask, Registry
from sessions_app.live.resuming.checkpoint import Checkpoint, read_checkpoint
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.restored import OWED_SECONDS, RestoredSession
from sessions_app.live.session import LiveSession
from sessions_app.live.states import LOGGED_OUT, EndCause, EndReason, SessionRequest
from sessions_app.store import ownership, resumptions
from sessions_app.store.resumptions import FoundSession

logger = logging.getLogger(__name__)

TRIES = 3
"""How often to look again where another connection with the same ticket was quicker."""
END_SECONDS = 5.0
"""How long a session that is live elsewhere may take to end, so that it is known how it did."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ResumeTicket:
    """What a client shows that comes back."""

    hashed: str
    seen: int
    """The highest number of an event that it has."""


@dataclass(frozen=True, slots=True)
class Return:
    """What a ticket opens."""

    live: LiveTask
    is_new: bool
    """Whether the session begins here, and greets its client itself."""


async def come_back(
    registry: Registry, request: SessionRequest, ticket: ResumeTicket, connection: ClientConnection
) -> Return | None:
    """Return the session that a ticket opens; None: it opens none.

    Raises:
        RefusedError: there is no room for it here.
        StoreError: the database does not answer.
    """
    registry.refuse_if_quitting()  # whichever process comes next has the sessions of this one
    if not registry.resumes:
        return None
    for _ in range(TRIES):
        if found := registry.find_resumable(request.user_id, ticket.hashed):
            if await _is_logged_out(found[0], request):
                return None
            return Return(found, is_new=False)
        if continued := registry.find_ending(request, ticket.hashed):
            return Return(registry.launch(continued, connection), is_new=True)
        login_key = request.login.session_key if request.login else ""
        row = await resumptions.find(request.user_id, login_key, ticket.hashed, registry.boot)
        if row is None:
            return None
        if (begun := await _go_on(registry, request, row, ticket, connection)) is not None:
            return Return(begun, is_new=True)
    return None


async def _is_logged_out(session: LiveSession, request: SessionRequest) -> bool:
    """End a session whose login is over, though its client has another one; return whether it was.

    Raises:
        StoreError: the database does not answer.
    """
    if request.login == session.login:
        return False
    if not await ended_logins({session.id: session.stands_on}):
        return False
    session.end(LOGGED_OUT)
    return True


async def _go_on(
    registry: Registry,
    request: SessionRequest,
    row: FoundSession,
    ticket: ResumeTicket,
    connection: ClientConnection,
) -> LiveTask | None:
    """Go on with a session that is not live here, or else continue it with a new one.

    None: it is live here by now, since another connection was quicker.
    """
    if (checkpoint := _to_go_on_here(registry, row)) is not None:
        taking_over = _take_over(registry, request, row, checkpoint, ticket, connection)
        return await _whole(registry, taking_over, connection)
    if row.boot == registry.boot and row.is_open:
        return None
    login_key = request.login.session_key if request.login else ""
    continued = await _continued(request, row, registry.boot, ticket, login_key)
    begun = registry.launch(continued, connection)
    if row.is_orphan:
        with suppress(StoreError):  # then it is ended when its time is over
            await ownership.end_continued(row)
    return begun


def _to_go_on_here(registry: Registry, row: FoundSession) -> Checkpoint | None:
    """Return from where a session that another process left goes on here; None: it cannot."""
    checkpoint = read_checkpoint(row.checkpoint)
    is_here = row.directory in (None, registry.sound_directory)
    if not row.is_orphan or checkpoint is None or not checkpoint.can_go_on or not is_here:
        return None
    if checkpoint.open_stream is not None and (row.directory is None or not registry.records):
        return None
    return checkpoint


async def _take_over(
    registry: Registry,
    request: SessionRequest,
    row: FoundSession,
    checkpoint: Checkpoint,
    ticket: ResumeTicket,
    connection: ClientConnection,
) -> LiveTask | None:
    """Claim a session that another process left, and go on with it; None: it was claimed before."""
    left = await resumptions.claim(row, registry.boot)
    if left is None:
        return None
    logger.info("session %s goes on here", row.session_id)
    age_seconds = max(0.0, (clock.now() - row.started_at).total_seconds())
    restored = RestoredSession(row, checkpoint, left, ticket.hashed, ticket.seen, age_seconds)
    wanted = replace(
        request,
        manner=checkpoint.manner,
        conversation_id=checkpoint.conversation_id,
        restored=restored,
    )
    try:
        return registry.launch(wanted, connection)
    except RefusedError:
        resumptions.release_claim(row, registry.boot)
        raise


async def _whole(
    registry: Registry,
    taking_over: Coroutine[Any, Any, LiveTask | None],
    connection: ClientConnection,
) -> LiveTask | None:
    """Do it to its end even if cancelled: nobody would look after a session that is only claimed.

    Then the session is left to the registry, as if its client had lost the connection just after.
    """
    task = registry.hold(asyncio.create_task(taking_over, name="habla taking over"))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(partial(_detach, connection))
        raise


def _detach(connection: ClientConnection, task: "asyncio.Task[LiveTask | None]") -> None:
    if task.cancelled():
        return
    if (error := task.exception()) is not None:
        logger.warning("a session that another process left does not go on here: %s", error)
    elif (taken_over := task.result()) is not None:
        session, _ = taken_over
        session.detach(connection, EndCause(EndReason.CONNECTION_LOST, is_heard=False))


async def _continued(
    request: SessionRequest, row: FoundSession, boot: str, ticket: ResumeTicket, login_key: str
) -> SessionRequest:
    """Return the request for a new session in the conversation of one that cannot go on here."""
    if row.is_open and not row.is_orphan:
        row = await _ended(request.user_id, login_key, row, ticket, boot)
    checkpoint = read_checkpoint(row.checkpoint)
    continues = None
    if checkpoint is not None and checkpoint.stream:
        continues = {"stream": checkpoint.stream, "bytes": checkpoint.taken_bytes}
    return replace(
        request,
        conversation_id=row.conversation_id,
        continues=continues,
        heard_before=checkpoint.heard_before if checkpoint is not None else None,
        taken_command=checkpoint.told_command if checkpoint is not None else 0,
        use_up=partial(resumptions.use_up, row.session_id),
        owed_seconds=row.away_seconds + OWED_SECONDS,
    )


async def _ended(
    user_id: int, login_key: str, row: FoundSession, ticket: ResumeTicket, boot: str
) -> FoundSession:
    """Have the process end the session that has it; return it as its rows say then.

    Where that does nothing of the kind, it is frozen, or dead: the session is taken from it.
    """
    await resumptions.request_end(row.session_id)
    deadline = asyncio.get_running_loop().time() + END_SECONDS
    while row.is_open and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
        row = await resumptions.find(user_id, login_key, ticket.hashed, boot) or row
    if row.is_open and await ownership.end_continued(row):
        row = await resumptions.find(user_id, login_key, ticket.hashed, boot) or row
    return row

"""The first and the last messages of a session."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sessions_app.core.audio import to_seconds
from sessions_app.core.events import Event, Failure, Manner, Mode, Notice
from sessions_app.live.generations import Generation, Generations
from sessions_app.live.resuming.resume_state import ResumeState
from sessions_app.live.resuming.stream_position import StreamPosition
from sessions_app.live.rows import SessionRows
from sessions_app.live.states import EndCause
from sessions_app.pipeline.account import Account
from sessions_app.protocol import VERSION, CloseCode


def first_fields(
    rows: SessionRows, manner: Manner, generation: Generation, *, may_record: bool
) -> dict[str, Any]:
    """Return what `ready` and `resumed` have in common."""
    infos = generation.engines.infos
    return {
        "protocol": VERSION,
        "session_id": str(rows.session_id),
        "conversation_id": str(rows.conversation_id),
        "direction": manner.direction,
        "mode": manner.mode,
        "generation": generation.number,
        "engines": {kind: asdict(info) for kind, info in infos.items()},
        "speakers": [asdict(speaker) for speaker in rows.speakers.all()],
        "may_record": may_record,
    }


def resumed(
    fields: Mapping[str, Any], resumption: ResumeState, position: StreamPosition, seen: int
) -> Notice:
    """Return the message that takes the place of `ready` for a client that comes back."""
    where = {
        "listening": position.is_open,
        "stream": position.number,
        "bytes": position.bytes,
        "command": resumption.commands.told,
        "events_from": resumption.log.first_after(seen),
    }
    return Notice("resumed", {**fields, **where})


def first_warnings(manner: Manner, generation: Generation, generations: Generations) -> list[Event]:
    """Return what else than `ready` the client should know at once."""
    told: list[Event] = []
    if generation.trouble:
        told.append(Failure("engines_fail", generation.trouble))
    if lack := lack_of_corrections(manner, generation, about="query"):
        told.append(lack)
    if generations.coming is not None:
        told.append(generations.coming)
    return told


def lack_of_corrections(manner: Manner, generation: Generation, about: str) -> Failure | None:
    """Return the warning that a classroom lacks a language model; None: it does not."""
    if manner.mode is not Mode.CLASSROOM or generation.engines.translator.corrects:
        return None
    message = (
        "No language model translates here: in class, mistakes of learners are not put right, and "
        "false friends are not pointed out. Idioms are."
    )
    return Failure("no_corrections", message, about=about)


LAST_FAILURES: Mapping[int, Failure] = {
    CloseCode.FAILED: Failure("internal", "Something broke here; please reload.", fatal=True),
    CloseCode.LOGIN_FIRST: Failure("login_required", "You are not logged in any more.", fatal=True),
}
"""What is sent before `closed`, by the close code, where nothing more precise is known."""


TELL_SECONDS = 0.5
"""How long the last messages may take for a client that is disconnected before the drain."""


async def disconnect_first(
    ending: EndCause | None,
    say_goodbye: Callable[[], Awaitable[None]],
    disconnect: Callable[[int], Awaitable[None]],
) -> None:
    """Send the last messages and disconnect before the drain, if ``ending`` asks for it."""
    if ending is None or not ending.is_told_first:
        return
    with suppress(TimeoutError):  # a client that does not read is not told
        async with asyncio.timeout(TELL_SECONDS):
            await say_goodbye()
    await disconnect(ending.code)


def closed(reason: str, account: Account) -> Notice:
    """Return the `closed` message."""
    accepted = to_seconds(account.received - account.dropped.total())
    fields = {
        "reason": reason,
        "accepted_seconds": round(accepted, 3),
        "account": account.as_dict(),
    }
    return Notice("closed", fields)

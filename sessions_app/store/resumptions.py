"""The rows of sessions that can be resumed. They are written behind, as all that a session keeps.

Whoever goes on with a session of another process claims it by a conditional update.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Now, Replace

from sessions_app.core import events
from sessions_app.core.steady_clock import clock
from sessions_app.models import (
    RecordedSegment,
    Recording,
    RecordingState,
    Resumption,
    SessionState,
    TranslationSession,
)
from sessions_app.pipeline.account import Account
from sessions_app.store import history
from sessions_app.store.account_columns import account_columns
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.liveness import of_dead_processes
from sessions_app.store.row_owner import RowOwner

KEPT_FOR = timedelta(days=1)
"""How long after its end a session's ticket still tells where its stream ended."""
MOST_OUTAGE_SECONDS = 600.0
"""How much longer a session waits for its client at most, since no server could have let it in.

A client holds as much of its sound at least.
"""
MOST_MISSED = 512
"""How many exchanges are told again; older ones are to be had by REST."""


@dataclass(frozen=True, slots=True)
class NewResumption:
    """What the row begins with."""

    ticket_hash: str
    login_key: str
    """The key of the login; empty: none was needed."""
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundSession:
    """The session that a ticket opens, as its rows say."""

    session_id: uuid.UUID
    conversation_id: uuid.UUID
    boot: str
    is_open: bool
    is_orphan: bool
    """Whether it is open and its process is gone, so that another may go on with it."""
    is_handed_over: bool
    """Whether that process has left it to others."""
    started_at: datetime
    seen_at: datetime
    """The last sign of life of its process."""
    away_seconds: float
    """How long its client has been away, as far as the rows know."""
    checkpoint: Mapping[str, Any]
    directory: str | None
    """Where the recording lies to which it was writing; None: it was writing to none."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What another process had written of a session."""

    conversation_id: uuid.UUID
    names: Mapping[str, str]
    newest_utterance: int
    newest_event: int
    missed: tuple[tuple[int, events.Exchange], ...]
    """Exchanges with the numbers of their events, of those that the client may have missed."""


# --- written by the process that has the session -------------------------------------------------


def begin(owner: RowOwner, new: NewResumption) -> "asyncio.Future[None]":
    """Write the row of a session that can be resumed.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    return owner.post(partial(_begin, owner.session_id, new), "a resume ticket")


def _begin(session_id: uuid.UUID, new: NewResumption) -> None:
    fields = {
        "ticket_hash": new.ticket_hash,
        "login_hash": login_hash(new.login_key),
        "seconds": new.seconds,
    }
    Resumption.objects.get_or_create(session_id=session_id, defaults=fields)


def save_tickets(
    owner: RowOwner, current: str, following: str, login_key: str, *, is_attached: bool
) -> "asyncio.Future[int]":
    """Write which tickets are good, with which login, and whether the client is there.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    fields: dict[str, Any] = {"ticket_hash": current, "following_hash": following}
    fields["login_hash"] = login_hash(login_key)
    fields["detached_at"] = None if is_attached else Now()
    save = partial(Resumption.objects.filter(pk=owner.session_id).update, **fields)
    return owner.post(save, "a resume ticket")


def delete_resumption(owner: RowOwner) -> None:
    """Make the tickets of a session worth nothing: it was ended for good."""
    delete = Resumption.objects.filter(pk=owner.session_id).delete
    owner.post(delete, "the end of a resume ticket", is_limited=False)


def save_checkpoint(owner: RowOwner, checkpoint: Mapping[str, Any]) -> None:
    """Write from where another process would go on.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    owner.post(partial(write_checkpoint, owner.session_id, checkpoint), "a checkpoint")


def write_checkpoint(session_id: uuid.UUID, checkpoint: Mapping[str, Any]) -> None:
    """Do so, in the transaction of the caller. Blocks."""
    Resumption.objects.filter(pk=session_id).update(checkpoint=dict(checkpoint))


def hand_over(
    owner: RowOwner, checkpoint: Mapping[str, Any], account: Mapping[str, Any]
) -> "asyncio.Future[None]":
    """Leave an open session to whichever process its client comes to next.

    ``account`` has the columns of its row as they would be if nobody came.
    """
    work = partial(_hand_over, owner.session_id, dict(checkpoint), dict(account))
    return owner.post(work, "the handover of a session", is_limited=False)


def _hand_over(session_id: uuid.UUID, checkpoint: dict[str, Any], account: dict[str, Any]) -> None:
    rows = Resumption.objects.filter(pk=session_id)
    rows.update(checkpoint=checkpoint, is_handed_over=True)
    rows.filter(detached_at=None).update(detached_at=Now())
    live = TranslationSession.objects.filter(pk=session_id, state=SessionState.OPEN)
    live.update(seen_at=Now(), is_listening=False, **account)


# --- read and claimed by the process to which the client comes -----------------------------------


def login_hash(key: str) -> str:
    """Return what stands in the row for the key of a login; empty: none was needed."""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


@on_database_thread
def find(user_id: int, login_key: str, hashed: str, boot: str) -> FoundSession | None:
    """Return the session of a user that the ticket of this hash opens; None: there is none.

    Raises:
        StoreError: the database does not answer.
    """
    rows = Resumption.objects.select_related("session").annotate(now=Now())
    mine = rows.filter(
        Q(ticket_hash=hashed) | Q(following_hash=hashed),
        session__conversation__user=user_id,
        login_hash=login_hash(login_key),
    )
    row = mine.first() if hashed else None
    if row is None:
        return None
    session = row.session
    is_open = session.state == SessionState.OPEN
    away_since = row.detached_at or session.ended_at or session.seen_at
    return FoundSession(
        session.pk,
        uuid.UUID(row.checkpoint.get("conversation") or str(session.conversation_id)),
        session.boot,
        is_open,
        is_orphan=is_open
        and session.boot != boot
        and (row.is_handed_over or _is_dead(session.pk, boot)),
        is_handed_over=row.is_handed_over,
        started_at=session.started_at,
        seen_at=session.seen_at,
        away_seconds=max(0.0, (row.now - away_since).total_seconds()),
        checkpoint=row.checkpoint,
        directory=_directory_of_recording(row.checkpoint),
    )


def _directory_of_recording(checkpoint: Mapping[str, Any]) -> str | None:
    stream = checkpoint.get("open")
    if not stream:
        return None
    going_on = Recording.objects.filter(pk=stream["recording"], state=RecordingState.RECORDING)
    return going_on.values_list("directory", flat=True).first()


def _is_dead(session_id: uuid.UUID, boot: str) -> bool:
    rows = TranslationSession.objects.filter(state=SessionState.OPEN)
    return of_dead_processes(rows, boot).filter(pk=session_id).exists()


@on_database_thread
def claim(found: FoundSession, boot: str) -> LeftBehind | None:
    """Make a session that another process left one of ``boot``; None: somebody else was quicker.

    Raises:
        StoreError: the database does not answer.
    """
    with transaction.atomic():
        live = _open_sessions(found.session_id, found.boot)
        if not live.update(boot=boot, seen_at=Now(), is_listening=False):
            return None
        mine = Resumption.objects.filter(pk=found.session_id)
        mine.update(is_handed_over=False, detached_at=None)
        _claim_recovery(found, boot)
        return _left_behind(found)


def _claim_recovery(found: FoundSession, boot: str) -> None:
    """Claim the session's recordings that its process had not closed, but for the open stream's."""
    left = Recording.objects.filter(session=found.session_id, state=RecordingState.RECORDING)
    if stream := found.checkpoint.get("open"):
        left = left.exclude(pk=stream["recording"])
    left.update(salvager=boot)


def release_claim(found: FoundSession, boot: str) -> "asyncio.Future[None]":
    """Leave a session that ``boot`` has claimed, and could not go on with, as it was found.

    Its client may come again, here too.
    """
    return behind.post(partial(_release_claim, found, boot), "the handover of a session")


def _release_claim(found: FoundSession, boot: str) -> None:
    with transaction.atomic():
        # its sign of life is that of the process that left it, too
        mine = _open_sessions(found.session_id, boot)
        if mine.update(boot=found.boot, seen_at=found.seen_at):
            row = Resumption.objects.filter(pk=found.session_id)
            row.update(is_handed_over=found.is_handed_over, detached_at=Now())


def _open_sessions(session_id: uuid.UUID, boot: str) -> QuerySet[TranslationSession]:
    return TranslationSession.objects.filter(pk=session_id, state=SessionState.OPEN, boot=boot)


def _left_behind(found: FoundSession) -> LeftBehind:
    session = TranslationSession.objects.get(pk=found.session_id)
    exchanges = list(session.exchanges.select_related("speaker").order_by("utterance_id"))
    segments = RecordedSegment.objects.filter(recording__session=session)
    ids = [*segments.values_list("utterance_id", flat=True), *(e.utterance_id for e in exchanges)]
    conversation = session.conversation.__class__.objects.get(pk=found.conversation_id)
    return LeftBehind(
        found.conversation_id,
        dict(conversation.speakers.values_list("key", "name")),
        newest_utterance=max(ids, default=0),
        newest_event=max((e.event or 0 for e in exchanges), default=0),
        missed=tuple(
            (e.event, history.exchange_of_row(e)) for e in exchanges[-MOST_MISSED:] if e.event
        ),
    )


def use_up(session_id: uuid.UUID) -> None:
    """Make the tickets of a session worth nothing: its client goes on in another one.

    What its client sends to that one again does not count as unfinished any more.
    """
    behind.post(partial(_use_up, session_id), "the end of a resume ticket")


def _use_up(session_id: uuid.UUID) -> None:
    with transaction.atomic():
        rows = Resumption.objects.select_for_update().filter(pk=session_id)
        row = rows.first()
        if row is not None and row.checkpoint.get("sent_again"):
            _correct_account(session_id, Account.from_dict(row.checkpoint["account"]))
        rows.delete()


def _correct_account(session_id: uuid.UUID, account: Account) -> None:
    """Give an ended session the account that it has without what is heard in another one."""
    ended = TranslationSession.objects.filter(pk=session_id, state=SessionState.CLOSED)
    ended.update(reason=Replace("reason", Value("_cut_off")), **account_columns(account))


@on_database_thread
def delete_outdated() -> int:
    """Delete the rows of sessions that have been over for KEPT_FOR; return how many.

    Raises:
        StoreError: the database does not answer.
    """
    over = Resumption.objects.exclude(session__state=SessionState.OPEN)
    return over.filter(session__ended_at__lt=clock.earliest() - KEPT_FOR).delete()[0]


# --- those that nobody came back to --------------------------------------------------------------


def may_still_be_resumed(session_ids: "list[uuid.UUID]", served_seconds: float) -> set[uuid.UUID]:
    """Return those of these sessions without a process whose time is not over. Blocks.

    ``served_seconds`` is for how long the process that asks could have let their clients in.
    """
    rows = Resumption.objects.filter(pk__in=session_ids).annotate(now=Now())
    found = rows.select_related("session")
    return {row.pk for row in found if row.now < _until(row, served_seconds)}


def _until(row: Any, served_seconds: float) -> datetime:
    """Return when the time of a session is over, which passes only while a server is there."""
    since: datetime = row.detached_at or row.session.seen_at
    due = since + timedelta(seconds=row.seconds)
    served_enough: datetime = row.now + timedelta(seconds=row.seconds - served_seconds)
    longest = due + timedelta(seconds=MOST_OUTAGE_SECONDS)
    return max(due, min(served_enough, longest))


def handed_over(session_ids: "list[uuid.UUID]") -> set[uuid.UUID]:
    """Return those of these sessions that their servers left to others. Blocks."""
    rows = Resumption.objects.filter(pk__in=session_ids, is_handed_over=True)
    return set(rows.values_list("pk", flat=True))


@on_database_thread
def request_end(session_id: uuid.UUID) -> None:
    """Ask the process that has a session to end it.

    Raises:
        StoreError: the database does not answer.
    """
    history.ask_to_end([session_id])

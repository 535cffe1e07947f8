"""Which process owns the rows of live sessions: marks rows as lost, and takes rows back.

A process that was frozen is taken for dead by the others. It notices that by its rows, reopens
them and goes on. If a conversation was deleted meanwhile, its session ends.
"""

import logging
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now

from sessions_app.models import (
    CatchUpState,
    Conversation,
    Recording,
    RecordingState,
    SessionState,
    TranslationSession,
)
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.liveness import (
    directory_of,
    of_dead_processes,
    of_silent_processes,
    process_watch,
)
from sessions_app.store.resumptions import FoundSession, handed_over, may_still_be_resumed

logger = logging.getLogger(__name__)

NOBODY = "0" * 16
"""In place of a run's own part of its id: none on the data directory has the row any more."""
CONTINUED = "continued"
"""Why a session ended whose process was gone, and whose client went on in another one."""


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """Where a live session writes."""

    conversation_id: uuid.UUID | None
    """None: whether it is there is not known yet."""
    recording_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class OwnershipChanges:
    """What became of the rows of live sessions, seen by whoever has them."""

    taken_back: frozenset[uuid.UUID]
    """Those that somebody had marked as lost."""
    claimed: frozenset[uuid.UUID]
    """Those that another process has by now."""
    deleted: frozenset[uuid.UUID]
    not_recording: frozenset[uuid.UUID]
    """Of those that were taken back: whose recording somebody else has closed, or deleted."""


@on_database_thread
def mark_lost(boot: str, live: Collection[uuid.UUID] = ()) -> int:
    """Close the rows of servers that are gone, as ``boot`` sees it; return how many there were.

    ``live``: the sessions that ``boot`` has, even if it could give no sign of life of late.

    Those that their client may still resume are left alone, until their time is over.
    """
    open_rows = TranslationSession.objects.filter(state=SessionState.OPEN)
    _disown_forgotten(open_rows.filter(boot=boot).exclude(pk__in=live), boot)
    orphans = list(of_dead_processes(open_rows, boot).values_list("pk", "boot"))
    served_seconds = process_watch(boot).look()
    if not orphans:
        return 0
    waiting = may_still_be_resumed([pk for pk, _ in orphans], served_seconds)
    over = [pk for pk, _ in orphans if pk not in waiting]
    left = handed_over(over)
    boots = {boot for _, boot in orphans}  # not that of whoever has claimed one meanwhile
    rows = TranslationSession.objects.filter(state=SessionState.OPEN, boot__in=boots)
    lost = _close(rows.filter(pk__in=set(over) - left), "server_lost")
    return lost + _end_handed_over(rows.filter(pk__in=left), "not_resumed")


def _disown_forgotten(own: QuerySet[TranslationSession], boot: str) -> None:
    """Leave open rows of ``boot`` that it gives no sign of life to whoever looks for dead ones.

    So it is where the database took what it seemed to refuse, such as a claim. Not so those that it
    has just left to the next process.
    """
    silent = list(of_silent_processes(own, boot).values_list("pk", flat=True))
    if forgotten := set(silent) - handed_over(silent):
        count = own.filter(pk__in=forgotten).update(boot=directory_of(boot) + NOBODY)
        logger.warning("%d open sessions of this server were forgotten by it", count)


@on_database_thread
def end_continued(found: FoundSession) -> bool:
    """End a session without a process, since its client goes on in another one.

    Return False where a process has it. From then on it is nobody's: not that of a process that
    was frozen, and taken for dead.

    Raises:
        StoreError: the database does not answer.
    """
    with transaction.atomic():
        rows = TranslationSession.objects.filter(pk=found.session_id, state=SessionState.OPEN)
        nobody = directory_of(found.boot) + NOBODY
        if not rows.filter(boot=found.boot).update(boot=nobody):
            return False
        if found.is_handed_over:
            _end_handed_over(rows, CONTINUED)
        else:
            _close(rows, CONTINUED)
        return True


def _close(rows: QuerySet[TranslationSession], reason: str) -> int:
    lost = list(rows.values_list("pk", flat=True))
    count = rows.filter(pk__in=lost).update(
        state=SessionState.LOST,
        reason=reason,
        # two clocks, or one that was set
        ended_at=Greatest("seen_at", "started_at"),
        close_count=F("close_count") + 1,
        is_listening=False,
    )
    # nobody wrote their accounts: what was recorded of them is examined for that
    finished = Recording.objects.filter(session__in=lost, state=RecordingState.COMPLETE)
    finished.update(catch_up=CatchUpState.UNKNOWN)
    return count


def _end_handed_over(rows: QuerySet[TranslationSession], reason: str) -> int:
    """End sessions whose server has quit, and to which nobody comes back."""
    ended = {
        "state": SessionState.CLOSED,
        "ended_at": Greatest("seen_at", "started_at"),
        "close_count": F("close_count") + 1,
    }
    heard = rows.filter(unfinished_samples=0).update(reason=reason, **ended)
    return heard + rows.update(reason=f"{reason}_cut_off", **ended)


def reclaim(session_ids: Collection[uuid.UUID], boot: str) -> int:
    """Reopen sessions marked as lost, as if nobody had closed them; return how many. Blocks.

    Only those of the process ``boot``, which has them.
    """
    mine = TranslationSession.objects.filter(pk__in=session_ids, boot=boot)
    lost = mine.filter(state=SessionState.LOST)
    return lost.update(
        state=SessionState.OPEN,
        reason="",
        ended_at=None,
        seen_at=Now(),
        close_count=F("close_count") - 1,
    )


async def check_ownership(sessions: Mapping[uuid.UUID, OwnedRows], boot: str) -> OwnershipChanges:
    """Take back what others hold for lost of these sessions of ``boot``; say what is left of all.

    Raises:
        StoreError: the database does not answer.
    """
    nothing: frozenset[uuid.UUID] = frozenset()
    if not sessions:
        return OwnershipChanges(nothing, nothing, nothing, nothing)
    return await _look(sessions, boot)


@on_database_thread
def _look(sessions: Mapping[uuid.UUID, OwnedRows], boot: str) -> OwnershipChanges:
    found = TranslationSession.objects.filter(pk__in=sessions)
    rows = {pk: (state, owner) for pk, state, owner in found.values_list("pk", "state", "boot")}
    lost = [pk for pk, row in rows.items() if row == (SessionState.LOST, boot)]
    if lost:
        reclaim(lost, boot)
    claimed = frozenset(pk for pk, (_, owner) in rows.items() if owner != boot)
    places = {w.conversation_id for w in sessions.values() if w.conversation_id is not None}
    there = set(Conversation.objects.filter(pk__in=places).values_list("pk", flat=True))
    deleted = {
        pk
        for pk, writing in sessions.items()
        if pk not in rows or writing.conversation_id in places - there
    }
    not_recording = _not_recording(sessions, lost)
    return OwnershipChanges(frozenset(lost), claimed, frozenset(deleted) - claimed, not_recording)


def _not_recording(
    sessions: Mapping[uuid.UUID, OwnedRows], lost: Collection[uuid.UUID]
) -> frozenset[uuid.UUID]:
    recordings = {at: pk for pk in lost if (at := sessions[pk].recording_id) is not None}
    going_on = Recording.objects.filter(pk__in=recordings, state=RecordingState.RECORDING)
    for recording_id in going_on.values_list("pk", flat=True):
        del recordings[recording_id]
    return frozenset(recordings.values())

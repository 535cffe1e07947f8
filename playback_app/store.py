"""The only writer of playbacks.

What a player and its process note is async; what pages ask too is plain, in their own thread.

Each change of state is conditional ("stopped, if it still went on"), so it happens once, whoever
asks and however often.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Now

from playback_app.models import ACTIVE, Playback, PlaybackState, PlaybackWish
from sessions_app.core.steady_clock import clock
from sessions_app.models import Server, SessionState, TranslationSession
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.liveness import of_dead_processes, of_silent_processes

REASON_CHARACTERS = 60
SERVER_LOST = "server_lost"


@dataclass(frozen=True, slots=True)
class PlaybackJob:
    """What is to be played, into what, and how."""

    id: UUID
    recording_id: UUID
    session_id: UUID | None
    """None: a session of its own."""
    user_id: int
    mode: str
    speed: float
    duration_seconds: float
    encoding: str
    sample_rate: int
    direction: str
    session_mode: str
    """The direction and mode in which it was recorded."""


@dataclass(frozen=True, slots=True)
class PendingWish:
    """What somebody wants of a playback."""

    id: UUID
    session_id: UUID
    wish: PlaybackWish


def job_of(row: Playback) -> PlaybackJob:
    """Return the job that a row describes."""
    return PlaybackJob(
        id=row.pk,
        recording_id=row.recording_id,
        session_id=row.session_id,
        user_id=row.user_id,
        mode=row.mode,
        speed=row.speed,
        duration_seconds=row.duration_seconds,
        encoding=row.recording.encoding,
        sample_rate=row.recording.sample_rate,
        direction=row.recording.direction,
        session_mode=row.recording.mode,
    )


# --- what the player writes


@on_database_thread
def mark_playing(playback_id: UUID, engines: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Note that it plays; return whether it should still be played."""
    rows = Playback.objects.filter(pk=playback_id, state=PlaybackState.STARTING)
    return _change(
        rows,
        state=PlaybackState.PLAYING,
        started_at=Greatest(_now(), "requested_at"),
        engines=dict(engines),
        options=dict(options),
    )


@on_database_thread
def mark_paused(playback_id: UUID) -> bool:
    """Note that it is paused; return whether it was playing."""
    rows = Playback.objects.filter(pk=playback_id, state=PlaybackState.PLAYING)
    return _change(rows, state=PlaybackState.PAUSED)


@on_database_thread
def mark_resumed(playback_id: UUID) -> bool:
    """Note that it plays again; return whether it was paused."""
    rows = Playback.objects.filter(pk=playback_id, state=PlaybackState.PAUSED)
    return _change(rows, state=PlaybackState.PLAYING)


@on_database_thread
def record_position(playback_id: UUID, position_seconds: float) -> bool:
    """Note its position; return whether it is not over."""
    rows = Playback.objects.filter(pk=playback_id, state__in=ACTIVE)
    return _change(rows, position_seconds=position_seconds)


def end_playback(
    playback_id: UUID, state: PlaybackState, reason: str = "", position: float | None = None
) -> bool:
    """End it, unless it is over; return whether this call ended it."""
    rows = Playback.objects.filter(pk=playback_id, state__in=ACTIVE)
    where = {} if position is None else {"position_seconds": position}
    return _end(rows, state, reason, **where) == 1


@on_database_thread
def reclaim_playback(playback_id: UUID, state: PlaybackState) -> bool:
    """Reopen it if others ended it while its process was frozen; return whether that was done.

    Only for the process that plays it. Not if the session plays something else by now.
    """
    lost = Playback.objects.filter(pk=playback_id, state=PlaybackState.INTERRUPTED)
    try:
        with transaction.atomic():
            return _change(
                lost.filter(reason=SERVER_LOST),
                state=state,
                reason="",
                ended_at=None,
                end_count=F("end_count") - 1,
            )
    except IntegrityError:
        return False


@on_database_thread
def interrupted_playbacks(playback_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these playbacks others have interrupted, taking this process for dead."""
    rows = Playback.objects.filter(pk__in=playback_ids, state=PlaybackState.INTERRUPTED)
    return set(rows.filter(reason=SERVER_LOST).values_list("pk", flat=True))


async def end_playback_behind(
    playback_id: UUID, state: PlaybackState, reason: str = "", position: float | None = None
) -> bool | None:
    """End it by a write behind; return whether this call ended it. None: not written yet.

    What was said in it is stored before.

    Raises:
        StoreError: the database refused it.
    """
    ending = begin_ending(playback_id, state, reason, position)
    return ending.result() if await behind.in_time(ending) else None


def begin_ending(
    playback_id: UUID, state: PlaybackState, reason: str = "", position: float | None = None
) -> "asyncio.Future[bool]":
    """Have it ended, however late that is; return what will say whether this did."""
    end = partial(end_playback, playback_id, state, reason, position)
    return behind.post(end, "a playback's end")


@on_database_thread
def outcome_of(playback_id: UUID) -> tuple[str, str]:
    """Return its state and the reason; ``interrupted`` where the row is gone."""
    row = Playback.objects.filter(pk=playback_id).values_list("state", "reason").first()
    return row or (PlaybackState.INTERRUPTED, "deleted")


@on_database_thread
def assign_session(playback_id: UUID, session_id: UUID) -> bool:
    """Note the session that was made for it; return whether it should still be played."""
    rows = Playback.objects.filter(pk=playback_id, state=PlaybackState.STARTING)
    return _change(rows, session_id=session_id)


def _now() -> Value:
    return Value(clock.now(), output_field=DateTimeField())


def _change(rows: QuerySet[Playback], **fields: Any) -> bool:
    return bool(rows.update(seen_at=Now(), **fields))


def _end(rows: QuerySet[Playback], state: PlaybackState, reason: str, **fields: Any) -> int:
    return rows.update(
        state=state,
        reason=reason[:REASON_CHARACTERS],
        wish=PlaybackWish.NONE,
        seen_at=Now(),
        # the times come from different clocks, but nothing may end before it began
        ended_at=Greatest(_now(), Coalesce("started_at", "requested_at"), "requested_at"),
        end_count=F("end_count") + 1,
        **fields,
    )


# --- what others want


def record_wish(playback_id: UUID, wish: PlaybackWish) -> None:
    """Leave a wish for the process that plays it; if none does yet, it is stopped at once."""
    rows = Playback.objects.filter(pk=playback_id, state__in=ACTIVE)
    if wish == PlaybackWish.STOP:
        _end(rows.filter(boot=""), PlaybackState.STOPPED, "asked")
        rows.update(wish=wish)
    else:
        rows.exclude(wish=PlaybackWish.STOP).update(wish=wish)


@on_database_thread
def pending_wishes(boot: str) -> list[PendingWish]:
    """Return the wishes for the playbacks of this process."""
    rows = Playback.objects.filter(state__in=ACTIVE, boot=boot, session__isnull=False)
    wanted = rows.exclude(wish=PlaybackWish.NONE).values_list("pk", "session_id", "wish")
    return [PendingWish(pk, session_id, PlaybackWish(wish)) for pk, session_id, wish in wanted]


@on_database_thread
def clear_wish(wished: PendingWish) -> None:
    """Clear a wish that was granted, unless there is another by now."""
    Playback.objects.filter(pk=wished.id, wish=wished.wish).update(wish=PlaybackWish.NONE)


@on_database_thread
def take_waiting(
    boot: str, session_ids: Collection[UUID], *, directory: str, has_room: bool
) -> list[PlaybackJob]:
    """Take the playbacks that wait for these sessions, and, with room, for a session of their own.

    Those for a session of their own must have their recording in ``directory``, if that is known.
    """
    waiting = Playback.objects.filter(boot="", state=PlaybackState.STARTING)
    lies_here = Q(recording__directory__in=("", directory))
    is_alone = Q(session__isnull=True, has_own_session=True)
    own = is_alone & lies_here if has_room else Q(pk__in=[])
    found = waiting.filter(Q(session__in=session_ids) | own).select_related("recording")
    return [job_of(row) for row in found if _take(waiting.filter(pk=row.pk), boot)]


def _take(rows: QuerySet[Playback], boot: str) -> bool:
    return _change(rows, boot=boot)


# --- signs of life


@on_database_thread
def record_signs_of_life(playback_ids: Collection[UUID]) -> None:
    """Note that these are alive, playing or paused."""
    Playback.objects.filter(pk__in=playback_ids, state__in=ACTIVE).update(seen_at=Now())


@on_database_thread
def interrupt_of_dead_servers(boot: str) -> int:
    """End the playbacks of servers that are dead, as ``boot`` sees it; return how many."""
    active = Playback.objects.filter(state__in=ACTIVE)
    # what nobody has taken yet, and what this process has forgotten: nobody says that it goes on
    forgotten = of_silent_processes(active.filter(boot__in=("", boot)), boot)
    lost = of_dead_processes(active.exclude(boot=""), boot)
    return sum(_end(rows, PlaybackState.INTERRUPTED, SERVER_LOST) for rows in (forgotten, lost))


def live_session(session_id: UUID, user_id: int) -> TranslationSession | None:
    """Return a session of the user that is live, and has not been asked to end."""
    rows = TranslationSession.objects.filter(state=SessionState.OPEN, end_requested_at=None)
    return rows.filter(pk=session_id, conversation__user_id=user_id).first()


def directories_of(session_id: UUID | None) -> set[str]:
    """Return in which directories whoever has a session looks for recordings; None: all servers."""
    servers = Server.objects.all()
    if session_id is not None:
        boots = TranslationSession.objects.filter(pk=session_id).values("boot")
        servers = servers.filter(boot__in=boots)
    return set(servers.values_list("directory", flat=True))


def is_playing(session_id: UUID) -> bool:
    """Return whether something is played into a session."""
    return Playback.objects.filter(session_id=session_id, state__in=ACTIVE).exists()


def save_score(playback_id: UUID, **score: Any) -> None:
    """Store its score."""
    with transaction.atomic():
        Playback.objects.filter(pk=playback_id).update(**score)

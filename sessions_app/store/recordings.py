"""The only writer of the rows of recordings. It runs on the database thread.

Those that return a future use write_behind.py: the row is written, however late.
"""

import asyncio
import logging
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import Error, transaction
from django.db.models import Exists, OuterRef, Q

from sessions_app.core.errors import DeletedError, StoreError
from sessions_app.core.steady_clock import clock
from sessions_app.core.storable_text import storable
from sessions_app.models import (
    CatchUpState,
    Conversation,
    DeletedSound,
    RecordedSegment,
    Recording,
    RecordingState,
    Server,
    SessionState,
    TranslationSession,
)
from sessions_app.store.database.outages import is_outage
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.database.write_behind import behind, belonging_to
from sessions_app.store.due_segments import due_segments
from sessions_app.store.liveness import directory_of
from sessions_app.store.recording_facts import (
    MOST_MARKS,
    Mark,
    NewRecording,
    SegmentFacts,
    Unfinished,
)
from sessions_app.store.row_owner import RowOwner

logger = logging.getLogger(__name__)

DISCARDED_CHARACTERS = 40
"""The length of its column."""
QUIET_SECONDS = 600.0
"""An import counts as broken off when nothing of it was written for so long."""
AT_ONCE = 500
"""How many rows one statement changes: no database takes any number of keys."""


def record_listening(owner: RowOwner, *, is_listening: bool) -> "asyncio.Future[None] | None":
    """Note whether a session takes sound. Where too much waits, only its end is noted: None."""
    note = partial(_note_listening, owner.session_id, is_listening)
    with suppress(StoreError):
        return owner.post(note, "who listens")
    return None


def _note_listening(session_id: uuid.UUID, is_listening: bool) -> None:
    live = TranslationSession.objects.filter(pk=session_id, state=SessionState.OPEN)
    live.update(is_listening=is_listening)


def begin_recording(owner: RowOwner, new: NewRecording) -> "asyncio.Future[None]":
    """Write the row of a recording; its session listens from now on.

    The future raises a StoreError where the database refuses the row, a DeletedError where the
    session was deleted.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    return owner.post(partial(_begin_recording, new), "the beginning of a recording")


def _begin_recording(new: NewRecording) -> None:
    session = TranslationSession.objects.filter(pk=new.session_id)
    with belonging_to(session), transaction.atomic():
        _note_listening(new.session_id, is_listening=True)
        fields = {
            "user_id": new.user_id,
            "session_id": new.session_id,
            "encoding": new.encoding,
            "sample_rate": new.sample_rate,
            "direction": new.manner.direction,
            "mode": new.manner.mode,
            "directory": new.directory,
            "started_at": new.started_at,
            "conversation_id": _if_there(new.conversation_id),
            "marks": _first_mark(new),
        }
        Recording.objects.get_or_create(id=new.id, defaults=fields)


def _if_there(conversation_id: uuid.UUID | None) -> uuid.UUID | None:
    if conversation_id is None or not Conversation.objects.filter(pk=conversation_id).exists():
        return None
    return conversation_id


def _first_mark(new: NewRecording) -> list[list[Any]]:
    if new.offset_samples is None:
        return []
    return [Mark(0, new.offset_samples, new.manner).as_json()]


def add_mark(owner: RowOwner, recording_id: uuid.UUID, mark: Mark) -> None:
    """Write one more mark of a recording. Where too much waits, it is lacking."""
    with suppress(StoreError):
        owner.post(partial(_add_mark, recording_id, mark), "a mark")


def _add_mark(recording_id: uuid.UUID, mark: Mark) -> None:
    with transaction.atomic():
        row = Recording.objects.select_for_update().filter(pk=recording_id).first()
        if row is not None and row.marks[-1:] != [mark.as_json()]:
            row.marks = [*row.marks, mark.as_json()][-MOST_MARKS:]
            row.save(update_fields=["marks"])


@on_database_thread
def begin_unwritten(left: Sequence[NewRecording], boot: str) -> set[uuid.UUID]:
    """Write the rows that servers did not which died; return which are there.

    None of sound that was deleted, and none of a session that is gone, or not over.
    """
    ids = [new.id for new in left]
    dead = TranslationSession.objects.exclude(state=SessionState.OPEN).exclude(boot=boot)
    over = dead.filter(~serves(boot, "boot"), pk__in={new.session_id for new in left})
    users = dict(over.values_list("pk", "conversation__user"))
    doomed = set(DeletedSound.objects.filter(pk__in=ids).values_list("pk", flat=True))
    for new in left:
        if users.get(new.session_id) == new.user_id and new.id not in doomed:
            _begin_or_leave(new)
    return _known(ids)


def _begin_or_leave(new: NewRecording) -> None:
    """Write a row, unless the database refuses this one: then the others are written all the same.

    Raises:
        Error: the database fails as a whole.
    """
    try:
        _begin_recording(new)
    except (DeletedError, Error) as error:
        if is_outage(error):
            raise
        # debug: the process that made the recording has logged the refusal, and this comes often
        logger.debug("recording %s: its row is refused: %s", new.id, error)


def save_segments(
    owner: RowOwner, recording_id: uuid.UUID, segments: Sequence[SegmentFacts]
) -> "asyncio.Future[None]":
    """Write the rows of utterances.

    Raises:
        StoreError: too much waits for the database; they will not be kept.
    """
    keep = partial(_keep_segments, recording_id, segments)
    recording = Recording.objects.filter(pk=recording_id)
    return owner.post(keep, "the utterances of a recording", recording)


def segment_rows(
    recording_id: uuid.UUID, segments: Iterable[SegmentFacts]
) -> list[RecordedSegment]:
    """Return the rows of utterances, not written yet."""
    return [
        RecordedSegment(
            recording_id=recording_id,
            utterance_id=segment.utterance_id,
            start_sample=segment.start_sample,
            end_sample=segment.end_sample,
            language=segment.language,
            text=storable(segment.text),
            translation=storable(segment.translation),
            discarded=storable(segment.discarded, DISCARDED_CHARACTERS),
        )
        for segment in segments
    ]


def _keep_segments(recording_id: uuid.UUID, segments: Sequence[SegmentFacts]) -> None:
    rows = segment_rows(recording_id, segments)
    # those of an earlier try are there
    RecordedSegment.objects.bulk_create(rows, ignore_conflicts=True)


def complete_recording(
    owner: RowOwner,
    recording_id: uuid.UUID,
    *,
    duration_seconds: float,
    size: int,
    has_sound: bool,
    undecided_from: int | None = None,
) -> "asyncio.Future[bool]":
    """Close the row of a recording, or delete it if nothing is kept; tell whether it is there.

    ``undecided_from`` is the sample from which on it was not cut into utterances. A recording that
    is closed already stays as it is. The future raises a ClaimedError where another process has the
    session.
    """
    fields = {
        "duration_seconds": duration_seconds,
        "bytes": size,
        "has_sound": has_sound,
        "undecided_from": undecided_from,
    }
    end = partial(_end_recording, recording_id, RecordingState.COMPLETE, fields)
    return behind.post(partial(owner.do_unless_claimed, end), "the end of a recording")


@on_database_thread
def complete_recovered(
    recording_id: uuid.UUID, *, duration_seconds: float, size: int, has_sound: bool, directory: str
) -> bool:
    """Do the same for one that its server left when it died; its files lie in ``directory``."""
    fields = {
        "duration_seconds": duration_seconds,
        "bytes": size,
        "has_sound": has_sound,
        "directory": directory,
    }
    return _end_recording(recording_id, RecordingState.SALVAGED, fields)


def _end_recording(recording_id: uuid.UUID, state: RecordingState, fields: dict[str, Any]) -> bool:
    rows = Recording.objects.filter(pk=recording_id)
    open_rows = rows.filter(state=RecordingState.RECORDING)
    if not fields["bytes"]:
        open_rows.delete()
    elif open_rows.update(state=state, **fields) and state == RecordingState.COMPLETE:
        segments = RecordedSegment.objects.filter(recording=recording_id)
        is_due = fields["undecided_from"] is not None or due_segments(segments).exists()
        rows.update(catch_up=CatchUpState.WAITING if is_due else CatchUpState.DONE)
    return rows.exists()


@on_database_thread
def unfinished_recordings(boot: str, directory: str) -> list[Unfinished]:
    """Return the recordings that servers left unfinished which serve no more.

    Those whose files lie in ``directory``, the one here, or of which it is not known where.
    """
    # nothing of an open session is left, unless it was claimed together with the session;
    # whether it is lost is found out by its silence
    of_sessions = Recording.objects.filter(session__isnull=False, state=RecordingState.RECORDING)
    is_over = ~Q(session__state=SessionState.OPEN) & ~Q(session__boot=boot)
    is_left = is_over & ~serves(boot, "session__boot")
    rows = of_sessions.filter(is_left | Q(salvager=boot), directory__in=("", directory))
    columns = rows.values_list("id", "encoding", "sample_rate", "directory", "session__boot")
    own = directory_of(boot)
    return [
        Unfinished(pk, encoding, rate, is_ours=bool(place) or of.startswith(own))
        for pk, encoding, rate, place, of in columns
    ]


@on_database_thread
def claim_recovery(recording_id: uuid.UUID, boot: str) -> bool:
    """Claim the recovery of a recording; return False if another living process has it."""
    rows = Recording.objects.filter(pk=recording_id, state=RecordingState.RECORDING)
    is_free = Q(salvager__in=("", boot)) | ~serves(boot, "salvager")
    return bool(rows.filter(is_free).update(salvager=boot))


@on_database_thread
def release_recovery(recording_id: uuid.UUID, boot: str) -> None:
    """Give up the claim to recover a recording."""
    Recording.objects.filter(pk=recording_id, salvager=boot).update(salvager="")


def serves(boot: str, column: str) -> Q:
    """Return a condition: whether the process that ``column`` names serves, as ``boot`` sees it.

    None of an earlier run on this data directory does, since ``boot`` has its lock.
    """
    serving = Server.objects.filter(boot=OuterRef(column))
    earlier = Q(**{f"{column}__startswith": directory_of(boot)}) & ~Q(**{column: boot})
    return Exists(serving) & ~earlier


@on_database_thread
def unfinished_imports(directory: str) -> list[uuid.UUID]:
    """Return the imports into ``directory`` that were begun a while ago, and are not done."""
    begun = Recording.objects.filter(session=None, state=RecordingState.RECORDING)
    a_while_ago = clock.earliest() - timedelta(seconds=QUIET_SECONDS)
    rows = begun.filter(started_at__lt=a_while_ago, directory__in=("", directory))
    return list(rows.values_list("id", flat=True))


@on_database_thread
def delete_imports(recording_ids: Sequence[uuid.UUID] = ()) -> int:
    """Delete the rows of these imports, and of all that broke off a day ago; return how many."""
    begun = Recording.objects.filter(session=None, state=RecordingState.RECORDING)
    is_old = Q(started_at__lt=clock.earliest() - timedelta(days=1))
    return begun.filter(is_old | Q(pk__in=recording_ids)).delete()[0]


@on_database_thread
def set_directory(recording_ids: Sequence[uuid.UUID], directory: str) -> int:
    """Note that these recordings lie in ``directory``; return of how many that was not known.

    Those stay of which a process says that serves from another: these files are a copy.
    """
    others = Server.objects.exclude(directory__in=("", directory)).values("directory")
    strange = Recording.objects.exclude(directory=directory).exclude(directory__in=others)
    found = list(set(strange.values_list("id", flat=True)) & set(recording_ids))
    parts = [found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)]
    return sum(strange.filter(pk__in=part).update(directory=directory) for part in parts)


@on_database_thread
def known_recordings(recording_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these recordings that have a row."""
    return _known(recording_ids)


def _known(recording_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    return set(Recording.objects.values_list("id", flat=True)) & set(recording_ids)


@on_database_thread
def recordings_awaiting_rows(left: Sequence[NewRecording]) -> set[uuid.UUID]:
    """Return those of these recordings without a row whose session is there."""
    sessions = TranslationSession.objects.filter(pk__in={new.session_id for new in left})
    there = set(sessions.values_list("pk", flat=True))
    return {new.id for new in left if new.session_id in there}

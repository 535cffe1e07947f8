"""What of ended sessions waits to become words: who works on it, and what comes of it.

All of its state stands in rows, and each step is one transaction that is done only where the
session is still claimed and the row still says what it said: so whatever ends a process, nothing is
lost or done twice. It runs on the database thread.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from sessions_app.core.audio import to_samples, to_seconds
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.models import (
    CatchUpState,
    Exchange,
    RecordedSegment,
    Recording,
    RecordingState,
    Resumption,
    SessionState,
    TranslationSession,
)
from sessions_app.store.catch_up_facts import (
    UNFINISHED,
    CutRest,
    Examination,
    LateRecording,
    LateSession,
    SpokenExchange,
)
from sessions_app.store.database.thread import database_thread, on_database_thread
from sessions_app.store.due_segments import (
    ENDED,
    KEPT,
    OPEN_ENDED,
    update_catch_up_state,
)
from sessions_app.store.late_account import LateAccount
from sessions_app.store.recording_facts import Mark, SegmentFacts
from sessions_app.store.recordings import segment_rows, serves


@dataclass(frozen=True, slots=True)
class Claim:
    """A session that a process catches up on."""

    session_id: uuid.UUID
    boot: str
    """The process."""

    def locked(self) -> TranslationSession | None:
        """Return the session's row, locked; None: it is claimed or ended no more. Blocks."""
        rows = TranslationSession.objects.select_for_update().filter(pk=self.session_id)
        return rows.filter(catcher=self.boot, state__in=ENDED).first()


# --- whose turn it is


@on_database_thread
def due_sessions(boot: str, directory: str) -> list[tuple[uuid.UUID, bool]]:
    """Return the ended sessions that something is to be done for, each with whether it is wanted.

    Those whose sound lies in ``directory``, and that no other process works on; what somebody asked
    for comes first, then the oldest.
    """
    here = Recording.objects.filter(catch_up__in=OPEN_ENDED, state__in=KEPT)
    here = here.filter(directory__in=("", directory), session__state__in=ENDED)
    awaiting = Exchange.objects.filter(awaits_translation=True, session__state__in=ENDED)
    due = set(here.values_list("session", flat=True).distinct())
    due |= set(awaiting.values_list("session", flat=True).distinct())
    rows = TranslationSession.objects.filter(_is_free(boot), pk__in=due)
    rows = rows.order_by("-is_catch_up_wanted", "started_at", "pk")
    return list(rows.values_list("pk", "is_catch_up_wanted"))


def _is_free(boot: str) -> Q:
    return Q(catcher__in=("", boot)) | ~serves(boot, "catcher")


@on_database_thread
def claim_session(claimed: Claim) -> LateSession | None:
    """Claim an ended session; None: another process has it, or it has not ended after all."""
    rows = TranslationSession.objects.filter(pk=claimed.session_id, state__in=ENDED)
    if not rows.filter(_is_free(claimed.boot)).update(
        catcher=claimed.boot, is_catch_up_wanted=False
    ):
        return None
    row = rows.first()
    if row is None:
        return None
    return LateSession(
        row.pk,
        row.started_at,
        row.conversation_id,
        row.state == SessionState.LOST,
        row.state == SessionState.LOST and not row.received_samples,
        row.unfinished_samples,
        _checkpoint_of(row),
    )


def _checkpoint_of(row: TranslationSession) -> Mapping[str, Any]:
    found = Resumption.objects.filter(session=row).values_list("checkpoint", flat=True)
    return found.first() or {}


def release_soon(claimed: Claim) -> None:
    """Have the claim given up, without waiting for that; a process that ends gives it up anyway."""
    rows = TranslationSession.objects.filter(pk=claimed.session_id, catcher=claimed.boot)
    database_thread.begin_unawaited(partial(rows.update, catcher=""))


# --- what is due


@on_database_thread
def recordings_due(session: LateSession, directory: str) -> list[LateRecording]:
    """Return the recordings of a session in ``directory`` that are not done with, oldest first."""
    rows = Recording.objects.filter(session=session.id, catch_up__in=OPEN_ENDED, state__in=KEPT)
    rows = rows.filter(directory__in=("", directory)).order_by("started_at", "pk")
    return [_late_recording(row, session) for row in rows]


def _late_recording(row: Recording, session: LateSession) -> LateRecording:
    marks = tuple(map(Mark.of_json, row.marks))
    return LateRecording(
        row.pk,
        row.encoding,
        row.state == RecordingState.SALVAGED,
        row.catch_up != CatchUpState.UNKNOWN,
        bool(row.directory),
        to_samples(row.duration_seconds),
        row.undecided_from,
        row.conversation_id,
        marks,
        marks[0] if marks else _supposed_mark(row, session),
    )


def _supposed_mark(row: Recording, session: LateSession) -> Mark:
    """Return where a recording of an earlier version begins: by what was said in it, or by time."""
    manner = Manner(Direction(row.direction), Mode(row.mode))
    starts = dict(row.segments.values_list("utterance_id", "start_sample"))
    said = Exchange.objects.filter(session=session.id, utterance_id__in=starts)
    first = said.order_by("start_seconds").values_list("utterance_id", "start_seconds").first()
    if first is not None:
        return Mark(0, to_samples(first[1]) - starts[first[0]], manner)
    after = (row.started_at - session.started_at).total_seconds()
    return Mark(0, max(0, to_samples(after)), manner)


@on_database_thread
def segments_cut_from(recording_id: uuid.UUID) -> list[SegmentFacts]:
    """Return the utterances that were cut out of a recording, in their order."""
    names = ("utterance_id", "start_sample", "end_sample", "language", "text", "translation")
    rows = RecordedSegment.objects.filter(recording=recording_id).order_by("start_sample", "pk")
    return [SegmentFacts(*row) for row in rows.values_list(*names, "discarded")]


@on_database_thread
def spoken_in(session_id: uuid.UUID) -> list[SpokenExchange]:
    """Return what people spoke in a session, in its order."""
    rows = Exchange.objects.filter(session=session_id, origin=None).exclude(transcriber="")
    return [
        SpokenExchange(
            row.utterance_id,
            to_samples(row.start_seconds),
            to_samples(row.end_seconds),
            row.language,
            row.source,
            row.translated,
        )
        for row in rows.order_by("start_seconds", "pk")
    ]


@on_database_thread
def keep_examination(claimed: Claim, recording_id: uuid.UUID, found: Examination) -> bool:
    """Note once what an examination found; return whether this call did."""
    with transaction.atomic():
        row = claimed.locked()
        fresh = Recording.objects.filter(pk=recording_id, catch_up=CatchUpState.UNKNOWN)
        recording = fresh.first()
        if row is None or recording is None:
            return False
        if not recording.marks:
            fresh.update(conversation=_supposed_conversation(recording, row))
        fresh.update(
            catch_up=CatchUpState.WAITING,
            marks=[mark.as_json() for mark in found.marks],
            undecided_from=found.undecided_from,
        )
        RecordedSegment.objects.bulk_create(
            segment_rows(recording_id, found.lacking), ignore_conflicts=True
        )
        account = LateAccount(row)
        if found.whole_account is not None:
            account.begin(found.whole_account, found.unfinished_samples)
        for reason, samples in found.account.items():
            account.move(samples, of=UNFINISHED, to=reason)
        account.save()
        update_catch_up_state(recording_id)
    return True


def _supposed_conversation(recording: Recording, session: TranslationSession) -> uuid.UUID:
    """Return where the words of a recording stand that an earlier version made."""
    said = Exchange.objects.filter(session=session, said_at__lte=recording.started_at)
    cut = recording.segments.values("utterance_id")
    within = Exchange.objects.filter(session=session, utterance_id__in=cut)
    found = within.order_by("-pk").first() or said.order_by("-pk").first()
    return found.conversation_id if found else session.conversation_id


@on_database_thread
def note_nowhere(claimed: Claim, recording_id: uuid.UUID) -> None:
    """Note that nothing of a recording is caught up on, since its conversation was deleted."""
    with transaction.atomic():
        if claimed.locked() is not None:
            rows = Recording.objects.filter(pk=recording_id, conversation=None)
            rows.update(catch_up=CatchUpState.DONE)


@on_database_thread
def last_utterance_id(session_id: uuid.UUID) -> int:
    """Return the highest id of an utterance that the rows of a session know; 0: none."""
    said = Exchange.objects.filter(session=session_id).aggregate(last=Max("utterance_id"))
    cut = RecordedSegment.objects.filter(recording__session=session_id)
    return max(said["last"] or 0, cut.aggregate(last=Max("utterance_id"))["last"] or 0)


@on_database_thread
def keep_rest(claimed: Claim, recording_id: uuid.UUID, rest: CutRest) -> bool:
    """Note what the rest of a recording was cut into; return whether this call did."""
    with transaction.atomic():
        row = claimed.locked()
        kept = Recording.objects.filter(pk=recording_id, undecided_from=rest.from_sample)
        recording = kept.first()
        if row is None or recording is None:
            return False
        RecordedSegment.objects.bulk_create(segment_rows(recording_id, rest.segments))
        account = LateAccount(row)
        estimated = to_samples(recording.duration_seconds) - rest.from_sample
        if not rest.samples:  # it is gone
            account.move(estimated, of=UNFINISHED, to=rest.became)
        elif recording.state == RecordingState.COMPLETE and row.state == SessionState.CLOSED:
            account.correct(rest.samples - estimated)
        account.move(rest.other_samples, of=UNFINISHED, to=rest.became)
        for one in rest.segments:
            account.move(one.end_sample - one.start_sample, of=UNFINISHED, to=one.discarded)
        account.save()
        if rest.samples:
            kept.update(duration_seconds=to_seconds(rest.from_sample + rest.samples))
        kept.update(undecided_from=None, bytes=rest.size)
        update_catch_up_state(recording_id)
    return True


@on_database_thread
def note_state(claimed: Claim, recording_id: uuid.UUID) -> None:
    """Note whether anything of a recording still waits."""
    with transaction.atomic():
        if claimed.locked() is not None:
            update_catch_up_state(recording_id)

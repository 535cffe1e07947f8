"""What of ended sessions waits to become words: who works on it, and what comes of it.

All of its state stands in rows, and each step is one transaction that is done only where the
session is still claimed and the row still says what it said: so whatever ends a process, nothing is
lost or done twice. It runs on the database thread.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet

from sessions_app.core import events
from sessions_app.core.audio import to_samples, to_seconds
from sessions_app.core.events import Direction, Manner, Mode, Said
from sessions_app.core.steady_clock import clock
from sessions_app.core.storable_text import storable
from sessions_app.models import (
    CatchUpState,
    Conversation,
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
    LateExchange,
    LateRecording,
    LateSegment,
    LateSession,
    SpokenExchange,
)
from sessions_app.store.database.thread import database_thread, on_database_thread
from sessions_app.store.due_segments import (
    ENDED,
    KEPT,
    MOST_ATTEMPTS,
    OPEN_ENDED,
    due_segments,
    waiting_segments,
)
from sessions_app.store.history import exchange_of_row
from sessions_app.store.late_account import TRANSCRIBED, LateAccount
from sessions_app.store.recording_facts import Mark, SegmentFacts, offset_at
from sessions_app.store.recordings import DISCARDED_CHARACTERS, segment_rows, serves
from sessions_app.store.sessions import (
    give_title,
    speaker_row,
    translation_in_row,
    words_in_row,
)

REMEMBERED = 6
"""How many exchanges before an utterance are context for its translation."""
TICK = timedelta(microseconds=1)


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
    _begin(partial(rows.update, catcher=""))


def _begin(work: Callable[[], object]) -> None:
    """Have something written that is not waited for, as by a task that is cancelled."""
    database_thread.begin(work).add_done_callback(lambda done: done.cancelled() or done.exception())


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
        _note_state(recording_id)
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
        _note_state(recording_id)
    return True


@on_database_thread
def note_state(claimed: Claim, recording_id: uuid.UUID) -> None:
    """Note whether anything of a recording still waits."""
    with transaction.atomic():
        if claimed.locked() is not None:
            _note_state(recording_id)


def _note_state(recording_id: uuid.UUID) -> None:
    """Note whether anything of a recording still waits."""
    segments = RecordedSegment.objects.filter(recording=recording_id)
    rows = Recording.objects.filter(pk=recording_id)
    if rows.filter(undecided_from__isnull=False).exists() or waiting_segments(segments).exists():
        state = CatchUpState.WAITING
    elif due_segments(segments).exists():
        state = CatchUpState.FAILED
    else:
        state = CatchUpState.DONE
    rows.update(catch_up=state)


# --- one utterance


@on_database_thread
def segments_due(recording_id: uuid.UUID) -> list[LateSegment]:
    """Return the utterances of a recording that wait to be transcribed, in their order."""
    rows = waiting_segments(RecordedSegment.objects.filter(recording=recording_id))
    names = ("pk", "recording", "utterance_id", "start_sample", "end_sample")
    found = rows.order_by("start_sample", "pk").values_list(*names, "discarded", "attempts")
    return [LateSegment(*row) for row in found]


@on_database_thread
def count_attempt(claimed: Claim, segment: LateSegment) -> bool:
    """Count an attempt; return whether the utterance still waits, and is claimed."""
    with transaction.atomic():
        is_due = claimed.locked() is not None
        rows = _unchanged(segment)
        return is_due and bool(rows.update(attempts=F("attempts") + 1))


def withdraw_attempt_soon(segment: LateSegment) -> None:
    """Have an attempt counted no more that the end of the process cut short."""
    rows = RecordedSegment.objects.filter(pk=segment.id, attempts__gt=0)
    _begin(partial(rows.update, attempts=F("attempts") - 1))


def _unchanged(segment: LateSegment) -> QuerySet[RecordedSegment]:
    return RecordedSegment.objects.filter(pk=segment.id, text="", discarded=segment.reason)


@on_database_thread
def said_before(session: LateSession, recording: LateRecording, start_sample: int) -> list[Said]:
    """Return what was said before an utterance of a recording, as context."""
    place = offset_at(recording.marks, start_sample) + start_sample
    at = session.started_at + timedelta(seconds=to_seconds(place))
    return _context(recording.conversation_id, session.id, to_seconds(place), at)


def _context(
    conversation_id: uuid.UUID | None, session_id: uuid.UUID, seconds: float, at: datetime
) -> list[Said]:
    rows = Exchange.objects.filter(conversation=conversation_id, failure="")
    before = Q(session=session_id, start_seconds__lt=seconds)
    elsewhere = Q(said_at__lt=at) & ~Q(session=session_id)
    newest = rows.filter(before | elsewhere).select_related("speaker").order_by("-said_at", "-pk")
    return [
        Said(
            row.corrected or row.source,
            row.translated,
            Direction(row.direction),
            row.speaker.name if row.speaker else None,
        )
        for row in reversed(newest[:REMEMBERED])
    ]


@on_database_thread
def keep_words(
    claimed: Claim, segment: LateSegment, said: events.Exchange, marks: Sequence[Mark]
) -> bool:
    """Store what was heard in an utterance, where it was spoken; return whether this call did.

    ``said`` has its place on the clock of its recording.
    """
    with transaction.atomic():
        row = claimed.locked()
        if row is None:
            return False
        recordings = Recording.objects.filter(pk=segment.recording_id)
        conversation_id = recordings.values_list("conversation", flat=True).first()
        became = {
            "language": said.language,
            "text": storable(said.source),
            "translation": storable(said.translated),
            "discarded": "",
        }
        if conversation_id is None or not _unchanged(segment).update(**became):
            return False
        words = words_in_row(said, to_seconds(offset_at(marks, segment.start_sample)))
        spoken_at = row.started_at + timedelta(seconds=words["end_seconds"])
        Exchange.objects.create(
            session=row,
            conversation_id=conversation_id,
            speaker=speaker_row(conversation_id, said.speaker),
            said_at=_in_order(row.pk, words["start_seconds"], spoken_at),
            **words,
            **translation_in_row(said),
        )
        Conversation.objects.filter(pk=conversation_id).update(updated_at=clock.now())
        give_title(conversation_id, storable(said.source))
        _account_for(row, segment, TRANSCRIBED)
    return True


def _in_order(session_id: uuid.UUID, start_seconds: float, spoken_at: datetime) -> datetime:
    """Return the time that keeps an exchange in its place: others were told late, or fast."""
    rows = Exchange.objects.filter(session=session_id)
    before = rows.filter(start_seconds__lte=start_seconds).aggregate(last=Max("said_at"))["last"]
    after = rows.filter(start_seconds__gt=start_seconds).aggregate(first=Min("said_at"))["first"]
    at = min(spoken_at, after - TICK) if after else spoken_at
    return max(at, before) if before else at


@on_database_thread
def keep_judgement(claimed: Claim, segment: LateSegment, reason: str) -> bool:
    """Note why an utterance became nothing; return whether this call did."""
    with transaction.atomic():
        row = claimed.locked()
        if row is None or not _unchanged(segment).update(discarded=reason):
            return False
        _account_for(row, segment, reason)
    return True


@on_database_thread
def keep_failure(claimed: Claim, segment: LateSegment, code: str, *, is_last: bool) -> bool:
    """Note that an attempt failed; return whether the utterance is not tried any more.

    ``is_last``: another attempt would be in vain.
    """
    with transaction.atomic():
        row = claimed.locked()
        if row is None or not (is_last or segment.attempts + 1 >= MOST_ATTEMPTS):
            return False
        became = {"discarded": storable(code, DISCARDED_CHARACTERS), "attempts": MOST_ATTEMPTS}
        if not _unchanged(segment).update(**became):
            return False
        _account_for(row, segment, code)
    return True


def _account_for(row: TranslationSession, segment: LateSegment, became: str) -> None:
    account = LateAccount(row)
    account.move(segment.samples, of=segment.reason, to=became)
    account.save()
    _note_state(segment.recording_id)


# --- translations only


@on_database_thread
def translations_due(session: LateSession) -> list[LateExchange]:
    """Return the exchanges of a session that wait to be translated, in their order."""
    rows = Exchange.objects.filter(session=session.id, awaits_translation=True)
    found = rows.select_related("speaker", "session").order_by("start_seconds", "pk")
    return [
        LateExchange(
            row.pk, row.conversation_id, exchange_of_row(row), row.session.mode, row.said_at
        )
        for row in found
    ]


@on_database_thread
def said_before_exchange(session: LateSession, waiting: LateExchange) -> list[Said]:
    """Return what was said before an exchange, as context."""
    at = waiting.said_at
    return _context(waiting.conversation_id, session.id, waiting.said.start_seconds, at)


@on_database_thread
def keep_translation(claimed: Claim, waiting: LateExchange, made: events.Exchange) -> bool:
    """Store the translation of an exchange, or why there is none; return whether this call did."""
    rows = Exchange.objects.filter(pk=waiting.id, awaits_translation=True)
    with transaction.atomic():
        if claimed.locked() is None or not rows.update(**_translated(made)):
            return False
        beside = RecordedSegment.objects.filter(
            recording__session=claimed.session_id,
            utterance_id=waiting.said.utterance_id,
            text=storable(waiting.said.source),
        )
        beside.update(translation=storable(made.translated))
    return True


def _translated(made: events.Exchange) -> Mapping[str, Any]:
    return translation_in_row(made) | {"awaits_translation": False}

"""Words that come late: those of an utterance, or only its translation.

As in catch_up.py, each step is one transaction, done only where the session is still claimed and
the row still says what it said. It runs on the database thread.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet

from sessions_app.core import events
from sessions_app.core.audio import to_seconds
from sessions_app.core.events import Direction, Said
from sessions_app.core.steady_clock import clock
from sessions_app.core.storable_text import storable
from sessions_app.models import (
    Conversation,
    Exchange,
    RecordedSegment,
    Recording,
    TranslationSession,
)
from sessions_app.store.catch_up import Claim
from sessions_app.store.catch_up_facts import (
    LateExchange,
    LateRecording,
    LateSegment,
    LateSession,
)
from sessions_app.store.database.thread import database_thread, on_database_thread
from sessions_app.store.due_segments import (
    MOST_ATTEMPTS,
    update_catch_up_state,
    waiting_segments,
)
from sessions_app.store.history import exchange_of_row
from sessions_app.store.late_account import TRANSCRIBED, LateAccount
from sessions_app.store.recording_facts import Mark, offset_at
from sessions_app.store.recordings import DISCARDED_CHARACTERS
from sessions_app.store.sessions import (
    give_title,
    speaker_row,
    translation_in_row,
    words_in_row,
)

REMEMBERED = 6
"""How many exchanges before an utterance are context for its translation."""
TICK = timedelta(microseconds=1)


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
    database_thread.begin_unawaited(partial(rows.update, attempts=F("attempts") - 1))


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
    update_catch_up_state(segment.recording_id)


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

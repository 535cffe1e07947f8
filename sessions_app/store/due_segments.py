"""Which recorded utterances are to be heard again, and in which states of the rows around them."""

import uuid

from django.db.models import QuerySet

from sessions_app.models import (
    CatchUpState,
    RecordedSegment,
    Recording,
    RecordingState,
    SessionState,
)
from sessions_app.store.catch_up_facts import JUDGED

ENDED = (SessionState.CLOSED, SessionState.LOST)
"""Of a session in one of these, nothing but what is due changes any more."""
KEPT = (RecordingState.COMPLETE, RecordingState.SALVAGED)
"""The files of a recording in one of these are complete."""
OPEN_ENDED = (CatchUpState.UNKNOWN, CatchUpState.WAITING)
"""Of a recording in one of these, something is to be done."""
MOST_ATTEMPTS = 8
"""How often an utterance is tried, so that none that brings down an engine does so for ever."""


def due_segments(segments: QuerySet[RecordedSegment]) -> QuerySet[RecordedSegment]:
    """Return those of ``segments`` that have no words for want of time, or since an engine failed.

    Those that were tried too often are among them.
    """
    return segments.filter(text="").exclude(discarded__in=JUDGED)


def waiting_segments(segments: QuerySet[RecordedSegment]) -> QuerySet[RecordedSegment]:
    """Return those of ``segments`` that wait to be transcribed."""
    return due_segments(segments).filter(attempts__lt=MOST_ATTEMPTS)


def update_catch_up_state(recording_id: uuid.UUID) -> None:
    """Note in its row whether anything of a recording still waits. Blocks."""
    segments = RecordedSegment.objects.filter(recording=recording_id)
    rows = Recording.objects.filter(pk=recording_id)
    if rows.filter(undecided_from__isnull=False).exists() or waiting_segments(segments).exists():
        state = CatchUpState.WAITING
    elif due_segments(segments).exists():
        state = CatchUpState.FAILED
    else:
        state = CatchUpState.DONE
    rows.update(catch_up=state)

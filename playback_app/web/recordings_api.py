"""The REST routes of recordings: lists, sound, ground truth, bookmarks, deleting."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Status
from ninja.pagination import paginate

from playback_app import catalog
from playback_app.truths import write_truth
from playback_app.web import sounds
from playback_app.web.recordings_schemas import (
    BookmarkIn,
    RecordingOut,
    SegmentOut,
    TruthIn,
    TruthOut,
)
from sessions_app.access.authentication import user_of
from sessions_app.recording import deletions
from sessions_app.web.api_rules import ErrorOut, Paged

router = Router(tags=["recordings"])
NOT_FOUND = {HTTPStatus.NOT_FOUND: ErrorOut}
NOT_NOW = {HTTPStatus.CONFLICT: ErrorOut}
NOT_HERE = {HTTPStatus.SERVICE_UNAVAILABLE: ErrorOut}


@router.get("", response=list[RecordingOut])
@paginate(Paged)
def list_recordings(request: HttpRequest) -> Sequence[Any]:
    """List your recordings, newest first."""
    return catalog.recordings_of(user_of(request))


@router.get("/{uuid:recording_id}", response={HTTPStatus.OK: RecordingOut, **NOT_FOUND})
def get_recording(request: HttpRequest, recording_id: UUID) -> Any:
    """Tell of one recording."""
    return catalog.recording_of(user_of(request), recording_id)


@router.get(
    "/{uuid:recording_id}/segments", response={HTTPStatus.OK: list[SegmentOut], **NOT_FOUND}
)
@paginate(Paged)
def list_segments(request: HttpRequest, recording_id: UUID) -> QuerySet[Any]:
    """List what was said in a recording, in the order in which it was said."""
    return catalog.spoken_segments(catalog.recording_of(user_of(request), recording_id))


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:recording_id}/audio",
    response={**NOT_FOUND, **NOT_NOW, **NOT_HERE},
    operation_id="recording_audio",
)
def audio(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Return the sound as it was sent, or the part of it that a Range header asks for."""
    return sounds.sound_answer(request, recording_id)


@router.api_operation(
    ["GET", "HEAD"],
    "/{uuid:recording_id}/segments/{int:utterance_id}/audio",
    response={**NOT_FOUND, **NOT_HERE},
    operation_id="segment_audio",
)
def segment_audio(request: HttpRequest, recording_id: UUID, utterance_id: int) -> HttpResponseBase:
    """Return the sound of one utterance (WAV, 16 kHz mono), as soon as it has ended."""
    return sounds.segment_answer(request, recording_id, utterance_id)


@router.put(
    "/{uuid:recording_id}/ground_truth",
    response={HTTPStatus.OK: TruthOut, **NOT_FOUND, **NOT_NOW},
)
def put_ground_truth(request: HttpRequest, recording_id: UUID, truth: TruthIn) -> Any:
    """Keep what was really said as a new version; 409 if there is a newer one than you saw."""
    return write_truth(user_of(request), recording_id, **truth.dict())


@router.put("/{uuid:recording_id}/bookmark", response={HTTPStatus.OK: RecordingOut, **NOT_FOUND})
def put_bookmark(request: HttpRequest, recording_id: UUID, bookmark: BookmarkIn) -> Any:
    """Say whether a recording shall never be pruned."""
    return catalog.set_bookmark(user_of(request), recording_id, bookmark.is_bookmarked)


@router.delete(
    "/{uuid:recording_id}",
    response={HTTPStatus.NO_CONTENT: None, HTTPStatus.ACCEPTED: None, **NOT_FOUND, **NOT_NOW},
)
def remove_recording(request: HttpRequest, recording_id: UUID) -> Status[None]:
    """Delete a recording with all that belongs to it; not while it is recorded or played.

    202: its files lie with a process that does not run just now, which deletes them when it does.
    """
    catalog.delete_recording(user_of(request), recording_id)
    is_done = deletions.are_deleted([recording_id])
    return Status(HTTPStatus.NO_CONTENT if is_done else HTTPStatus.ACCEPTED, None)

"""The REST routes of playbacks: begin one, look at it, steer it, whichever process plays it."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from playback_app.admission import PlaybackRequest
from playback_app.models import PlaybackWish
from playback_app.requests import playback_of, request_change, request_playback
from sessions_app.access.authentication import user_of
from sessions_app.web.api_rules import ErrorOut

router = Router(tags=["playbacks"])
NOT_FOUND = {HTTPStatus.NOT_FOUND: ErrorOut}
REFUSED = {
    **NOT_FOUND,
    HTTPStatus.CONFLICT: ErrorOut,
    HTTPStatus.UNPROCESSABLE_ENTITY: ErrorOut,
}


class PlaybackIn(Schema):
    """What is to be played, into which session, and how."""

    recording_id: UUID | str
    session_id: UUID | None = Field(None, description="None: into a session of its own")
    mode: str = Field("full", description="`full` or `segments`")
    speed: float = Field(1.0, description="0: as fast as it goes; 0.25 to 16")


class PlaybackOut(Schema):
    """A playback: how far it is, how it ended, how well it was heard."""

    id: UUID
    recording_id: UUID
    session_id: UUID | None
    mode: str
    speed: float
    state: str
    reason: str
    position_seconds: float
    duration_seconds: float
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    engines: dict[str, Any]
    options: dict[str, Any]
    word_error_rate: float | None = Field(description="Against the ground truth, 0..")
    chrf: float | None = Field(description="Of the translation, 0..100")


@router.post("", response={HTTPStatus.CREATED: PlaybackOut, **REFUSED})
def start_playback(request: HttpRequest, wanted: PlaybackIn) -> Status[Any]:
    """Play a recording into a live session, or into one of its own."""
    user = user_of(request)
    asked = PlaybackRequest(
        user.pk, wanted.recording_id, wanted.session_id, wanted.mode, wanted.speed
    )
    return Status(HTTPStatus.CREATED, request_playback(asked))


@router.get("/{uuid:playback_id}", response={HTTPStatus.OK: PlaybackOut, **NOT_FOUND})
def get_playback(request: HttpRequest, playback_id: UUID) -> Any:
    """Tell of one playback."""
    return playback_of(user_of(request), playback_id)


@router.post("/{uuid:playback_id}/stop", response={HTTPStatus.OK: PlaybackOut, **NOT_FOUND})
def stop_playback(request: HttpRequest, playback_id: UUID) -> Any:
    """End a playback; ending what is over changes nothing."""
    return request_change(user_of(request), playback_id, PlaybackWish.STOP)


@router.post("/{uuid:playback_id}/pause", response={HTTPStatus.OK: PlaybackOut, **REFUSED})
def pause_playback(request: HttpRequest, playback_id: UUID) -> Any:
    """Hold a playback."""
    return request_change(user_of(request), playback_id, PlaybackWish.PAUSE)


@router.post("/{uuid:playback_id}/resume", response={HTTPStatus.OK: PlaybackOut, **REFUSED})
def resume_playback(request: HttpRequest, playback_id: UUID) -> Any:
    """Let a playback go on."""
    return request_change(user_of(request), playback_id, PlaybackWish.RESUME)

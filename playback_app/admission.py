"""Admission: the checks before a playback, in their order, and the row that it begins with."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from playback_app import store
from playback_app.models import ACTIVE, PLAYBACK_MODES, Playback
from playback_app.protocol import FASTEST, SLOWEST
from playback_app.store import PlaybackJob
from sessions_app.config import conf
from sessions_app.config.recordings_directory import is_here, known_id
from sessions_app.core.errors import CommandError
from sessions_app.models import Recording, RecordingState
from sessions_app.recording import files
from sessions_app.store.database.thread import on_database_thread


@dataclass(frozen=True, slots=True)
class PlaybackRequest:
    """Who asks to play which recording, into which session, and how."""

    user_id: int
    recording_id: object
    """As the client sent it; anything but the id of one of the user's recordings is unknown."""
    session_id: UUID | None
    """None: into a session of its own, which ends with it."""
    mode: str = "full"
    speed: float = 1.0
    boot: str = ""
    """The process that takes it at once; empty: the one that has the session, at its next look."""
    is_listening: bool | None = None
    """Whether the session accepts sound now; None: its row says so."""
    is_leaving: bool = False
    """Whether the session is known to accept nothing more, though its row is still open."""
    id: UUID = field(default_factory=uuid4)
    """The id of the playback."""


def admit(request: PlaybackRequest) -> PlaybackJob:
    """Begin a playback. Blocks.

    Raises:
        CommandError: ``unknown_recording``, ``unknown_session``, ``not_ready``,
            ``already_playing``, ``already_listening``, ``bad_field``, ``not_playable``,
            ``too_many_playbacks``; nothing was begun.
    """
    try:
        with transaction.atomic():
            recording = _recording(request)
            _check_session(request)
            _check_manner(request)
            _check_place(recording, request)
            _check_sound(recording, request.mode)
            _check_share(request)
            return store.job_of(_begin(recording, request))
    except IntegrityError as error:
        raise _already_playing() from error


admit_here = on_database_thread(admit)
"""The same in a process that plays. Raises StoreError besides: the database does not say."""


def _begin(recording: Recording, request: PlaybackRequest) -> Playback:
    return Playback.objects.create(
        id=request.id,
        recording=recording,
        session_id=request.session_id,
        user_id=request.user_id,
        boot=request.boot,
        has_own_session=request.session_id is None,
        mode=request.mode,
        speed=request.speed,
        duration_seconds=recording.duration_seconds,
    )


def _recording(request: PlaybackRequest) -> Recording:
    try:
        recording_id = UUID(str(request.recording_id))
    except ValueError:
        recording_id = None
    # locked, so that it is not deleted meanwhile
    rows = Recording.objects.select_for_update().filter(user_id=request.user_id)
    recording = rows.filter(pk=recording_id).first() if recording_id else None
    if recording is None or files.has_link_outside(recording.pk):
        raise CommandError("There is no such recording.", code="unknown_recording")
    return recording


def _check_share(request: PlaybackRequest) -> None:
    is_operator = User.objects.filter(pk=request.user_id, is_superuser=True).exists()
    most = conf.read().sessions_allowed(is_operator=is_operator)
    if Playback.objects.filter(user_id=request.user_id, state__in=ACTIVE).count() >= most:
        message = f"You play {most} recordings already; stop one of them, or wait for its end."
        raise CommandError(message, code="too_many_playbacks")


def _check_session(request: PlaybackRequest) -> None:
    if request.session_id is None:
        return
    session = store.live_session(request.session_id, request.user_id)
    if session is None:
        raise CommandError("There is no such live session.", code="unknown_session")
    if request.is_leaving:
        raise CommandError("The session is over.", code="not_ready")
    if store.is_playing(session.pk):
        raise _already_playing()
    listens = session.is_listening if request.is_listening is None else request.is_listening
    if listens:
        raise CommandError("The session listens already.", code="already_listening")


def _check_manner(request: PlaybackRequest) -> None:
    if request.mode not in dict(PLAYBACK_MODES):
        raise CommandError("mode: full or segments would be right.", code="bad_field")
    speed = request.speed
    if not math.isfinite(speed) or (speed != 0 and not SLOWEST <= speed <= FASTEST):
        raise CommandError(
            f"speed: 0 (as fast as it goes) or {SLOWEST:g} to {FASTEST:g} would be right.",
            code="bad_field",
        )


def _check_place(recording: Recording, request: PlaybackRequest) -> None:
    """Refuse a recording whose files no process that could play it can read."""
    here = {known_id()} if request.boot or request.session_id is None else set()
    reach = here if request.boot else here | store.directories_of(request.session_id)
    if recording.directory and reach and not reach & {recording.directory, ""}:
        raise CommandError("Its sound lies with another process of Habla.", code="not_playable")


def _check_sound(recording: Recording, mode: str) -> None:
    if recording.state == RecordingState.RECORDING:
        raise CommandError("It is still being recorded.", code="not_playable")
    has_some = _has_files if is_here(recording.directory) else _says_it_has_files
    if not has_some(recording, mode):
        message = "Its sound is not kept." if mode == "full" else "No segments of it are kept."
        raise CommandError(message, code="not_playable")


def _has_files(recording: Recording, mode: str) -> bool:
    if mode != "full":
        return any(_paths_of_segments(recording))
    path = files.sound_path(recording.pk, recording.encoding)
    return path is not None and _size(path) > 0


def _says_it_has_files(recording: Recording, mode: str) -> bool:
    return recording.has_sound if mode == "full" else recording.segments.exists()


def _paths_of_segments(recording: Recording) -> list[Path]:
    first = recording.segments.values_list("utterance_id", flat=True)[:20]
    found = [files.segment_path(recording.pk, utterance_id) for utterance_id in first]
    return [path for path in found if path is not None and _size(path)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _already_playing() -> CommandError:
    return CommandError("Something is being played already.", code="already_playing")

"""Recordings as a whole: which there are, which may go, and files that come from elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum

from playback_app.catalog import refuse_if_busy
from playback_app.models import ACTIVE, GroundTruth, Playback
from sessions_app.config.recordings_directory import id_or_none
from sessions_app.core.audio import Encoding, count_samples, to_seconds
from sessions_app.core.errors import CommandError, DecodeError
from sessions_app.core.steady_clock import clock
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.models import Recording, RecordingState, SessionState
from sessions_app.recording import files
from sessions_app.recording.recording_file import RecordingFile

GIGABYTE = 10**9
TITLE_CHARACTERS = 120
"""What its column holds."""


class BrokenOffError(DecodeError):
    """A file could be read in part only; ``recording`` holds what came before."""

    def __init__(self, problem: DecodeError, recording: Recording) -> None:
        seconds = recording.duration_seconds
        super().__init__(f"Only the first {seconds:.1f} s of it are imported. {problem}")
        self.recording = recording


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept; 0 means without limit."""

    days: float = 0
    gigabytes: float = 0


def all_recordings() -> QuerySet[Recording]:
    """Return all recordings, of everybody, newest first."""
    return Recording.objects.select_related("user").order_by("-started_at", "pk")


def delete_with_files(recording_id: UUID) -> None:
    """Delete a recording with its files.

    Raises:
        CommandError: ``unknown_recording``; ``still_live``: it is being recorded or played.
    """
    with transaction.atomic():
        recording = Recording.objects.select_for_update().filter(pk=recording_id).first()
        if recording is None:
            raise CommandError("There is no such recording.", code="unknown_recording")
        refuse_if_busy(recording)
        recording.delete()


# --- retention


def plan_pruning(limits: Limits, now: datetime | None = None) -> list[Recording]:
    """Return the recordings that go by ``limits``, the oldest first.

    Never what is live, is being played, is bookmarked or has a ground truth; those count for the
    size all the same.
    """
    now = now or clock.earliest()
    may_go = prunable().order_by("started_at", "pk")
    left = Recording.objects.aggregate(all=Sum("bytes"))["all"] or 0
    most = limits.gigabytes * GIGABYTE if limits.gigabytes else float("inf")
    oldest = now - timedelta(days=limits.days) if limits.days else None
    going: list[Recording] = []
    for recording in may_go.iterator():
        is_old = oldest is not None and recording.started_at < oldest
        if not is_old and left <= most:
            break
        going.append(recording)
        left -= recording.bytes
    return going


def prune(recordings: Iterable[Recording]) -> list[Recording]:
    """Delete these, except what may not go any more; return those that are gone."""
    return [recording for recording in recordings if _prune(recording.pk)]


def _prune(recording_id: UUID) -> bool:
    with transaction.atomic():
        locked = Recording.objects.select_for_update().filter(pk=recording_id)
        recording = locked.first()
        if recording is None or not prunable().filter(pk=recording_id).exists():
            return False
        recording.delete()
    return True


def prunable() -> QuerySet[Recording]:
    """Return what may go: all that is whole, and that nobody wants."""
    playing = Playback.objects.filter(recording=OuterRef("pk"), state__in=ACTIVE)
    truths = GroundTruth.objects.filter(recording=OuterRef("pk"))
    whole = Recording.objects.exclude(state=RecordingState.RECORDING).filter(is_bookmarked=False)
    return whole.exclude(session__state=SessionState.OPEN).filter(~Exists(playing), ~Exists(truths))


# --- files from elsewhere


def import_file(path: Path, user: User, *, max_bytes: float, track: int | None = None) -> Recording:
    """Return a new recording of ``user`` that holds the sound of any media file, as WAV.

    The file is decoded a second at a time, whatever its length. ``max_bytes`` limits it, and the
    sound in it. ``track`` counts its tracks of sound from 1; None: the one that players take.

    Raises:
        CommandError: ``unknown_file``, ``too_big``, ``disk_full``; nothing is kept.
        BrokenOffError: it breaks off; what came before is kept.
        EngineError: no media, no sound, no such track, or it takes too much; nothing is kept.
    """
    if not path.is_file():
        raise CommandError("There is no such file.", code="unknown_file")
    _refuse_if_too_big(path.stat().st_size, max_bytes)
    recording = Recording.objects.create(
        user=user,
        # a name that is no text in this system is kept as far as it is one
        title=path.name.encode(errors="replace").decode()[:TITLE_CHARACTERS],
        encoding=Encoding.PCM_S16LE,
        direction="auto",
        directory=id_or_none(),
    )
    try:
        seconds, problem = _copy_sound(path, track, recording.pk, max_bytes)
    except OSError as error:
        recording.delete()
        raise CommandError("The disk did not take it.", code="disk_full") from error
    except BaseException:  # also Ctrl+C: half a file is no recording
        recording.delete()
        raise
    recording.duration_seconds = seconds
    recording.bytes = files.total_bytes(recording.pk)
    recording.has_sound = True
    recording.state = RecordingState.COMPLETE
    recording.save()
    if problem is not None:
        raise BrokenOffError(problem, recording)
    return recording


def _copy_sound(
    path: Path, track: int | None, recording_id: UUID, max_bytes: float
) -> tuple[float, DecodeError | None]:
    """Write the sound of ``path`` as that of a recording.

    Return how long it is, in seconds, and what broke it off; None: it was read to its end.
    """
    file = RecordingFile(files.new_sound_path(recording_id, Encoding.PCM_S16LE), Encoding.PCM_S16LE)
    samples = 0
    problem: DecodeError | None = None
    try:
        for pcm in decode_file(path, track):
            samples += count_samples(pcm)
            _refuse_if_too_big(file.written_bytes + len(pcm), max_bytes)
            file.write(pcm)
    except DecodeError as error:
        if not samples:
            raise
        problem = error
    finally:
        has_sound = file.finish(is_whole=True)
    if not has_sound:
        raise DecodeError("There is no sound in this file.")
    return to_seconds(samples), problem


def _refuse_if_too_big(size: float, max_bytes: float) -> None:
    if size > max_bytes:
        message = f"It is larger than {max_bytes / GIGABYTE:g} GB (HABLA_IMPORT_GB)."
        raise CommandError(message, code="too_big")

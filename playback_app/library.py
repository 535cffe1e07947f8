"""All recordings: list them, prune them by limits, import files."""

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
"""The length of its column."""


class BrokenOffError(DecodeError):
    """A file could be read only in part; ``recording`` holds that part."""

    def __init__(self, problem: DecodeError, recording: Recording) -> None:
        seconds = recording.duration_seconds
        super().__init__(f"Only the first {seconds:.1f} s of it are imported. {problem}")
        self.recording = recording


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of retention; 0: no limit."""

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
    """Return the recordings to be deleted by ``limits``, the oldest first.

    None that is live, being played, bookmarked or has a ground truth; but those count in the
    size, too.
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
    """Delete these, except any that may no longer be deleted; return those that were."""
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
    """Return what may be pruned: what is complete, not bookmarked, without ground truth."""
    playing = Playback.objects.filter(recording=OuterRef("pk"), state__in=ACTIVE)
    truths = GroundTruth.objects.filter(recording=OuterRef("pk"))
    whole = Recording.objects.exclude(state=RecordingState.RECORDING).filter(is_bookmarked=False)
    return whole.exclude(session__state=SessionState.OPEN).filter(~Exists(playing), ~Exists(truths))


# --- files that are imported


def import_file(path: Path, user: User, *, max_bytes: float, track: int | None = None) -> Recording:
    """Return a new recording of ``user`` that holds the sound of any media file, as WAV.

    The file is decoded a second at a time, whatever its length. ``max_bytes`` limits both the file
    and its decoded sound. ``track`` counts its audio tracks from 1; None: the default track.

    Raises:
        CommandError: ``unknown_file``, ``too_big``, ``disk_full``; nothing is kept.
        BrokenOffError: it could be read only in part; that part is kept.
        EngineError: no media, no sound, no such track, or over a limit; nothing is kept.
    """
    if not path.is_file():
        raise CommandError("There is no such file.", code="unknown_file")
    _refuse_if_too_big(path.stat().st_size, max_bytes)
    recording = Recording.objects.create(
        user=user,
        # a file name may hold bytes that are not text; the rest is kept
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
    except BaseException:  # also Ctrl+C: half a file is not kept
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
    """Write the sound of ``path`` as a recording's.

    Return its length in seconds, and the error that ended it early; None: it was read to its end.
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

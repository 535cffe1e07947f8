"""A recording's sound over HTTP: as the browser sent it, and one utterance of it."""

from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from playback_app.catalog import is_being_recorded, recording_of
from playback_app.web.ranges import answer
from sessions_app.access.authentication import user_of
from sessions_app.config.recordings_directory import is_here
from sessions_app.core.descriptors import was_exhausted
from sessions_app.core.errors import CommandError
from sessions_app.models import Recording, RecordingState
from sessions_app.recording.files import segment_path, sound_path

MEDIA_TYPES = {
    ".webm": "audio/webm",
    ".ogg": "audio/ogg",
    ".mp4": "audio/mp4",
    ".wav": "audio/wav",
}
"""By the file's extension."""


def sound_answer(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Return the sound of one of the user's recordings, or the part that is asked for.

    Raises:
        CommandError: ``not_found``, also where no sound was kept; ``still_live``;
            ``kept_elsewhere``: its files lie where this process has no access.
    """
    recording = recording_of(user_of(request), recording_id)
    is_whole = recording.state != RecordingState.RECORDING
    lies_here = is_here(recording.directory)
    if not is_whole and (lies_here or is_being_recorded(recording)):
        raise CommandError(_("It is still being recorded."), code="still_live")
    path = sound_path(recording.pk, recording.encoding)
    if path is None:
        is_kept = recording.has_sound or not is_whole
        raise _elsewhere() if is_kept and not lies_here else _gone()
    response = _answer(request, path, str(recording.pk))
    if response.status_code < HTTPStatus.BAD_REQUEST:
        response.headers["Content-Disposition"] = _disposition(request, recording, path)
    return response


def segment_answer(request: HttpRequest, recording_id: UUID, utterance_id: int) -> HttpResponseBase:
    """Return one utterance of a recording of the user's as WAV, also while it is being recorded.

    Raises:
        CommandError: ``not_found``, also where it was not kept; ``kept_elsewhere``, as above.
    """
    recording = recording_of(user_of(request), recording_id)
    path = segment_path(recording.pk, utterance_id)
    if path is None:
        raise _gone() if is_here(recording.directory) else _elsewhere()
    return _answer(request, path, f"{recording.pk}-{utterance_id}")


def _answer(request: HttpRequest, path: Path, name: str) -> HttpResponseBase:
    try:
        version = f"{name}-{path.stat().st_size}"
        return answer(request, path, MEDIA_TYPES[path.suffix], version)
    except OSError as error:
        if was_exhausted(error):
            raise
        raise _gone() from error


def _disposition(request: HttpRequest, recording: Recording, path: Path) -> str:
    name = f"habla-{recording.started_at:%Y%m%d-%H%M%S}{path.suffix}"
    return str(content_disposition_header("download" in request.GET, name))


def _gone() -> CommandError:
    return CommandError(_("Its sound is not kept."), code="not_found")


def _elsewhere() -> CommandError:
    message = _("Its sound lies with another process of Habla, which has to be asked for it.")
    return CommandError(message, code="kept_elsewhere")

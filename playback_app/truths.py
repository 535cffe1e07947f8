"""Writes ground truths, version after version, beside the original transcripts."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from playback_app.catalog import recording_of, recording_row, spoken_segments
from playback_app.models import GroundTruth
from sessions_app.core.errors import CommandError
from sessions_app.models import RecordedSegment, Recording

MAX_CHARACTERS = 10_000
"""Of a transcript, and of a translation."""


def newest_of_whole(recording: Recording) -> GroundTruth | None:
    """Return the newest ground truth of ``recording`` as a whole; None: nobody wrote one."""
    return _newest(recording, None)


def write_truth(
    user: User,
    recording_id: UUID,
    segment_id: int | None,
    version: int,
    transcript: str,
    translation: str,
) -> GroundTruth:
    """Store a ground truth as the next version; return it. The transcript never changes.

    ``segment_id`` None: it is for the whole recording. ``version`` is the one that the writer saw,
    0 if there was none.

    Raises:
        CommandError: ``not_found``; ``changed_meanwhile``: somebody wrote a newer version.
    """
    recording = recording_of(user, recording_id)
    segment = None if segment_id is None else recording_row(spoken_segments(recording), segment_id)
    if _version_of(_newest(recording, segment)) != version:
        raise _changed()
    try:
        with transaction.atomic():
            return GroundTruth.objects.create(
                recording=recording,
                segment=segment,
                version=version + 1,
                transcript=transcript,
                translation=translation,
                user=user,
            )
    except IntegrityError as error:
        raise _changed() from error


def _newest(recording: Recording, segment: RecordedSegment | None) -> GroundTruth | None:
    of_these = GroundTruth.objects.filter(recording=recording, segment=segment)
    return of_these.order_by("-version").first()


def _version_of(truth: GroundTruth | None) -> int:
    return truth.version if truth else 0


def _changed() -> CommandError:
    return CommandError(
        _("Somebody changed it meanwhile. Reload the page to see how."), code="changed_meanwhile"
    )

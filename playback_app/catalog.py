"""Reads recordings: a user's own and nobody else's, by id."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import (
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Length, Replace
from django.utils.translation import gettext as _

from playback_app.models import ACTIVE, GroundTruth, Playback
from sessions_app.core.errors import CommandError
from sessions_app.models import RecordedSegment, Recording, RecordingState, Server, SessionState

Row = TypeVar("Row", Recording, RecordedSegment)


class RecordingList(Sequence[Any]):
    """A list of recordings for paging, each with what `with_counts` adds.

    The counts are queried only for the page that is shown, not for all before it.
    """

    def __init__(self, recordings: QuerySet[Recording]) -> None:
        self._recordings = recordings

    def __len__(self) -> int:
        return self._recordings.count()

    def __getitem__(self, where: Any) -> Any:
        if not isinstance(where, slice):
            return self[where : where + 1][0]
        keys = list(self._recordings.values_list("pk", flat=True)[where])
        rows = {row.pk: row for row in with_counts(Recording.objects.filter(pk__in=keys))}
        return [rows[key] for key in keys if key in rows]


def recordings_of(user: User) -> RecordingList:
    """Return the recordings of ``user``, newest first."""
    return RecordingList(Recording.objects.filter(user=user).order_by("-started_at", "pk"))


def with_counts(recordings: QuerySet[Recording]) -> QuerySet[Any]:
    """Return ``recordings``, each with more fields.

    ``segment_count``: segments with words; ``word_count``: their words; ``first_words``: the text
    of the first, None if there is none; ``is_playing``: whether it is being played;
    ``has_truth``: whether it has a ground truth.
    All are queried only for the rows that are shown, so a page costs the same however many
    recordings there are.
    """
    said = spoken(RecordedSegment.objects.filter(recording=OuterRef("pk"))).order_by()
    spaces = Length(Replace("text", Value(" "), Value("")))
    words = Sum(Length("text") - spaces + 1)
    truths = GroundTruth.objects.filter(recording=OuterRef("pk"))
    playing = Playback.objects.filter(recording=OuterRef("pk"), state__in=ACTIVE)
    return recordings.annotate(
        segment_count=_of_each(said, Count("pk")),
        word_count=_of_each(said, words),
        first_words=Subquery(said.order_by("start_sample", "pk").values("text")[:1]),
        is_playing=Exists(playing),
        has_truth=Exists(truths),
    )


def _of_each(said: QuerySet[RecordedSegment], amount: Count | Sum) -> Coalesce:
    summed = said.values("recording").annotate(amount=amount).values("amount")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


def recording_of(user: User, recording_id: UUID) -> Any:
    """Return one recording of ``user``, with what `with_counts` adds.

    Raises:
        CommandError: ``not_found``, also where it is another's.
    """
    return recording_row(with_counts(Recording.objects.filter(user=user)), recording_id)


def recording_row(rows: QuerySet[Row], key: Any) -> Row:
    """Return the row with this key.

    Raises:
        CommandError: ``not_found``.
    """
    row = rows.filter(pk=key).first()
    if row is None:
        raise CommandError(_("There is no such recording."), code="not_found")
    return row


def spoken(segments: QuerySet[RecordedSegment]) -> QuerySet[RecordedSegment]:
    """Return those of ``segments`` that have words."""
    return segments.exclude(text="")


def spoken_segments(recording: Recording) -> QuerySet[Any]:
    """Return the segments of ``recording`` that have words, as they were spoken.

    Each has ``truth_version`` (0: nobody wrote one), ``true_transcript`` and ``true_translation``,
    of the newest ground truth.
    """
    newest = GroundTruth.objects.filter(segment=OuterRef("pk")).order_by("-version")
    return (
        spoken(RecordedSegment.objects.filter(recording=recording))
        .annotate(
            truth_version=Coalesce(Subquery(newest.values("version")[:1]), 0),
            true_transcript=Subquery(newest.values("transcript")[:1]),
            true_translation=Subquery(newest.values("translation")[:1]),
        )
        .order_by("start_sample", "pk")
    )


def set_bookmark(user: User, recording_id: UUID, is_bookmarked: bool) -> Any:
    """Keep a recording of ``user`` from being pruned, or no longer; return it.

    Raises:
        CommandError: ``not_found``.
    """
    mine = Recording.objects.filter(user=user, pk=recording_id)
    mine.update(is_bookmarked=is_bookmarked)
    return recording_of(user, recording_id)


def toggle_bookmark(user: User, recording_id: UUID) -> Any:
    """Set or remove the bookmark of a recording of ``user``; return it.

    Raises:
        CommandError: ``not_found``.
    """
    recording = recording_of(user, recording_id)
    return set_bookmark(user, recording_id, not recording.is_bookmarked)


def being_recorded() -> Q:
    """Return which recordings are being made now, not those that a dead process left unfinished."""
    serving = Server.objects.filter(boot=OuterRef("session__boot"))
    is_live = Q(session=None) | Q(session__state=SessionState.OPEN) | Q(Exists(serving))
    return Q(state=RecordingState.RECORDING) & is_live


def is_being_recorded(recording: Recording) -> bool:
    """Return whether a recording is being made."""
    return Recording.objects.filter(being_recorded(), pk=recording.pk).exists()


def refuse_if_busy(recording: Recording) -> None:
    """Refuse to delete a recording that is being recorded or played.

    Raises:
        CommandError: ``still_live``.
    """
    if is_being_recorded(recording):
        raise CommandError(_("It is still being recorded."), code="still_live")
    if Playback.objects.filter(recording=recording, state__in=ACTIVE).exists():
        raise CommandError(_("It is being played: stop that first."), code="still_live")


def delete_recording(user: User, recording_id: UUID) -> None:
    """Delete a recording of ``user`` with its files, its ground truth and its playbacks.

    Raises:
        CommandError: ``not_found``; ``still_live``: it is being recorded or played.
    """
    with transaction.atomic():
        locked = Recording.objects.select_for_update().filter(user=user)
        recording = recording_row(locked, recording_id)
        refuse_if_busy(recording)
        recording.delete()

"""Recorded sound: one recording per listening period, and its utterances."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from sessions_app.models.choices import DIRECTIONS, MODES
from sessions_app.models.conversations import Conversation, TranslationSession


class RecordingState(models.TextChoices):
    """Whether a recording is complete."""

    RECORDING = "recording", "being recorded"
    COMPLETE = "complete", "complete"
    SALVAGED = "salvaged", "salvaged"
    """Its server died; it was recovered as far as it had been written."""


class CatchUpState(models.TextChoices):
    """What becomes of the sound of an ended session that has not become words."""

    UNKNOWN = "", "not examined yet"
    WAITING = "waiting", "waits to be transcribed"
    DONE = "done", "nothing waits"
    FAILED = "failed", "could not be transcribed"
    """Some of it was tried too often; it is tried again when somebody asks for it."""


class Recording(models.Model):
    """The sound of one listening period, or of an imported file. Files are found by its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recordings"
    )
    session = models.ForeignKey(
        TranslationSession,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="recordings",
    )
    """None: it was imported."""
    title = models.CharField(max_length=120, blank=True)
    """The name of an imported file, for people; never a path."""
    state = models.CharField(
        max_length=10,
        choices=RecordingState.choices,
        default=RecordingState.RECORDING,
        db_index=True,
    )
    started_at = models.DateTimeField(default=timezone.now)
    encoding = models.CharField(max_length=12)
    sample_rate = models.PositiveIntegerField(default=16_000)
    """Of PCM, in Hz."""
    direction = models.CharField(max_length=8, choices=DIRECTIONS, default="es_to_en")
    mode = models.CharField(max_length=12, choices=MODES, default="conversation")
    duration_seconds = models.FloatField(default=0)
    bytes = models.BigIntegerField(default=0)
    """Of all its files."""
    has_sound = models.BooleanField(default=False)
    """Whether the raw stream is kept, and not only segments."""
    is_bookmarked = models.BooleanField(default=False)
    """Never pruned."""
    directory = models.CharField(max_length=32, blank=True, default="")
    """The id of the directory of recordings in which its files lie; empty: not known yet."""
    salvager = models.CharField(max_length=40, blank=True, default="")
    """The serving process that recovers it, after the one that recorded it died."""
    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="recordings",
    )
    """What was said in it stands there; none: it was imported, deleted, or is not known."""
    marks = models.JSONField(default=list, blank=True)
    """Its places on the session's clock, and how it was interpreted: ``store.recording_facts``."""
    undecided_from = models.BigIntegerField(null=True, blank=True)
    """From which sample on it was not cut into utterances; none: from nowhere on."""
    catch_up = models.CharField(
        max_length=8,
        choices=CatchUpState.choices,
        default=CatchUpState.UNKNOWN,
        blank=True,
        db_index=True,
    )

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["user", "-started_at"])]

    def __str__(self) -> str:
        return self.title or f"Recording of {self.started_at:%Y-%m-%d %H:%M} UTC"


class RecordedSegment(models.Model):
    """One utterance that the pipeline cut out of a recording, with what it then became."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="segments")
    utterance_id = models.PositiveIntegerField()
    start_sample = models.BigIntegerField()
    """At 16 kHz, on the recording's own clock."""
    end_sample = models.BigIntegerField()
    language = models.CharField(max_length=2, blank=True)
    text = models.TextField(blank=True)
    translation = models.TextField(blank=True)
    discarded = models.CharField(max_length=40, blank=True)
    """Why it became no exchange; empty if it did."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often it was tried to transcribe it after its session had ended."""

    class Meta:
        ordering = ["start_sample", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "utterance_id"], name="one_segment_an_utterance"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60] or f"Segment {self.utterance_id}"

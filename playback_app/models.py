"""The tables of playback: playbacks and ground truths."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

PLAYBACK_MODES = [("full", "the whole stream"), ("segments", "the kept segments")]


class PlaybackState(models.TextChoices):
    """How far a playback has come. Every row reaches one of the last four, once."""

    STARTING = "starting", "starting"
    PLAYING = "playing", "playing"
    PAUSED = "paused", "paused"
    FINISHED = "finished", "finished"
    """All of it was heard, and its last result was delivered."""
    STOPPED = "stopped", "stopped"
    """Somebody ended it, or the session that heard it ended."""
    FAILED = "failed", "failed"
    INTERRUPTED = "interrupted", "interrupted"
    """Its server died, as another server or the next start noticed."""


ACTIVE = (PlaybackState.STARTING, PlaybackState.PLAYING, PlaybackState.PAUSED)
"""The states of a playback that is not over."""


class PlaybackWish(models.TextChoices):
    """What any process wants of a playback; the process that plays it looks."""

    NONE = "", "nothing"
    PAUSE = "pause", "pause"
    RESUME = "resume", "resume"
    STOP = "stop", "stop"


class Playback(models.Model):
    """A recording played into a session; this row is the only place of its state."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(
        "sessions_app.Recording", on_delete=models.CASCADE, related_name="playbacks"
    )
    session = models.ForeignKey(
        "sessions_app.TranslationSession",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="playbacks",
    )
    """None while it waits for a session of its own."""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="playbacks"
    )
    boot = models.CharField(max_length=40, blank=True)
    """The serving process that plays it; empty until one has taken it."""
    has_own_session = models.BooleanField(default=False)
    """Whether its session was made for it, and ends with it: played without a browser."""
    mode = models.CharField(max_length=8, choices=PLAYBACK_MODES, default="full")
    speed = models.FloatField(default=1)
    """0: as fast as the pipeline takes it."""
    state = models.CharField(
        max_length=11, choices=PlaybackState.choices, default=PlaybackState.STARTING, db_index=True
    )
    wish = models.CharField(
        max_length=6, choices=PlaybackWish.choices, default=PlaybackWish.NONE, blank=True
    )
    reason = models.CharField(max_length=60, blank=True)
    """Why it ended, if it did not simply finish."""
    position_seconds = models.FloatField(default=0)
    duration_seconds = models.FloatField(default=0)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(auto_now_add=True)
    """The last sign of life."""
    ended_at = models.DateTimeField(null=True, blank=True)
    end_count = models.PositiveIntegerField(default=0)
    """How often it ended, which is exactly once: the tests check it."""
    engines = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    word_error_rate = models.FloatField(null=True, blank=True)
    """Against the ground truth, 0..; none without one."""
    chrf = models.FloatField(null=True, blank=True)
    """Of the translation against the ground truth, 0..100."""
    score = models.JSONField(default=dict, blank=True)
    """Details of the two, by segment."""

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(state__in=["starting", "playing", "paused"]),
                name="one_active_playback_a_session",
            ),
        ]

    def __str__(self) -> str:
        return f"Playback of {self.requested_at:%Y-%m-%d %H:%M} UTC"


class GroundTruth(models.Model):
    """What was really said, written by somebody who listened; the newest version counts."""

    recording = models.ForeignKey(
        "sessions_app.Recording", on_delete=models.CASCADE, related_name="ground_truths"
    )
    segment = models.ForeignKey(
        "sessions_app.RecordedSegment",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="ground_truths",
    )
    """None: the text is that of the whole recording."""
    version = models.PositiveIntegerField()
    transcript = models.TextField(blank=True)
    translation = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["segment__start_sample", "version"]
        constraints = [
            models.UniqueConstraint(fields=["segment", "version"], name="one_truth_a_version"),
            models.UniqueConstraint(
                fields=["recording", "version"],
                condition=Q(segment__isnull=True),
                name="one_whole_truth_a_version",
            ),
        ]

    def __str__(self) -> str:
        return self.transcript[:60]

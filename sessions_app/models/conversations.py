"""What was said: conversations, their sessions and speakers, and each exchange."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from sessions_app.models.choices import DIRECTIONS, MODES


class SessionState(models.TextChoices):
    """How far a session has come. Every row reaches one of the last two."""

    OPEN = "open", "live"
    """It is live; ``boot`` says on which server."""
    CLOSED = "closed", "ended"
    """It ended as it should; ``reason`` says why."""
    LOST = "lost", "lost"
    """Its server died, as another server or the next start noticed."""


class Conversation(models.Model):
    """What a user sees as one conversation, over one or more sessions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    unheard_count = models.PositiveIntegerField(default=0)
    """How many utterances waited to be transcribed when their sound was deleted."""

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["user", "-started_at"])]

    def __str__(self) -> str:
        return self.title or f"Conversation of {self.started_at:%Y-%m-%d %H:%M} UTC"


class TranslationSession(models.Model):
    """One connection's life, as a row; in Django, a Session is a login."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="sessions"
    )
    current_conversation = models.ForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="current_sessions",
    )
    """The one that it began last; none: it still writes to ``conversation``."""
    state = models.CharField(
        max_length=8, choices=SessionState.choices, default=SessionState.OPEN, db_index=True
    )
    reason = models.CharField(max_length=60, blank=True)
    """Why it ended: ``client_left``, ``server_quits``, ..."""
    boot = models.CharField(max_length=40)
    """The serving process that has, or had, it."""
    generation = models.PositiveIntegerField(default=0)
    direction = models.CharField(max_length=8, choices=DIRECTIONS)
    mode = models.CharField(max_length=12, choices=MODES)
    engines = models.JSONField(default=dict)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)
    """The last sign of life."""
    ended_at = models.DateTimeField(null=True, blank=True)
    is_listening = models.BooleanField(default=False)
    """Whether it takes sound just now, from its client or from a guest."""
    end_requested_at = models.DateTimeField(null=True, blank=True)
    """When somebody asked, from wherever, that it should end; its server looks every second."""
    close_count = models.PositiveIntegerField(default=0)
    """How often it was closed, which is exactly once: the tests check it."""
    received_samples = models.BigIntegerField(default=0)
    speech_samples = models.BigIntegerField(default=0)
    silence_samples = models.BigIntegerField(default=0)
    discarded_samples = models.BigIntegerField(default=0)
    dropped_samples = models.BigIntegerField(default=0)
    unfinished_samples = models.BigIntegerField(default=0)
    losses = models.JSONField(default=dict)
    """Samples by reason, of what was discarded, dropped or left unfinished."""
    catcher = models.CharField(max_length=40, blank=True, default="")
    """The serving process that catches up on it: that transcribes what was cut off."""
    is_catch_up_wanted = models.BooleanField(default=False)
    """Whether somebody asked for that to be done at once."""

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} UTC {self.direction}"


class Speaker(models.Model):
    """Someone who speaks in a conversation; elsewhere core.events.Speaker stands for one."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="speakers"
    )
    key = models.CharField(max_length=20)
    """The id that messages carry; it stays when the name changes."""
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "key"], name="one_speaker_a_key"),
        ]

    def __str__(self) -> str:
        return self.name


class Exchange(models.Model):
    """One utterance with its translation; before it is stored, it is a core.events.Exchange."""

    session = models.ForeignKey(
        TranslationSession, on_delete=models.CASCADE, related_name="exchanges"
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="exchanges"
    )
    """Not always the session's: a session that starts afresh goes on in a new conversation."""
    utterance_id = models.PositiveIntegerField()
    speaker = models.ForeignKey(
        Speaker, on_delete=models.SET_NULL, null=True, blank=True, related_name="exchanges"
    )
    source = models.TextField()
    corrected = models.TextField(blank=True)
    translated = models.TextField(blank=True)
    language = models.CharField(max_length=2)
    direction = models.CharField(max_length=8, choices=DIRECTIONS)
    said_at = models.DateTimeField(default=timezone.now)
    """When it was ready to be sent, after it was spoken; during an outage it is stored later."""
    start_seconds = models.FloatField(default=0)
    """Where it begins on the session's clock, which goes on between listening periods.

    Messages to the client have it on the clock of the listening period. For typed text: when it was
    typed.
    """
    end_seconds = models.FloatField(default=0)
    """Where it ends, on the same clock."""
    confidence = models.FloatField(default=1)
    phrases = models.JSONField(default=list, blank=True)
    transcriber = models.CharField(max_length=120, blank=True)
    translator = models.CharField(max_length=120, blank=True)
    is_gist = models.BooleanField(default=False)
    """Whether rules translated it, so that it conveys only the gist."""
    failure = models.CharField(max_length=40, blank=True)
    """The code of what kept it from being translated."""
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    """What the language model read and wrote; 0 where none did."""
    cost = models.FloatField(default=0)
    """In the currency of HABLA_LLM_PRICES."""
    origin = models.UUIDField(null=True, blank=True, db_index=True)
    """What a guest of the session said it for, by the id it gave; none if people said it."""
    event = models.PositiveBigIntegerField(null=True, blank=True)
    """The number with which the client is told; none: the session cannot be resumed."""
    is_late = models.BooleanField(default=False)
    """Whether it was transcribed after its session had ended; it stands where it was spoken."""
    awaits_translation = models.BooleanField(default=False)
    """Whether the session ended before it was translated, so that it is translated afterwards."""

    class Meta:
        ordering = ["said_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "utterance_id"], name="one_exchange_an_utterance"
            ),
        ]
        indexes = [
            models.Index(
                fields=["session"],
                condition=models.Q(awaits_translation=True),
                name="exchange_awaits_translation",
            ),
        ]

    def __str__(self) -> str:
        return self.source[:60]

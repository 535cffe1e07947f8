"""The table of sessions that can be resumed, by their client and by another process."""

from django.db import models

from sessions_app.models.conversations import TranslationSession


class Resumption(models.Model):
    """What a client needs to attach again, and another process to go on with the session."""

    session = models.OneToOneField(
        TranslationSession, on_delete=models.CASCADE, primary_key=True, related_name="resumption"
    )
    ticket_hash = models.CharField(max_length=64, db_index=True)
    """SHA-256 of the ticket in use, in hexadecimal: who reads the table cannot attach."""
    following_hash = models.CharField(max_length=64, blank=True, default="", db_index=True)
    """The same of the one that follows, until it is known that the client has it."""
    login_hash = models.CharField(max_length=64, blank=True, default="")
    """The login with which it began; empty: none was needed. Without it no ticket is good."""
    seconds = models.FloatField()
    """How long the session outlives its connection."""
    detached_at = models.DateTimeField(null=True, blank=True)
    """Since when its client is away, by the database's clock; none: it is there."""
    is_handed_over = models.BooleanField(default=False)
    """Whether its server has ended, and left the session to whichever its client comes to."""
    checkpoint = models.JSONField(default=dict)
    """From where another process goes on: live/resuming/checkpoint.py."""

    class Meta:
        ordering = ["session"]

    def __str__(self) -> str:
        return f"Resumption of {self.session_id}"

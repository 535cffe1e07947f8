"""The table of tickets: who may read a conversation."""

import uuid

from django.conf import settings
from django.db import models

from sessions_app.models.conversations import Conversation, TranslationSession


class WatchTicket(models.Model):
    """Lets whoever has its secret read along with one conversation, whichever session has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="tickets")
    session = models.ForeignKey(
        TranslationSession, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The one that was live when it was made; none: that was deleted."""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tickets"
    )
    secret_hash = models.CharField(max_length=64, unique=True)
    """SHA-256 of the secret, in hexadecimal: who reads the table cannot read along."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    """When its conversation was over, since a new one was begun."""

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Ticket of {self.created_at:%Y-%m-%d %H:%M} UTC"

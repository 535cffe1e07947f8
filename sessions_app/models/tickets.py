"""The table of tickets: who may read a session."""

import uuid

from django.conf import settings
from django.db import models

from sessions_app.models.conversations import TranslationSession


class WatchTicket(models.Model):
    """Lets whoever has its secret read along with one session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(
        TranslationSession, on_delete=models.CASCADE, related_name="tickets"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tickets"
    )
    secret_hash = models.CharField(max_length=64, unique=True)
    """SHA-256 of the secret, in hexadecimal: who reads the table cannot read along."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Ticket of {self.created_at:%Y-%m-%d %H:%M} UTC"

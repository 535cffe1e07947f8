"""The table of sound that is to be deleted, while that may not be done yet."""

from django.db import models


class DeletedSound(models.Model):
    """The files of a recording whose row is gone. This row goes when they are."""

    recording_id = models.UUIDField(primary_key=True)
    directory = models.CharField(max_length=32, blank=True)
    """The id of the directory of recordings in which they lie; empty: not known."""
    deleted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["deleted_at", "recording_id"]

    def __str__(self) -> str:
        return f"{self.recording_id}"

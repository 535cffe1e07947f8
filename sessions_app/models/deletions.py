"""The table of recorded sound that is still to be deleted."""

from django.db import models


class DeletedSound(models.Model):
    """The files of a deleted recording. This row is deleted when they are."""

    recording_id = models.UUIDField(primary_key=True)
    directory = models.CharField(max_length=32, blank=True)
    """The id of the directory of recordings in which they lie; empty: not known."""
    deleted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["deleted_at", "recording_id"]

    def __str__(self) -> str:
        return f"{self.recording_id}"

"""The table of serving processes."""

from django.db import models


class Server(models.Model):
    """A serving process. Its row is deleted when it ends, or when another notices that it died."""

    boot = models.CharField(primary_key=True, max_length=40)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    address = models.CharField(max_length=255)
    run_dir = models.TextField()
    """Where commands on its machine reach it."""
    directory = models.CharField(max_length=32, blank=True, default="")
    """The id of the directory in which recordings lie there."""
    state = models.CharField(max_length=10)
    live = models.PositiveIntegerField(default=0)
    """How many sessions it has."""
    viewers = models.JSONField(default=dict)
    """How many read along through it, by the conversation's id and the ticket's."""
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)
    """The last sign of life, by the database's clock."""

    class Meta:
        ordering = ["started_at", "boot"]

    def __str__(self) -> str:
        return f"{self.host} {self.address}"

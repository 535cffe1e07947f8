"""The table of what the owner chose on the settings page."""

from django.db import models


class EngineSetting(models.Model):
    """An engine that the owner chose in place of the environment's; no row: the environment's."""

    kind = models.CharField(primary_key=True, max_length=12)
    """``translator``."""
    backend = models.CharField(max_length=20)
    url = models.CharField(max_length=300, blank=True)
    model = models.CharField(max_length=200, blank=True)
    profile = models.CharField(max_length=20, blank=True)
    key = models.CharField(max_length=300, blank=True)
    """Written only: no page, no log and no route shows it."""

    def __str__(self) -> str:
        return f"{self.kind} {self.backend}"

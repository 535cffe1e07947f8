"""The table of logins that failed, and of the places from which they succeeded."""

from django.db import models


class LoginDelay(models.Model):
    """How often logins failed lately: of a name, from an address, or of the one from the other."""

    key = models.CharField(primary_key=True, max_length=64)
    """A digest, so that the table shows no names, nor what was typed in place of one."""
    failures = models.FloatField(default=0)
    """How many were not forgotten yet at ``failed_at``."""
    failed_at = models.DateTimeField(db_index=True)
    is_known = models.BooleanField(default=False)
    """Whether this name has logged in from this address."""

    def __str__(self) -> str:
        return f"{self.failures:g} failures"

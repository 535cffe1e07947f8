"""The owner's own idioms."""

from django.db import models

from sessions_app.models.choices import LANGUAGES

REGISTERS = [(name, name) for name in ("neutral", "informal", "vulgar", "humorous")]


class IdiomPattern(models.Model):
    """An idiom that the owner has added to those that come with Habla."""

    pattern = models.CharField(max_length=120)
    """``~meter la pata``: the verb that is marked by ``~`` is found in all its forms."""
    meaning = models.CharField(max_length=200)
    literal = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=40, blank=True)
    """Where it is said: ``ES``, ``LA``, ``US``, ``UK``, with commas between; empty: anywhere."""
    register = models.CharField(max_length=12, blank=True, choices=REGISTERS)
    language = models.CharField(max_length=2, choices=LANGUAGES, default="es")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["language", "pattern"]
        verbose_name = "idiom"
        constraints = [
            models.UniqueConstraint(
                fields=["language", "pattern"], name="one_idiom_a_pattern_and_language"
            ),
        ]

    def __str__(self) -> str:
        return self.pattern.replace("~", "")

"""`manage.py check`: Django's own command, but with exit code 2 if a setting is wrong."""

from typing import Any

from django.core.management.base import CommandError, SystemCheckError
from django.core.management.commands import check

from sessions_app.management import terminal

WRONG_SETTING = 2


class Command(terminal.HablaCommand, check.Command):
    """Checks the settings."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Check; exit with WRONG_SETTING where Django would exit with 1."""
        try:
            super().handle(*app_labels, **options)
        except SystemCheckError as error:
            raise CommandError(str(error), returncode=WRONG_SETTING) from error

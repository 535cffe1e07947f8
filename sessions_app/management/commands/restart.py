"""`manage.py restart`: new engines in the running server, with no session ended."""

from typing import Any

from sessions_app.management.commands.reload import Command as TellServer


class Command(TellServer):
    """Let the server load a new generation of engines."""

    help = (
        "Loads the engines anew in the running server. Live sessions keep the old ones to their "
        "end; if the new ones cannot be loaded, the old ones go on serving."
    )
    order = "restart"
    answer_seconds = 3_600.0

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what is loaded now; exit 1 with the reason, 3 where no server runs."""
        super().handle(*args, **options)

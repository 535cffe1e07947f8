"""`manage.py reload_engines`: new engines in the running server, with no session ended."""

from sessions_app.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    """Let the running server load a new generation of engines."""

    help = (
        "Loads the engines again in the running server. Live sessions keep the old ones to their "
        "end; if the new ones cannot be loaded, the old ones go on serving."
    )
    word = "reload_engines"
    answer_seconds = 3_600.0

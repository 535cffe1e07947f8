"""`manage.py reload_settings`: settings that may change while the server runs, read again."""

from sessions_app.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    """Let the running server read its settings and its idioms again."""

    help = (
        "Lets the running server read again its idioms and those settings in habla.env, in the "
        "data directory, that may change while it runs."
    )
    word = "reload_settings"
    answer_seconds = 30.0

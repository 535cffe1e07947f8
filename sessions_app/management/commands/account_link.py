"""`manage.py account_link`: a link by which the first account is made."""

from sessions_app.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    """Let the running server make a new one-time link."""

    help = "Prints a link that makes the owner's account; good once, for an hour."
    word = "account_link"
    answer_seconds = 10.0

"""The columns of a session's row that hold its account."""

from typing import Any

from sessions_app.pipeline.account import Account


def account_columns(account: Account) -> dict[str, Any]:
    """Return the columns of a session's row that hold its account."""
    unfinished = account.unfinished
    losses = dict(account.discarded + account.dropped)
    return {
        "received_samples": account.received,
        "speech_samples": account.transcribed,
        "silence_samples": account.silence,
        "discarded_samples": account.discarded.total(),
        "dropped_samples": account.dropped.total(),
        "unfinished_samples": unfinished,
        "losses": losses | ({"unfinished": unfinished} if unfinished else {}),
    }

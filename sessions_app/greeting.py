"""The first and the last words of a session: what there is, and what became of it."""

from dataclasses import asdict

from sessions_app.audio import to_seconds
from sessions_app.book import Book
from sessions_app.events import Notice
from sessions_app.generations import Generation
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.utterance import Manner
from sessions_app.protocol import LIMITS, VERSION


def ready(book: Book, manner: Manner, generation: Generation) -> Notice:
    """Return the `ready` message."""
    infos = generation.engines.infos
    return Notice(
        "ready",
        {
            "protocol": VERSION,
            "session_id": str(book.session_id),
            "conversation_id": str(book.conversation_id),
            "direction": manner.direction,
            "mode": manner.mode,
            "generation": generation.number,
            "engines": {kind: asdict(info) for kind, info in infos.items()},
            "speakers": [asdict(speaker) for speaker in book.speakers.all()],
            "limits": LIMITS,
        },
    )


def closed(reason: str, account: Account) -> Notice:
    """Return the `closed` message."""
    accepted = to_seconds(account.received - account.dropped.total())
    fields = {
        "reason": reason,
        "accepted_seconds": round(accepted, 3),
        "account": account.as_dict(),
    }
    return Notice("closed", fields)

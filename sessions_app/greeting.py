"""What a session first tells its client: what there is, and what is allowed."""

from dataclasses import asdict

from sessions_app.book import Book
from sessions_app.events import Notice
from sessions_app.generations import Generation
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

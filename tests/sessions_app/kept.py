"""Rows as a live session would have stored them, and clients that request them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from sessions_app.access.authentication import owner
from sessions_app.access.owner_key import owner_key
from sessions_app.models import Conversation, Exchange, SessionState, Speaker, TranslationSession

BEGAN_AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def at_home(**options: Any) -> Client:
    """Return a program on the machine itself, which has the owner key.

    There is no socket whose other end the system could identify, so the key is required.
    """
    return Client(headers={"host": "localhost:8000"} | carrying_key(), **options)


def carrying_key() -> dict[str, str]:
    return {"authorization": f"Bearer {owner_key()}"}


def the_owner() -> User:
    user = owner()
    assert user is not None
    return user


def keep_conversation(
    user: User, *said: str, title: str = "", after_seconds: int = 0
) -> Conversation:
    """Store a conversation; if anything was ``said``, with one session."""
    conversation = Conversation.objects.create(user=user, title=title)
    began_at = BEGAN_AT + timedelta(seconds=after_seconds)
    Conversation.objects.filter(pk=conversation.pk).update(started_at=began_at)
    conversation.refresh_from_db()
    if said:
        keep_session(conversation, *said)
    return conversation


def keep_session(
    conversation: Conversation,
    *said: str,
    after_seconds: float = 0,
    state: SessionState = SessionState.CLOSED,
    speaker: Speaker | None = None,
) -> TranslationSession:
    """Store a session in ``conversation``, with one exchange of a second every two seconds."""
    session = TranslationSession.objects.create(
        conversation=conversation,
        state=state,
        boot="test",
        direction="es_to_en",
        mode="conversation",
        received_samples=32_000,
    )
    session.started_at = conversation.started_at + timedelta(seconds=after_seconds)
    session.save()
    for number, words in enumerate(said):
        keep_exchange(session, number, words, speaker)
    return session


def keep_exchange(
    session: TranslationSession, number: int, words: str, speaker: Speaker | None = None
) -> Exchange:
    """Store one exchange, ``source|translation``."""
    source, _, translated = words.partition("|")
    return Exchange.objects.create(
        session=session,
        conversation=session.conversation,
        speaker=speaker,
        utterance_id=number,
        source=source,
        translated=translated,
        language="es",
        direction="es_to_en",
        start_seconds=2 * number,
        end_seconds=2 * number + 1,
    )

"""What a live session writes to its rows. Every function runs on the database thread.

Those that return a future use write_behind.py: the row is written, however late.
"""

import asyncio
import math
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from sessions_app.core import events
from sessions_app.core.audio import to_seconds
from sessions_app.core.events import Manner
from sessions_app.core.exports import on_one_line
from sessions_app.core.steady_clock import clock
from sessions_app.core.storable_text import storable, storable_phrase
from sessions_app.models import (
    Conversation,
    Exchange,
    IdiomPattern,
    SessionState,
    Speaker,
    TranslationSession,
)
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.idioms.matching import Idiom
from sessions_app.store.account_columns import account_columns
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.ownership import reclaim
from sessions_app.store.resumptions import write_checkpoint
from sessions_app.store.row_owner import RowOwner
from sessions_app.store.tickets import end_tickets

ENGINE_CHARACTERS = 120
FAILURE_CHARACTERS = 40
"""The length of the column."""


def new_boot(directory_id: str) -> str:
    """Return a name for this run of the server of a data directory."""
    return f"{directory_id}-{uuid.uuid4().hex[:16]}"


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session's row begins with."""

    id: uuid.UUID
    user_id: int
    manner: Manner
    generation: int
    engines: Mapping[str, events.EngineInfo]
    boot: str


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """The conversation that a session writes to, and the names of those who speak in it."""

    conversation_id: uuid.UUID
    names: Mapping[str, str]
    """By speaker id."""


@on_database_thread
def begin_session(new: NewSession, conversation_id: uuid.UUID | None) -> ConversationRef:
    """Write the row of a session, in ``conversation_id`` if that is the user's, else a new one.

    Raises:
        StoreError: nothing was written.
    """
    with transaction.atomic():
        conversation = _own_conversation(new.user_id, conversation_id)
        TranslationSession.objects.create(
            id=new.id,
            conversation=conversation,
            boot=new.boot,
            generation=new.generation,
            direction=new.manner.direction,
            mode=new.manner.mode,
            engines={kind: asdict(info) for kind, info in new.engines.items()},
        )
        TranslationSession.objects.filter(pk=new.id).update(seen_at=Now(), started_at=clock.now())
        names = dict(conversation.speakers.values_list("key", "name"))
    return ConversationRef(conversation.pk, names)


def _own_conversation(user_id: int, conversation_id: uuid.UUID | None) -> Conversation:
    own = Conversation.objects.filter(user_id=user_id)
    found = own.filter(pk=conversation_id).first() if conversation_id else None
    return found or Conversation.objects.create(user_id=user_id, started_at=clock.now())


def begin_conversation(
    owner: RowOwner, user_id: int, left: uuid.UUID
) -> "tuple[ConversationRef, asyncio.Future[None]]":
    """Begin a conversation of a user; return it, and what is done once its row is there.

    The session leaves the conversation ``left``, whose tickets end.

    Raises:
        StoreError: too much of the session waits for the database; it was not begun.
    """
    kept = ConversationRef(uuid.uuid4(), {})
    begin = partial(
        _begin_conversation, owner.session_id, user_id, left, kept.conversation_id, clock.now()
    )
    user = get_user_model().objects.filter(pk=user_id)
    return kept, owner.post(begin, "a new conversation", user)


def _begin_conversation(
    session_id: uuid.UUID, user_id: int, left: uuid.UUID, begun: uuid.UUID, at: datetime
) -> None:
    Conversation.objects.get_or_create(pk=begun, defaults={"user_id": user_id, "started_at": at})
    TranslationSession.objects.filter(pk=session_id).update(current_conversation=begun)
    end_tickets(left, at)


@dataclass(frozen=True, slots=True)
class ExchangePlace:
    """Where an exchange belongs."""

    owner: RowOwner
    """Of the session's rows."""
    conversation_id: uuid.UUID
    offset_samples: int = 0
    """Where its listening period begins on the session's clock."""
    origin: uuid.UUID | None = None
    event: int | None = None
    """The number with which the client is told, where the session can be resumed."""
    checkpoint: Mapping[str, Any] | None = None
    """From where another process would go on once it is stored; written with it, or not at all."""


def save_exchange(exchange: events.Exchange, place: ExchangePlace) -> "asyncio.Future[int]":
    """Keep an exchange, dated now, when it is ready to be sent; return what will be its id.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    save = partial(_save_exchange, exchange, place, clock.now())
    conversation = Conversation.objects.filter(pk=place.conversation_id)
    return place.owner.post(save, "an exchange", conversation)


def _save_exchange(said: events.Exchange, place: ExchangePlace, at: datetime) -> int:
    session_id, conversation_id = place.owner.session_id, place.conversation_id
    offset = to_seconds(place.offset_samples)
    try:
        with transaction.atomic():
            row = Exchange.objects.create(
                session_id=session_id,
                conversation_id=conversation_id,
                speaker=speaker_row(conversation_id, said.speaker),
                said_at=at,
                origin=place.origin,
                event=place.event,
                **words_in_row(said, offset),
                **translation_in_row(said),
            )
            Conversation.objects.filter(pk=conversation_id).update(updated_at=at)
            give_title(conversation_id, storable(said.source))
            if place.checkpoint is not None:
                write_checkpoint(session_id, place.checkpoint)
    except IntegrityError:
        # an earlier attempt was committed, but the connection broke before the answer came
        before = Exchange.objects.filter(session_id=session_id, utterance_id=said.utterance_id)
        if (kept := before.values_list("pk", flat=True).first()) is None:
            raise
        return kept
    return row.pk


def words_in_row(said: events.Exchange, offset_seconds: float) -> dict[str, Any]:
    """Return the columns of an exchange that say what was said, and where on the session's clock.

    ``offset_seconds`` is where its listening period began on that clock.
    """
    return {
        "utterance_id": said.utterance_id,
        "source": storable(said.source),
        "language": said.language,
        "direction": said.direction,
        "start_seconds": said.start_seconds + offset_seconds,
        "end_seconds": said.end_seconds + offset_seconds,
        "confidence": said.confidence if math.isfinite(said.confidence) else 0.0,
        "transcriber": storable(said.transcriber, ENGINE_CHARACTERS),
        "is_late": said.is_late,
    }


def translation_in_row(said: events.Exchange) -> dict[str, Any]:
    """Return the columns of an exchange that say how it was translated."""
    return {
        "corrected": storable(said.corrected),
        "translated": storable(said.translated),
        "phrases": [storable_phrase(phrase) for phrase in said.phrases],
        "translator": storable(said.translator, ENGINE_CHARACTERS),
        "is_gist": said.is_gist,
        "failure": storable(said.failure, FAILURE_CHARACTERS),
        "awaits_translation": said.awaits_translation,
        "prompt_tokens": said.usage.prompt_tokens,
        "completion_tokens": said.usage.completion_tokens,
        "cost": said.usage.cost,
    }


def give_title(conversation_id: uuid.UUID, words: str) -> None:
    """Call a conversation by the first words of it, unless it has a title. Blocks."""
    line = on_one_line(words)
    title = line if len(line) <= 80 else line[:79] + "…"
    Conversation.objects.filter(pk=conversation_id, title="").update(title=title)


def speaker_row(conversation_id: uuid.UUID, speaker: events.Speaker | None) -> Speaker | None:
    """Return the row of a speaker, which is written if there is none. Blocks."""
    if speaker is None:
        return None
    row, _ = Speaker.objects.get_or_create(
        conversation_id=conversation_id, key=speaker.id, defaults={"name": speaker.name}
    )
    return row


def rename_speaker(
    owner: RowOwner, conversation_id: uuid.UUID, speaker: events.Speaker
) -> "asyncio.Future[None]":
    """Keep the name that people gave to a speaker.

    Raises:
        StoreError: too much waits for the database; it will not be kept.
    """
    rename = partial(_rename_speaker, conversation_id, speaker)
    conversation = Conversation.objects.filter(pk=conversation_id)
    return owner.post(rename, "a name", conversation)


def _rename_speaker(conversation_id: uuid.UUID, speaker: events.Speaker) -> None:
    Speaker.objects.update_or_create(
        conversation_id=conversation_id, key=speaker.id, defaults={"name": speaker.name}
    )


def end_session(owner: RowOwner, reason: str, account: Account) -> "asyncio.Future[bool]":
    """Close the session's row if it is open, and its owner's; the result is whether this call did.

    It is never refused.
    """
    end = partial(_end_session, owner, reason, account_columns(account), clock.now())
    return behind.post(end, "the end of a session")


def _end_session(owner: RowOwner, reason: str, account: dict[str, Any], at: datetime) -> bool:
    reclaim([owner.session_id], owner.boot)
    mine = TranslationSession.objects.filter(pk=owner.session_id, boot=owner.boot)
    return bool(
        mine.filter(state=SessionState.OPEN).update(
            state=SessionState.CLOSED,
            reason=reason,
            seen_at=at,
            ended_at=at,
            close_count=F("close_count") + 1,
            is_listening=False,
            **account,
        )
    )


async def poll_sessions(
    session_ids: Collection[uuid.UUID], boot: str, *, is_beat: bool
) -> set[uuid.UUID]:
    """Return which of these live sessions of the process ``boot`` somebody asked to end.

    With ``is_beat``, also say that they live.

    ``seen_at`` is what a server that died leaves of when it did; it is told by the database's
    clock, since those of two servers may differ.
    """
    return await _poll(session_ids, boot, is_beat) if session_ids else set()


@on_database_thread
def _poll(session_ids: Collection[uuid.UUID], boot: str, is_beat: bool) -> set[uuid.UUID]:
    mine = TranslationSession.objects.filter(pk__in=session_ids, boot=boot)
    rows = mine.filter(state=SessionState.OPEN)
    if is_beat:
        rows.update(seen_at=Now())
    return set(rows.filter(end_requested_at__isnull=False).values_list("pk", flat=True))


@on_database_thread
def own_idioms() -> list[Idiom]:
    """Return the idioms that the owner has added to those that come with Habla.

    Raises:
        StoreError: they could not be read.
    """
    fields = ("pattern", "meaning", "literal", "region", "register", "language")
    return [Idiom(**row) for row in IdiomPattern.objects.values(*fields)]

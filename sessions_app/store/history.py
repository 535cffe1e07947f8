"""Reads what was said so far: a user's own conversations, and nobody else's."""

import math
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_app.core import events
from sessions_app.core.corrections import phrase_of
from sessions_app.core.errors import CommandError
from sessions_app.core.exports import ExportLine, SessionExchanges, join_sessions
from sessions_app.core.search_patterns import patterns
from sessions_app.models import (
    CatchUpState,
    Conversation,
    Exchange,
    Recording,
    SessionState,
    Speaker,
    TranslationSession,
)
from sessions_app.store.catch_up_requests import with_waiting_in
from sessions_app.store.database.thread import on_database_thread

Row = TypeVar("Row", bound=Model)
UNHEARD = (CatchUpState.WAITING, CatchUpState.FAILED)
ROWS_A_PAGE = 200
"""How many rows of an export are in memory: one may take some kilobytes."""


@dataclass(frozen=True, slots=True)
class ConversationParts:
    """How much there is of each."""

    sentences: int
    recordings: int
    minutes: int
    """How long these are together, rounded up; one that is still made has at least one."""


def conversations_of(user: User, query: str = "") -> QuerySet[Conversation]:
    """Return the conversations in which ``user`` said something, newest first.

    What waits to be transcribed was said too. With a ``query``, those whose title, or one exchange
    of which, holds all of its words. Each has ``exchange_count`` and ``found``: the first
    exchange's source that matches, None if none does.
    """
    words = patterns(query)
    said = Exchange.objects.filter(conversation=OuterRef("pk"))
    matching = said.filter(*map(_said, words))
    titled = Q(*(Q(title__iregex=word) for word in words))
    unheard = Recording.objects.filter(conversation=OuterRef("pk"), catch_up__in=UNHEARD)
    return (
        Conversation.objects.filter(titled | Exists(matching) if words else Q(), user=user)
        .filter(Exists(said) | Exists(unheard))
        .annotate(
            exchange_count=_count(said, "conversation"),
            found=Subquery(matching.order_by("said_at", "pk").values("source")[:1]),
        )
        .order_by("-started_at", "pk")
    )


def _said(word: str) -> Q:
    return Q(source__iregex=word) | Q(corrected__iregex=word) | Q(translated__iregex=word)


def _count(said: QuerySet[Exchange], key: str) -> Coalesce:
    counted = said.order_by().values(key).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def conversation_of(user: User, conversation_id: UUID) -> Conversation:
    """Return one conversation of ``user``, with what `waiting_in` reads.

    Raises:
        CommandError: ``not_found``, also where it is another's.
    """
    own = with_waiting_in(Conversation.objects.filter(user=user))
    found: Conversation = _one(own, conversation_id)
    return found


def sessions_of(user: User) -> QuerySet[TranslationSession]:
    """Return the sessions of ``user``, newest first, each with its ``exchange_count``."""
    said = Exchange.objects.filter(session=OuterRef("pk"))
    return (
        TranslationSession.objects.filter(conversation__user=user)
        .select_related("conversation")
        .annotate(exchange_count=_count(said, "session"))
        .order_by("-started_at", "pk")
    )


def session_of(user: User, session_id: UUID) -> TranslationSession:
    """Return one session of ``user``, with its ``exchange_count``.

    Raises:
        CommandError: ``not_found``, also where it is another's.
    """
    return _one(sessions_of(user), session_id)


def _one(rows: QuerySet[Row], row_id: UUID) -> Row:
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise CommandError(_("There is no such conversation or session."), code="not_found")
    return row


def exchanges_of(kept: Conversation | TranslationSession) -> QuerySet[Exchange]:
    """Return what was said in a conversation or session, in the order in which it was sent."""
    return kept.exchanges.select_related("speaker").order_by("said_at", "pk")


def lines_of(kept: Conversation | TranslationSession) -> Iterator[ExportLine]:
    """Yield what was said in a conversation or session, to be exported.

    The times of a session are counted from its beginning. The times of a conversation run on from
    session to session, from when it was begun.
    """
    rows = _page_by_page(exchanges_of(kept))
    if isinstance(kept, TranslationSession):
        return (ExportLine(exchange_of_row(row), row.said_at) for row in rows)
    return join_sessions(_stretches(rows, _offsets(kept)))


def _page_by_page(rows: QuerySet[Exchange]) -> Iterator[Exchange]:
    """Yield ``rows`` with few in memory; no query is open between two pages.

    So each page may be read by another thread, as slowly as the client reads. The order is queried
    once, since no index has it.
    """
    order = _order(rows)
    for begin in range(0, len(order), ROWS_A_PAGE):
        keys = order[begin : begin + ROWS_A_PAGE]
        found = rows.in_bulk(keys.tolist())
        yield from (found[key] for key in keys if key in found)


def _order(rows: QuerySet[Exchange]) -> "array[int]":
    """Return the keys of ``rows``: session after session as they were told, each as it was said.

    What is typed while somebody speaks is told before what was begun earlier.
    """
    told = rows.values_list("session", "start_seconds", "pk").iterator()
    order = array("q")
    for _session, said in groupby(told, key=itemgetter(0)):
        order.extend(pk for _, _, pk in sorted(said, key=itemgetter(1)))
    return order


@on_database_thread
def names_in(conversation_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the names of the speakers of these conversations, by their keys."""
    rows = Speaker.objects.filter(conversation__in=conversation_ids)
    names: dict[UUID, dict[str, str]] = {}
    for conversation_id, key, name in rows.values_list("conversation", "key", "name"):
        names.setdefault(conversation_id, {})[key] = name
    return names


def said_between(
    conversation_id: UUID, after: int, newest: int, most: int
) -> list[tuple[UUID, events.Exchange]]:
    """Return what was kept of a conversation after one exchange up to another, in that order.

    That is the newest ``most`` of it, each with the id of the session in which it was said.
    """
    said = Exchange.objects.filter(conversation=conversation_id, pk__gt=after, pk__lte=newest)
    rows = said.select_related("speaker").order_by("-pk")[:most]
    return [(row.session_id, exchange_of_row(row)) for row in reversed(rows)]


def _offsets(conversation: Conversation) -> dict[UUID, float]:
    sessions = conversation.exchanges.order_by().values("session")
    begun = TranslationSession.objects.filter(pk__in=sessions).values_list("pk", "started_at")
    return {key: (at - conversation.started_at).total_seconds() for key, at in begun}


def _stretches(rows: Iterable[Exchange], offsets: dict[UUID, float]) -> Iterator[SessionExchanges]:
    for key, said in groupby(rows, key=lambda row: row.session_id):
        yield SessionExchanges(
            offsets.get(key, 0.0), ((exchange_of_row(row), row.said_at) for row in said)
        )


def exchange_of_row(row: Exchange) -> events.Exchange:
    """Return the exchange that a row holds; its times are on the session's clock."""
    who = row.speaker
    return events.Exchange(
        utterance_id=row.utterance_id,
        source=row.source,
        corrected=row.corrected,
        translated=row.translated,
        language=row.language,
        direction=events.Direction(row.direction),
        start_seconds=row.start_seconds,
        end_seconds=row.end_seconds,
        speaker=events.Speaker(who.key, who.name) if who else None,
        phrases=tuple(map(phrase_of, row.phrases)),
        confidence=row.confidence,
        transcriber=row.transcriber,
        translator=row.translator,
        is_gist=row.is_gist,
        failure=row.failure,
        exchange_id=row.pk,
        usage=events.Usage(row.prompt_tokens, row.completion_tokens, row.cost),
        is_late=row.is_late,
    )


def parts_of_conversation(conversation: Conversation) -> ConversationParts:
    """Return what is deleted with a conversation."""
    found = recordings_of_conversation(conversation).aggregate(
        count=Count("pk"), seconds=Coalesce(Sum("duration_seconds"), 0.0)
    )
    return ConversationParts(
        conversation.exchanges.count(),
        found["count"],
        math.ceil(found["seconds"] / 60) or min(found["count"], 1),
    )


def recordings_of_conversation(conversation: Conversation) -> QuerySet[Recording]:
    """Return the recordings of what was said in it.

    A session may have gone on in another conversation: only what belongs to this one counts.
    """
    unknown = Q(conversation=None, session__conversation=conversation)
    return Recording.objects.filter(Q(conversation=conversation) | unknown)


def part_with(conversation: Conversation) -> None:
    """Delete its recordings, and leave sessions that went on elsewhere to where they did.

    What is left belongs to it alone, and can be deleted with it.
    """
    recordings_of_conversation(conversation).delete()
    for session in conversation.sessions.all():
        other_id = _other_of(session, conversation)
        if other_id is not None:
            TranslationSession.objects.filter(pk=session.pk).update(conversation=other_id)


def delete_conversation(user: User, conversation_id: UUID) -> None:
    """Delete a conversation of ``user`` with all that was said in it, and its sound.

    What one of its sessions said in another conversation stays.

    Raises:
        CommandError: ``not_found``; ``still_live``: a session still writes to it.
    """
    with transaction.atomic():
        locked = Conversation.objects.select_for_update().filter(user=user)
        conversation = _one(locked, conversation_id)
        refuse_if_live(TranslationSession.objects.filter(_writes_to(conversation)))
        part_with(conversation)
        conversation.delete()


def delete_session(user: User, session_id: UUID) -> None:
    """Delete a session of ``user``, what was said in it, and the conversation if that was all.

    Raises:
        CommandError: ``not_found``; ``still_live``.
    """
    with transaction.atomic():
        locked = TranslationSession.objects.select_for_update(of=("self",))
        session = _one(locked.filter(conversation__user=user), session_id)
        refuse_if_live(TranslationSession.objects.filter(pk=session.pk))
        touched = Conversation.objects.filter(_written_by(session))
        conversation_ids = list(touched.values_list("pk", flat=True))
        session.delete()
        left = Conversation.objects.filter(pk__in=conversation_ids)
        left.filter(sessions=None, current_sessions=None, exchanges=None).delete()


def ask_to_end(session_ids: Collection[UUID]) -> None:
    """Note in the rows of these sessions that they should end; the first wish stands."""
    live = TranslationSession.objects.filter(pk__in=session_ids, state=SessionState.OPEN)
    live.filter(end_requested_at=None).update(end_requested_at=timezone.now())


def live_among(session_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these sessions that have not ended."""
    live = TranslationSession.objects.filter(pk__in=session_ids, state=SessionState.OPEN)
    return set(live.values_list("pk", flat=True))


def refuse_if_live(sessions: QuerySet[TranslationSession]) -> None:
    """Refuse to delete what a server still writes to.

    Raises:
        CommandError: ``still_live``.
    """
    if sessions.filter(state=SessionState.OPEN).exists():
        raise CommandError(_("It is still live: end it first, then delete it."), code="still_live")


def _other_of(session: TranslationSession, conversation: Conversation) -> UUID | None:
    """Return another conversation that the session wrote to; None: there is none."""
    current_id = session.current_conversation_id
    if current_id is not None and current_id != conversation.pk:
        return current_id
    for said in (session.exchanges, session.recordings):
        elsewhere = said.exclude(conversation=conversation).exclude(conversation=None)
        other_id: UUID | None = elsewhere.values_list("conversation_id", flat=True).first()
        if other_id is not None:
            return other_id
    return None


def _writes_to(conversation: Conversation) -> Q:
    named = Q(conversation=conversation) | Q(current_conversation=conversation)
    return named | Q(exchanges__conversation=conversation)


def _written_by(session: TranslationSession) -> Q:
    named = Q(sessions=session) | Q(current_sessions=session)
    return named | Q(exchanges__session=session)

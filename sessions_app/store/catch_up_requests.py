"""How much of ended sessions waits to become words, and asking for it. Everything here blocks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from sessions_app.bus.notify import rows_changed
from sessions_app.models import (
    CatchUpState,
    Conversation,
    Exchange,
    RecordedSegment,
    Recording,
    RecordingState,
    SessionState,
    TranslationSession,
)
from sessions_app.store.catch_up_facts import Waiting
from sessions_app.store.due_segments import (
    ENDED,
    KEPT,
    MOST_ATTEMPTS,
    OPEN_ENDED,
    due_segments,
    waiting_segments,
)
from sessions_app.store.liveness import directory_of

Of = Callable[[str], Q]
"""Returns a condition on recordings, whose columns have that prefix."""
TO_BE_HEARD = Q(state__in=KEPT, session__state__in=ENDED)
"""Recordings of ended sessions, whose files are complete."""
NOT_CUT = Q(undecided_from__isnull=False) | Q(
    catch_up=CatchUpState.UNKNOWN, state=RecordingState.SALVAGED
)
"""Recordings that are not cut into utterances to their end, as far as is known."""


@dataclass(frozen=True, slots=True)
class _WaitingRows:
    """The rows of all that waits."""

    segments: QuerySet[RecordedSegment]
    uncut: QuerySet[Recording]
    exchanges: QuerySet[Exchange]
    failed: QuerySet[RecordedSegment]


def _waiting_rows(of: Of, said: Q) -> _WaitingRows:
    """Return what waits of the recordings that ``of`` names, and of the exchanges ``said``."""
    heard = {"recording__state__in": KEPT, "recording__session__state__in": ENDED}
    segments = RecordedSegment.objects.filter(of("recording__"), **heard)
    open_ended = segments.filter(recording__catch_up__in=OPEN_ENDED)
    unheard = segments.filter(recording__catch_up__in=(*OPEN_ENDED, CatchUpState.FAILED))
    return _WaitingRows(
        waiting_segments(open_ended),
        Recording.objects.filter(of(""), TO_BE_HEARD, NOT_CUT, catch_up__in=OPEN_ENDED),
        Exchange.objects.filter(said, awaits_translation=True, session__state__in=ENDED),
        due_segments(unheard).filter(attempts__gte=MOST_ATTEMPTS),
    )


def _waiting(rows: _WaitingRows, deleted: int = 0) -> Waiting:
    return Waiting(
        rows.segments.count() + rows.uncut.count(),
        rows.exchanges.count(),
        rows.failed.count(),
        deleted,
    )


def waiting_of(user: User | None = None) -> Waiting:
    """Return how much waits, of ``user`` or of everybody."""
    whose = {} if user is None else {"user": user}
    conversations = Conversation.objects.filter(**whose)
    rows = _waiting_rows(
        lambda prefix: Q(**{f"{prefix}{name}": value for name, value in whose.items()}),
        Q() if user is None else Q(conversation__user=user),
    )
    return _waiting(rows, conversations.aggregate(count=Sum("unheard_count"))["count"] or 0)


def waiting_among(session_ids: Collection[UUID]) -> Waiting:
    """Return how much of these sessions waits; what was deleted of them is not counted."""
    rows = _waiting_rows(
        lambda prefix: Q(**{f"{prefix}session__in": session_ids}), Q(session__in=session_ids)
    )
    return _waiting(rows)


def with_waiting_in(conversations: QuerySet[Conversation]) -> QuerySet[Any]:
    """Return ``conversations``, each with what ``waiting_in`` reads."""

    def of(prefix: str) -> Q:
        here = Q(**{f"{prefix}conversation": OuterRef("pk")})
        # an earlier version noted no conversation
        of_before = Q(**{f"{prefix}conversation": None}) & Q(**{f"{prefix}marks": []})
        return here | (of_before & Q(**{f"{prefix}session__conversation": OuterRef("pk")}))

    rows = _waiting_rows(of, Q(conversation=OuterRef("pk")))
    return conversations.annotate(
        sentences_waiting=_count(rows.segments) + _count(rows.uncut),
        translations_waiting=_count(rows.exchanges),
        sentences_failed=_count(rows.failed),
    )


def waiting_in(conversation: Any) -> Waiting:
    """Return how much of a conversation waits, which has what ``with_waiting_in`` adds."""
    return Waiting(
        conversation.sentences_waiting,
        conversation.translations_waiting,
        conversation.sentences_failed,
        conversation.unheard_count,
    )


def with_waiting(sessions: QuerySet[TranslationSession]) -> QuerySet[Any]:
    """Return ``sessions``, each with its ``waiting_count``: how many utterances of it wait."""
    rows = _waiting_rows(
        lambda prefix: Q(**{f"{prefix}session": OuterRef("pk")}), Q(session=OuterRef("pk"))
    )
    count = _count(rows.segments) + _count(rows.uncut) + _count(rows.exchanges)
    return sessions.annotate(waiting_count=count)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """Return how many of ``rows`` there are, for a query around them."""
    as_one = rows.order_by().annotate(everything=Value(1)).values("everything")
    counted = as_one.annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def count_late(session_ids: Collection[UUID]) -> int:
    """Return how many exchanges of these sessions were transcribed afterwards."""
    return Exchange.objects.filter(session__in=session_ids, is_late=True).count()


def sessions_waiting(user: User | None = None) -> QuerySet[TranslationSession]:
    """Return the sessions of which something waits, or could not be transcribed."""
    recordings = Recording.objects.filter(
        TO_BE_HEARD, catch_up__in=(*OPEN_ENDED, CatchUpState.FAILED)
    )
    awaiting = Exchange.objects.filter(awaits_translation=True, session__state__in=ENDED)
    ids = set(recordings.values_list("session", flat=True))
    ids |= set(awaiting.values_list("session", flat=True))
    rows = TranslationSession.objects.filter(pk__in=ids)
    return rows if user is None else rows.filter(conversation__user=user)


def count_left_open(directory: str) -> int:
    """Return how many sessions are open of servers on one data directory, by its id."""
    left = TranslationSession.objects.filter(state=SessionState.OPEN)
    return left.filter(boot__startswith=directory_of(directory)).count()


def sessions_called(name: str) -> QuerySet[TranslationSession] | None:
    """Return the session with this id, or ``all`` sessions; None: there is none."""
    if name == "all":
        return TranslationSession.objects.all()
    try:
        rows = TranslationSession.objects.filter(pk=UUID(name))
    except ValueError:
        return None
    return rows if rows.exists() else None


def sessions_failed() -> QuerySet[TranslationSession]:
    """Return the sessions of which something could not be transcribed, however often tried."""
    failed = Recording.objects.filter(TO_BE_HEARD, catch_up=CatchUpState.FAILED)
    return TranslationSession.objects.filter(pk__in=failed.values("session"))


def sessions_of_conversation(conversation: Conversation) -> QuerySet[TranslationSession]:
    """Return the sessions of which something in a conversation waits."""
    of_before = Q(conversation=None, marks=[], session__conversation=conversation)
    recorded = Recording.objects.filter(Q(conversation=conversation) | of_before)
    awaiting = Exchange.objects.filter(conversation=conversation, awaits_translation=True)
    wanted = Q(pk__in=recorded.values("session")) | Q(pk__in=awaiting.values("session"))
    return TranslationSession.objects.filter(wanted)


def ask_to_catch_up(sessions: QuerySet[TranslationSession]) -> list[UUID]:
    """Ask that ended sessions are caught up on at once; return of which something is to be done.

    What was tried too often is tried again. Whichever server has the sound does it.
    """
    with transaction.atomic():
        asked = set(sessions.values_list("pk", flat=True))
        ids = [pk for pk in sessions_waiting().values_list("pk", flat=True) if pk in asked]
        recordings = Recording.objects.filter(session__in=ids)
        failed = due_segments(RecordedSegment.objects.filter(recording__in=recordings))
        failed.filter(attempts__gte=MOST_ATTEMPTS).update(attempts=0)
        recordings.filter(catch_up=CatchUpState.FAILED).update(catch_up=CatchUpState.WAITING)
        TranslationSession.objects.filter(pk__in=ids).update(is_catch_up_wanted=True)
    rows_changed()
    return ids


def note_unheard(recording: Recording) -> None:
    """Note, before a recording is deleted, how many utterances of it will never be heard."""
    due = due_segments(RecordedSegment.objects.filter(recording=recording)).count()
    count = due + (recording.undecided_from is not None)
    if count:
        at = recording.conversation_id
        here = Q(sessions__recordings=recording) if at is None else Q(pk=at)
        kept = Conversation.objects.filter(pk__in=Conversation.objects.filter(here).values("pk"))
        kept.update(unheard_count=F("unheard_count") + count)

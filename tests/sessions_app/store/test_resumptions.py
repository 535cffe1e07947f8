"""What the next process is told of a session that another one left."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from sessions_app.core.corrections import make_correction
from sessions_app.core.steady_clock import clock
from sessions_app.core.storable_text import storable_phrase
from sessions_app.models import (
    Conversation,
    Exchange,
    Resumption,
    SessionState,
    TranslationSession,
)
from sessions_app.recording.recovery import recover_at_start
from sessions_app.store import resumptions
from sessions_app.store.database.thread import database_thread
from tests.sessions_app.kept import keep_conversation, keep_session

pytestmark = pytest.mark.django_db(transaction=True)

TICKET = "the hash of a ticket"


@pytest.fixture(autouse=True)
async def database_thread_is_closed() -> AsyncIterator[None]:
    yield
    database_thread.close()


def leave_session(user: User) -> None:
    """Store a session that its process handed over, with one exchange that was not told yet."""
    conversation: Conversation = keep_conversation(user)
    session = keep_session(conversation, "Yo sabo.|I know.", state=SessionState.OPEN)
    correction = make_correction("Yo sabo", "Yo sé", "an irregular verb")
    told = {"event": 5, "is_gist": True, "phrases": [storable_phrase(correction)]}
    Exchange.objects.filter(session=session).update(**told)
    Resumption.objects.create(session=session, ticket_hash=TICKET, seconds=120, is_handed_over=True)


async def test_what_the_client_missed_is_told_with_all_that_the_rows_have() -> None:
    user = await User.objects.acreate_user("ana")
    await database_thread.run(leave_session, user)
    found = await resumptions.find(user.pk, "", TICKET, "here-1")
    assert found is not None
    assert found.is_orphan
    left = await resumptions.claim(found, "here-1")
    assert left is not None
    [(event, exchange)] = left.missed
    assert (event, exchange.source, exchange.is_gist) == (5, "Yo sabo.", True)
    assert exchange.phrases == (make_correction("Yo sabo", "Yo sé", "an irregular verb"),)
    assert await resumptions.claim(found, "there-1") is None


async def test_of_two_connections_one_claims_it_even_where_both_are_of_one_process() -> None:
    user = await User.objects.acreate_user("ana")
    await database_thread.run(leave_session, user)
    found = await resumptions.find(user.pk, "", TICKET, "here-1")
    assert found is not None
    assert await resumptions.claim(found, "here-1") is not None
    assert await resumptions.claim(found, "here-1") is None
    claimed = await resumptions.find(user.pk, "", TICKET, "here-1")
    assert claimed is not None
    assert not claimed.is_orphan


async def test_what_cannot_go_on_is_given_back_as_it_was() -> None:
    user = await User.objects.acreate_user("ana")
    await database_thread.run(leave_session, user)
    found = await resumptions.find(user.pk, "", TICKET, "here-1")
    assert found is not None
    assert await resumptions.claim(found, "here-1") is not None
    await resumptions.release_claim(found, "here-1")
    again = await resumptions.find(user.pk, "", TICKET, "here-1")
    assert again is not None
    assert (again.boot, again.is_orphan, again.is_handed_over) == (found.boot, True, True)
    assert await resumptions.claim(again, "there-1") is not None
    await resumptions.release_claim(found, "here-1")  # too late: it is another's
    theirs = await resumptions.find(user.pk, "", TICKET, "there-1")
    assert theirs is not None
    assert (theirs.boot, theirs.is_orphan) == ("there-1", False)


def leave_outdated(user: User) -> None:
    """Store two sessions that are over, for a day and more, and for less; and one that is not."""
    conversation: Conversation = keep_conversation(user)
    for number, hours in enumerate((25, 23, None)):
        session = keep_session(conversation, state=SessionState.CLOSED)
        if hours is None:
            TranslationSession.objects.filter(pk=session.pk).update(state=SessionState.OPEN)
        else:
            ended_at = clock.now() - timedelta(hours=hours)
            TranslationSession.objects.filter(pk=session.pk).update(ended_at=ended_at)
        Resumption.objects.create(session=session, ticket_hash=str(number), seconds=120)


async def test_a_start_deletes_the_tickets_of_what_has_been_over_for_a_day() -> None:
    user = await User.objects.acreate_user("ana")
    await database_thread.run(leave_outdated, user)
    await recover_at_start("here-1", lambda _: None)
    left = [row.ticket_hash async for row in Resumption.objects.order_by("ticket_hash")]
    assert left == ["1", "2"]

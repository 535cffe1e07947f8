"""Tests of the history: what a user finds of what was said."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet

from sessions_app.core.errors import CommandError
from sessions_app.models import (
    Conversation,
    Exchange,
    Recording,
    SessionState,
    Speaker,
    TranslationSession,
)
from sessions_app.store import history
from sessions_app.store.history import (
    conversation_of,
    conversations_of,
    delete_conversation,
    delete_session,
    exchanges_of,
    lines_of,
    session_of,
    sessions_of,
)
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import keep_conversation, keep_exchange, keep_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def eva() -> User:
    return User.objects.create_user("eva")


def test_conversations_are_newest_first_and_counted(ana):
    old = keep_conversation(ana, "uno|one", "dos|two")
    new = keep_conversation(ana, "tres|three", after_seconds=60)
    rows: QuerySet[Any] = conversations_of(ana)
    assert [(row, row.exchange_count) for row in rows] == [(new, 1), (old, 2)]


def test_a_conversation_in_which_nothing_was_said_is_not_shown(ana):
    keep_conversation(ana)
    assert list(conversations_of(ana)) == []


def test_nobody_finds_what_another_said(ana, eva):
    kept = keep_conversation(eva, "secreto|secret")
    session = kept.sessions.get()
    assert list(conversations_of(ana)) == []
    assert list(sessions_of(ana)) == []
    assert list(conversations_of(ana, "secreto")) == []
    for door, key in [
        (conversation_of, kept.pk),
        (session_of, session.pk),
        (delete_conversation, kept.pk),
        (delete_session, session.pk),
    ]:
        with pytest.raises(CommandError) as refusal:
            door(ana, key)
        assert refusal.value.code == "not_found"
    assert Exchange.objects.count() == 1


def test_an_administrator_finds_no_more_than_anybody(ana, eva):
    keep_conversation(eva, "secreto|secret")
    ana.is_superuser = True
    assert list(conversations_of(ana)) == []


@pytest.mark.parametrize(
    "query",
    ["café", "CAFE", "coffee", "mesa", "quiero coffee", "ÉL", "  café  solo "],
)
def test_words_are_found_in_source_translation_and_title(ana, query):
    kept = keep_conversation(ana, "Quiero un café solo.|I want a coffee.", "Él.|He.", title="Mesa")
    keep_conversation(ana, "Nada.|Nothing.")
    assert list(conversations_of(ana, query)) == [kept]


@pytest.mark.parametrize("query", ["té", "café mesa", ".*", "Nada café", "_", "%"])
def test_words_that_were_not_said_together_are_not_found(ana, query):
    keep_conversation(ana, "Quiero un café.|I want a coffee.", "Nada.|Nothing.", title="Mesa")
    assert list(conversations_of(ana, query)) == []


def test_what_was_found_is_shown(ana):
    keep_conversation(ana, "Hola.|Hello.", "Un café.|A coffee.", "Otro café.|Another.")
    rows: QuerySet[Any] = conversations_of(ana, "cafe")
    assert [row.found for row in rows] == ["Un café."]


def test_a_page_of_conversations_costs_one_query(ana, django_assert_num_queries):
    for number in range(12):
        keep_conversation(ana, "uno|one", after_seconds=number)
    rows: QuerySet[Any] = conversations_of(ana)
    with django_assert_num_queries(1):
        assert [row.exchange_count for row in rows[:10]] == [1] * 10


def test_a_page_of_exchanges_costs_one_query(ana, django_assert_num_queries):
    kept = keep_conversation(ana)
    speaker = Speaker.objects.create(conversation=kept, key="1", name="Ana")
    keep_session(kept, "uno", "dos", "tres", speaker=speaker)
    with django_assert_num_queries(1):
        assert [row.speaker for row in exchanges_of(kept)] == [speaker] * 3


def test_sessions_are_counted_with_their_own_exchanges(ana):
    kept = keep_conversation(ana, "uno")
    later = keep_session(kept, "dos", "tres", after_seconds=60)
    rows: QuerySet[Any] = sessions_of(ana)
    assert [(row.pk, row.exchange_count) for row in rows] == [
        (later.pk, 2),
        (kept.sessions.exclude(pk=later.pk).get().pk, 1),
    ]


def test_the_times_of_a_conversation_run_on_from_session_to_session(ana):
    kept = keep_conversation(ana, "uno|one")
    session = keep_session(kept, "dos|two", after_seconds=100)
    assert [(line.exchange.source, line.start_seconds) for line in lines_of(kept)] == [
        ("uno", 0),
        ("dos", 100),
    ]
    assert [line.start_seconds for line in lines_of(session)] == [0]


def test_what_was_typed_while_somebody_spoke_stands_where_it_was_typed(ana):
    session = keep_session(keep_conversation(ana), "typed|typed", "spoken|spoken", "last|last")
    for source, begins, ends in (("typed", 3.0, 3.0), ("spoken", 1.0, 5.0)):
        Exchange.objects.filter(source=source).update(start_seconds=begins, end_seconds=ends)
    for kept in (session, session.conversation):
        assert [(line.exchange.source, line.start_seconds) for line in lines_of(kept)] == [
            ("spoken", 1),
            ("typed", 3),
            ("last", 4),
        ]


def test_exported_lines_know_their_speaker_and_phrases(ana):
    kept = keep_conversation(ana)
    speaker = Speaker.objects.create(conversation=kept, key="1", name="Ana")
    row = keep_exchange(keep_session(kept), 0, "Voy a por agua.|I fetch water.", speaker)
    row.phrases = [{"text": "a por", "meaning": "for", "kind": "idiom", "literal": ""}]
    row.save()
    (line,) = lines_of(kept)
    assert (line.speaker, line.exchange.phrases[0].text) == ("Ana", "a por")
    assert (line.exchange.exchange_id, line.said_at) == (row.pk, row.said_at)


def test_exporting_many_lines_costs_few_queries_and_little_memory(
    ana, django_assert_num_queries, monkeypatch
):
    kept = keep_conversation(ana, "uno", "dos", "tres")
    keep_session(kept, "cuatro", "cinco", after_seconds=60)
    monkeypatch.setattr(history, "ROWS_A_PAGE", 2)
    with django_assert_num_queries(2 + 3):
        texts = [line.exchange.source for line in lines_of(kept)]
    assert texts == ["uno", "dos", "tres", "cuatro", "cinco"]
    with django_assert_num_queries(2 + 1):  # nothing is read before it is asked for
        assert next(lines_of(kept)).exchange.source == "uno"


def test_deleting_a_conversation_deletes_all_that_was_said_in_it(ana):
    kept = keep_conversation(ana, "uno", "dos")
    other = keep_conversation(ana, "tres")
    delete_conversation(ana, kept.pk)
    assert list(Conversation.objects.all()) == [other]
    assert [row.source for row in Exchange.objects.all()] == ["tres"]


def test_what_a_session_said_in_its_next_conversation_stays_and_its_sound_too(ana):
    kept = keep_conversation(ana, "uno")
    session = kept.sessions.get()
    afresh = Conversation.objects.create(user=ana)
    keep_exchange(session, 1, "dos")
    Exchange.objects.filter(source="dos").update(conversation=afresh)
    sounds = [keep_recording(ana, session=session, conversation=each) for each in (kept, afresh)]
    delete_conversation(ana, kept.pk)
    assert [row.source for row in exchanges_of(afresh)] == ["dos"]
    assert list(Recording.objects.all()) == [sounds[1]]
    assert list(afresh.sessions.all()) == [session]
    delete_conversation(ana, afresh.pk)
    assert [each.objects.count() for each in (Recording, Exchange, TranslationSession)] == [0] * 3


def test_the_sound_goes_with_a_conversation_that_a_session_went_on_in(ana):
    kept = keep_conversation(ana, "uno")
    session = kept.sessions.get()
    afresh = Conversation.objects.create(user=ana)
    TranslationSession.objects.update(current_conversation=afresh)
    sounds = [keep_recording(ana, session=session, conversation=each) for each in (kept, afresh)]
    delete_conversation(ana, afresh.pk)
    assert list(Recording.objects.all()) == sounds[:1]
    assert [row.source for row in exchanges_of(kept)] == ["uno"]


def test_deleting_a_session_leaves_the_others_of_its_conversation(ana):
    kept = keep_conversation(ana, "uno")
    session = keep_session(kept, "dos")
    delete_session(ana, session.pk)
    assert [row.source for row in exchanges_of(kept)] == ["uno"]


def test_deleting_the_only_session_deletes_its_conversation(ana):
    kept = keep_conversation(ana, "uno")
    delete_session(ana, kept.sessions.get().pk)
    assert not Conversation.objects.exists()


def test_what_a_lost_server_left_can_be_deleted(ana):
    kept = keep_conversation(ana)
    session = keep_session(kept, "uno", state=SessionState.LOST)
    delete_session(ana, session.pk)
    assert not Exchange.objects.exists()


def test_nothing_live_is_deleted(ana):
    kept = keep_conversation(ana)
    session = keep_session(kept, "uno", state=SessionState.OPEN)
    for door, key in [(delete_conversation, kept.pk), (delete_session, session.pk)]:
        with pytest.raises(CommandError) as refusal:
            door(ana, key)
        assert refusal.value.code == "still_live"
    assert Exchange.objects.count() == 1


def test_a_conversation_that_a_live_session_went_on_in_is_not_deleted(ana):
    session = keep_session(keep_conversation(ana), "uno", state=SessionState.OPEN)
    afresh = Conversation.objects.create(user=ana)
    Exchange.objects.update(conversation=afresh)
    with pytest.raises(CommandError) as refusal:
        delete_conversation(ana, afresh.pk)
    assert refusal.value.code == "still_live"
    TranslationSession.objects.filter(pk=session.pk).update(state=SessionState.CLOSED)
    delete_session(ana, session.pk)
    assert not Conversation.objects.filter(pk=afresh.pk).exists()


def test_what_never_was_is_not_found(ana):
    with pytest.raises(CommandError) as refusal:
        conversation_of(ana, uuid4())
    assert refusal.value.code == "not_found"

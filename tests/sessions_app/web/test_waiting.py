"""What waits to be transcribed: the conversation's page, the admin and the status say so."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import (
    Conversation,
    Exchange,
    RecordedSegment,
    Recording,
    RecordingState,
    SessionState,
    TranslationSession,
)
from sessions_app.store.catch_up_facts import Waiting
from sessions_app.store.catch_up_requests import waiting_of
from sessions_app.store.due_segments import MOST_ATTEMPTS
from tests.sessions_app.kept import at_home, keep_conversation, the_owner

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/sessions_app/translationsession/"


@pytest.fixture
def browser() -> Client:
    return at_home()


def keep_recording(
    user: User,
    *reasons: str,
    state: SessionState = SessionState.CLOSED,
    attempts: int = 0,
    undecided_from: int | None = None,
) -> Recording:
    """Store a recording of which utterances have no words for ``reasons``; empty: they have."""
    conversation = keep_conversation(user, "uno|one")
    conversation.sessions.update(state=state)
    recording = Recording.objects.create(
        user=user,
        session=conversation.sessions.get(),
        conversation=conversation,
        state=RecordingState.COMPLETE,
        encoding="pcm-s16le",
        bytes=100,
        marks=[[0, 0, "es_to_en", "conversation"]],
        undecided_from=undecided_from,
        catch_up="failed" if attempts == MOST_ATTEMPTS else "waiting",
    )
    for number, reason in enumerate(reasons):
        RecordedSegment.objects.create(
            recording=recording,
            utterance_id=number + 10,
            start_sample=1_000 * number,
            end_sample=1_000 * number + 500,
            text="" if reason else "uno",
            discarded=reason,
            attempts=attempts,
        )
    return recording


def page_of(browser: Client, recording: Recording) -> str:
    return browser.get(f"/history/{recording.conversation_id}/").text


def test_the_page_says_how_many_sentences_wait_and_has_a_button(browser):
    kept = keep_recording(the_owner(), "unfinished", "", "no_speech", "engine_failed")
    page = page_of(browser, kept)
    assert "2 sentences wait to be transcribed." in page
    assert "Transcribe now" in page
    assert re.search(r"js/waiting[\w.]*\.js", page)
    asked = browser.post(f"/history/{kept.conversation_id}/catch-up")
    assert (asked.status_code, asked.url) == (302, f"/history/{kept.conversation_id}/")
    assert TranslationSession.objects.get().is_catch_up_wanted


def test_a_page_of_which_nothing_waits_says_nothing_of_it(browser):
    kept = keep_recording(the_owner(), "", "no_speech", "too_short", "hallucination")
    page = page_of(browser, kept)
    assert "wait" not in page.partition('<ol class="list"')[0]
    assert "js/waiting.js" not in page


def test_what_is_not_cut_into_sentences_counts_as_one(browser):
    assert "1 sentence waits" in page_of(browser, keep_recording(the_owner(), undecided_from=9))


def test_what_could_not_be_transcribed_is_told_and_may_be_tried_again(browser):
    kept = keep_recording(the_owner(), "engine_failed", attempts=MOST_ATTEMPTS)
    page = page_of(browser, kept)
    assert "1 sentence could not be transcribed." in page
    assert "Try again" in page
    assert "js/waiting.js" not in page
    browser.post(f"/history/{kept.conversation_id}/catch-up")
    assert "1 sentence waits to be transcribed." in page_of(browser, kept)


def test_words_that_wait_for_their_translation_are_told(browser):
    conversation = keep_conversation(the_owner(), "uno|one", "dos")
    Exchange.objects.filter(source="dos").update(awaits_translation=True)
    page = browser.get(f"/history/{conversation.pk}/").text
    assert "1 sentence waits to be translated." in page
    assert "It waits to be translated." in page
    assert "It was not translated." not in page


def test_late_sentences_are_marked(browser):
    conversation = keep_conversation(the_owner(), "uno|one", "dos|two")
    Exchange.objects.filter(source="dos").update(is_late=True)
    page = browser.get(f"/history/{conversation.pk}/").text
    assert page.count('<span class="late"') == 1
    told = browser.get(f"/api/sessions/{conversation.sessions.get().pk}/exchanges").json()
    assert [one["late"] for one in told["items"]] == [True, False]
    exported = json.loads(browser.get(f"/history/{conversation.pk}/export?format=json").getvalue())
    assert [one.get("late") for one in exported["exchanges"]] == [None, True]


def test_where_the_sound_was_deleted_the_page_says_what_that_cost(browser):
    kept = keep_recording(the_owner(), "unfinished", "unfinished", "")
    kept.delete()
    page = page_of(browser, kept)
    assert "The sound was deleted; 2 sentences cannot be heard any more." in page
    assert "Transcribe now" not in page


def test_nothing_waits_of_a_session_that_is_live(browser):
    kept = keep_recording(the_owner(), "engine_failed", state=SessionState.OPEN)
    assert "waits" not in page_of(browser, kept)
    assert waiting_of() == Waiting()


def test_a_conversation_of_which_all_waits_stands_in_the_history(browser):
    kept = keep_recording(the_owner(), "unfinished")
    Exchange.objects.all().delete()
    assert f"/history/{kept.conversation_id}/" in browser.get("/history/").text
    Recording.objects.update(catch_up="done")
    assert f"/history/{kept.conversation_id}/" not in browser.get("/history/").text


def test_nobody_has_anothers_sound_transcribed(browser):
    kept = keep_recording(User.objects.create_user("ana"), "unfinished")
    assert browser.post(f"/history/{kept.conversation_id}/catch-up").status_code == 404
    assert not TranslationSession.objects.get().is_catch_up_wanted


def test_the_button_is_no_address_to_follow(browser):
    kept = keep_recording(the_owner(), "unfinished")
    assert browser.get(f"/history/{kept.conversation_id}/catch-up").status_code == 405


def test_a_conversation_costs_no_more_queries_for_what_waits(
    browser, django_assert_max_num_queries
):
    kept = keep_recording(the_owner(), "unfinished")
    browser.get("/history/")
    with django_assert_max_num_queries(4):
        page_of(browser, kept)


def test_the_status_tells_each_what_waits_of_theirs(browser):
    keep_recording(the_owner(), "unfinished")
    keep_recording(User.objects.create_user("ana"), "unfinished", undecided_from=5)
    told = browser.get("/api/status").json()["catching_up"]
    assert told == {"sentences": 3, "translations": 0, "failed": 0, "deleted": 0}
    ana = at_home()
    ana.force_login(User.objects.get(username="ana"))
    assert waiting_of(User.objects.get(username="ana")).sentences == 2


def test_the_admin_lists_filters_and_has_them_transcribed(browser):
    kept = keep_recording(the_owner(), "unfinished", "unfinished")
    keep_conversation(the_owner(), "dos|two", title="Other")
    failed = keep_recording(the_owner(), "engine_failed", attempts=MOST_ATTEMPTS)
    assert '<td class="field-waiting">2</td>' in browser.get(SESSIONS).text

    def listed(choice: str) -> set[object]:
        answer = browser.get(f"{SESSIONS}?catch_up={choice}")
        return {row.pk for row in answer.context["cl"].result_list}

    assert listed("waiting") == {kept.session_id}
    assert listed("failed") == {failed.session_id}
    chosen = list(TranslationSession.objects.values_list("pk", flat=True))
    asked = {"action": "catch_up", "_selected_action": chosen}
    page = browser.post(SESSIONS, asked, follow=True).text
    assert "2 sessions are being caught up on." in page
    wanted = TranslationSession.objects.filter(is_catch_up_wanted=True)
    assert set(wanted.values_list("pk", flat=True)) == {kept.session_id, failed.session_id}
    assert waiting_of() == Waiting(sentences=3)
    Recording.objects.all().delete()
    page = browser.post(SESSIONS, asked, follow=True).text
    assert "Nothing of them waits." in page
    assert Conversation.objects.filter(unheard_count__gt=0).count() == 2

"""Tests of recordings and playbacks for administrators."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from playback_app.models import Playback, PlaybackState, PlaybackWish
from playback_app.truths import write_truth
from sessions_app.models import Recording, RecordingState
from tests.playback_app.kept import keep_recording, some_sound
from tests.sessions_app.kept import at_home, the_owner

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

RECORDINGS = "/admin/sessions_app/recording/"
PLAYBACKS = "/admin/playback_app/playback/"
TRUTHS = "/admin/playback_app/groundtruth/"


@pytest.fixture
def browser() -> Client:
    return at_home()


@pytest.fixture
def kept() -> Recording:
    return keep_recording(the_owner(), "un café|a coffee", title="Dinner", sound=some_sound())


def act(browser: Client, address: str, action: str, *rows: Any, **more: str) -> Any:
    keys = [str(row.pk) for row in rows]
    return browser.post(address, {"action": action, "_selected_action": keys, **more}, follow=True)


def test_the_administrator_sees_what_everybody_recorded(browser, kept):
    keep_recording(User.objects.create_user("eva"), "tres", title="Lunch")
    page = browser.get(RECORDINGS).text
    assert "Dinner" in page
    assert "Lunch" in page


@pytest.mark.parametrize(
    ("address", "query", "found"),
    [
        (RECORDINGS, "dinner", 1),
        (RECORDINGS, "coffee", 1),
        (RECORDINGS, "owner", 1),
        (RECORDINGS, "nada", 0),
        (PLAYBACKS, "dinner", 1),
        (PLAYBACKS, "not-an-id", 0),
        (TRUTHS, "true", 1),
    ],
)
def test_the_tables_can_be_searched(browser, kept, address, query, found):
    Playback.objects.create(recording=kept, user=the_owner())
    write_truth(the_owner(), kept.pk, None, 0, "true", "")
    assert browser.get(address, {"q": query}).context["cl"].queryset.count() == found


@pytest.mark.parametrize(
    ("address", "query"),
    [
        (RECORDINGS, "state__exact=complete&is_bookmarked__exact=0&encoding=pcm-s16le"),
        (PLAYBACKS, "state__exact=starting&mode__exact=full&has_own_session__exact=0"),
    ],
)
def test_the_tables_can_be_filtered(browser, kept, address, query):
    Playback.objects.create(recording=kept, user=the_owner())
    assert browser.get(f"{address}?{query}").context["cl"].queryset.count() == 1


@pytest.mark.parametrize("address", [RECORDINGS, PLAYBACKS])
def test_a_table_costs_as_many_queries_with_many_rows_as_with_few(browser, kept, address):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        return len(queries)

    Playback.objects.create(recording=kept, user=the_owner())
    few = count()
    for number in range(10):
        more = keep_recording(the_owner(), "más", after_seconds=number)
        Playback.objects.create(recording=more, user=the_owner())
    assert count() == few


def test_nothing_is_rewritten_by_hand(browser, kept):
    page = browser.get(f"{RECORDINGS}{kept.pk}/change/")
    assert page.status_code == 200
    assert "a coffee" in page.text
    assert 'name="_save"' not in page.text
    assert browser.post(f"{RECORDINGS}{kept.pk}/change/", {"title": "x"}).status_code == 403


def test_a_playback_is_asked_to_stop_in_whatever_process_it_is(browser, kept):
    playing = Playback.objects.create(
        recording=kept, user=the_owner(), state=PlaybackState.PLAYING, boot="elsewhere"
    )
    page = act(browser, PLAYBACKS, "stop_playbacks", playing)
    assert "1 playback is asked to stop." in page.text
    playing.refresh_from_db()
    assert (playing.state, playing.wish) == (PlaybackState.PLAYING, PlaybackWish.STOP)


def test_stopping_what_has_ended_changes_nothing(browser, kept):
    ended = Playback.objects.create(
        recording=kept, user=the_owner(), state=PlaybackState.FINISHED, boot="elsewhere"
    )
    assert "None of them is being played." in act(browser, PLAYBACKS, "stop_playbacks", ended).text
    ended.refresh_from_db()
    assert (ended.state, ended.wish) == (PlaybackState.FINISHED, "")


def test_a_recording_is_played_without_a_browser_by_whichever_server_takes_it(browser, kept):
    page = act(browser, RECORDINGS, "play_without_a_browser", kept)
    assert "1 playback waits for a server to take it" in page.text
    playback = Playback.objects.get()
    assert (playback.recording, playback.user, playback.session) == (kept, kept.user, None)
    assert (playback.has_own_session, playback.state) == (True, PlaybackState.STARTING)


def test_what_cannot_be_played_says_why(browser, kept):
    bare = keep_recording(the_owner(), title="Bare")
    page = act(browser, RECORDINGS, "play_without_a_browser", bare)
    assert "Bare: " in page.text
    assert not Playback.objects.exists()


def test_bookmarks_are_set_and_removed(browser, kept):
    act(browser, RECORDINGS, "bookmark", kept)
    assert Recording.objects.get().is_bookmarked
    act(browser, RECORDINGS, "remove_bookmark", kept)
    assert not Recording.objects.get().is_bookmarked


def test_pruning_shows_first_what_would_go_and_what_stays(browser, kept):
    wanted = keep_recording(the_owner(), title="Wanted", is_bookmarked=True)
    page = act(browser, RECORDINGS, "prune", kept, wanted)
    assert [row.pk for row in page.context["going"]] == [kept.pk]
    assert [row.pk for row in page.context["staying"]] == [wanted.pk]
    assert Recording.objects.count() == 2
    page = act(browser, RECORDINGS, "prune", kept, wanted, sure="yes")
    assert "1 recording is gone." in page.text
    assert Recording.objects.get() == wanted


@pytest.mark.parametrize("action", ["delete_selected", "prune"])
def test_what_is_busy_is_neither_deleted_nor_pruned(browser, kept, action):
    growing = keep_recording(the_owner(), state=RecordingState.RECORDING)
    Playback.objects.create(recording=kept, user=the_owner(), state=PlaybackState.PAUSED)
    act(browser, RECORDINGS, action, kept, growing, post="yes", sure="yes")
    assert Recording.objects.count() == 2


def test_who_may_only_look_gets_no_actions(kept):
    eva = User.objects.create_user("eva", password="x", is_staff=True)
    view = Permission.objects.filter(codename__in=["view_recording", "view_playback"])
    eva.user_permissions.add(*view)
    browser = Client()
    browser.force_login(eva)
    for address in (RECORDINGS, PLAYBACKS):
        page = browser.get(address)
        assert page.status_code == 200
        assert page.context["action_form"] is None

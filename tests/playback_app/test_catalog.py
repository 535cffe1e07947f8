"""Tests of reading recordings."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from playback_app import catalog
from playback_app.models import Playback, PlaybackState
from playback_app.truths import newest_of_whole, write_truth
from sessions_app.core.errors import CommandError
from sessions_app.models import Recording, RecordingState
from sessions_app.recording.files import folder
from tests.playback_app.kept import keep_recording, some_sound
from tests.sessions_app.kept import the_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return the_owner()


def test_recordings_are_listed_newest_first_with_their_words_counted(owner):
    first = keep_recording(owner, "uno dos tres|one two three", "cuatro|four", "")
    second = keep_recording(owner, after_seconds=60)
    keep_recording(User.objects.create_user("eva"), "ajena|foreign")
    listed = [
        (row.pk, row.word_count, row.segment_count) for row in catalog.recordings_of(owner)[:9]
    ]
    assert listed == [(second.pk, 0, 0), (first.pk, 4, 2)]


def test_a_page_costs_two_queries_however_long_it_is(owner, django_assert_num_queries):
    for number in range(20):
        keep_recording(owner, "uno", "dos", after_seconds=number)
    with django_assert_num_queries(2):
        page = catalog.recordings_of(owner)[5:15]
    assert [row.word_count for row in page] == [2] * 10
    assert [row.started_at.second for row in page] == list(range(14, 4, -1))
    assert len(catalog.recordings_of(owner)) == 20


def test_a_recording_knows_whether_it_is_played_and_whether_it_has_a_ground_truth(owner):
    kept = keep_recording(owner, "uno")
    row = catalog.recording_of(owner, kept.pk)
    assert (row.is_playing, row.has_truth) == (False, False)
    playback = Playback.objects.create(recording=kept, user=owner)
    write_truth(owner, kept.pk, None, 0, "uno", "one")
    row = catalog.recording_of(owner, kept.pk)
    assert (row.is_playing, row.has_truth) == (True, True)
    Playback.objects.filter(pk=playback.pk).update(state=PlaybackState.FINISHED)
    assert not catalog.recording_of(owner, kept.pk).is_playing


def test_what_is_anothers_or_never_was_is_not_found(owner):
    foreign = keep_recording(User.objects.create_user("eva"), "ajena")
    for key in (foreign.pk, uuid4()):
        for act in (catalog.recording_of, catalog.toggle_bookmark, catalog.delete_recording):
            with pytest.raises(CommandError) as refusal:
                act(owner, key)
            assert refusal.value.code == "not_found"
    assert Recording.objects.get() == foreign


def test_segments_come_in_order_with_the_newest_ground_truth(owner):
    kept = keep_recording(owner, "ola|wave", "", "adiós|bye")
    first = catalog.spoken_segments(kept)[0]
    write_truth(owner, kept.pk, first.pk, 0, "hola", "hi")
    write_truth(owner, kept.pk, first.pk, 1, "¡hola!", "hello!")
    told = [
        (row.text, row.truth_version, row.true_transcript, row.true_translation)
        for row in catalog.spoken_segments(kept)
    ]
    assert told == [("ola", 2, "¡hola!", "hello!"), ("adiós", 0, None, None)]


def test_a_ground_truth_never_touches_the_original(owner):
    kept = keep_recording(owner, "ola|wave")
    segment = kept.segments.get()
    write_truth(owner, kept.pk, segment.pk, 0, "hola", "hi")
    segment.refresh_from_db()
    assert (segment.text, segment.translation) == ("ola", "wave")


def test_whoever_saw_an_older_version_overwrites_nothing(owner):
    kept = keep_recording(owner)
    write_truth(owner, kept.pk, None, 0, "uno", "one")
    for seen in (0, 2):
        with pytest.raises(CommandError) as refusal:
            write_truth(owner, kept.pk, None, seen, "dos", "two")
        assert refusal.value.code == "changed_meanwhile"
    newest = newest_of_whole(kept)
    assert newest is not None
    assert (newest.version, newest.transcript) == (1, "uno")


def test_a_segment_of_another_recording_gets_no_ground_truth(owner):
    other = keep_recording(owner, "otra").segments.get()
    with pytest.raises(CommandError) as refusal:
        write_truth(owner, keep_recording(owner, "esta").pk, other.pk, 0, "x", "")
    assert refusal.value.code == "not_found"


def test_a_bookmark_is_set_and_taken_away(owner):
    kept = keep_recording(owner)
    assert catalog.toggle_bookmark(owner, kept.pk).is_bookmarked
    assert not catalog.toggle_bookmark(owner, kept.pk).is_bookmarked


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_rows_and_files(owner):
    kept = keep_recording(owner, "uno", sound=some_sound())
    Playback.objects.create(recording=kept, user=owner, state=PlaybackState.STOPPED)
    write_truth(owner, kept.pk, None, 0, "uno", "one")
    catalog.delete_recording(owner, kept.pk)
    assert not Recording.objects.exists()
    assert not Playback.objects.exists()
    assert not folder(kept.pk).exists()


def test_what_is_recorded_or_played_just_now_is_not_deleted(owner):
    growing = keep_recording(owner, state=RecordingState.RECORDING)
    played = keep_recording(owner)
    Playback.objects.create(recording=played, user=owner, state=PlaybackState.PAUSED)
    for kept in (growing, played):
        with pytest.raises(CommandError) as refusal:
            catalog.delete_recording(owner, kept.pk)
        assert refusal.value.code == "still_live"
    assert Recording.objects.count() == 2

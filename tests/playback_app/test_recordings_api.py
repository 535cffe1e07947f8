"""Tests of the REST routes of recordings."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from playback_app.models import Playback
from playback_app.truths import MAX_CHARACTERS
from sessions_app.models import Recording, RecordingState
from sessions_app.recording import files
from tests.playback_app.kept import keep_recording, some_sound
from tests.sessions_app.kept import at_home, the_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Client:
    """Return a program on the machine itself: it has no cookies and no CSRF token."""
    return at_home(enforce_csrf_checks=True)


@pytest.fixture
def kept() -> Recording:
    return keep_recording(the_owner(), "ola mundo|wave world", "adiós|bye", sound=some_sound())


def put(browser: Client, address: str, **body: object) -> Any:
    return browser.put(address, body, content_type="application/json")


def test_a_recording_is_told_with_all_that_is_known(program, kept):
    assert program.get(f"/api/recordings/{kept.pk}").json() == {
        "id": str(kept.pk),
        "session_id": None,
        "title": "",
        "state": "complete",
        "started_at": "2026-03-01T10:00:00Z",
        "encoding": "pcm-s16le",
        "sample_rate": 16000,
        "direction": "es_to_en",
        "mode": "conversation",
        "duration_seconds": 4.0,
        "bytes": 32044,
        "has_sound": True,
        "is_bookmarked": False,
        "is_playing": False,
        "has_ground_truth": False,
        "segments": 2,
        "words": 3,
    }


def test_recordings_are_listed_newest_first_and_paged(program, kept, django_assert_max_num_queries):
    later = keep_recording(the_owner(), after_seconds=60)
    with django_assert_max_num_queries(4):
        everything = program.get("/api/recordings").json()
    assert [item["id"] for item in everything["items"]] == [str(later.pk), str(kept.pk)]
    second = program.get("/api/recordings?limit=1&offset=1").json()
    assert (second["count"], second["items"][0]["id"]) == (2, str(kept.pk))


def test_the_segments_are_told_with_what_was_really_said(program, kept):
    segment = kept.segments.first()
    written = put(
        program,
        f"/api/recordings/{kept.pk}/ground_truth",
        segment_id=segment.pk,
        transcript="hola mundo",
        translation="hello world",
    )
    assert written.status_code == 200
    assert written.json()["version"] == 1
    items = program.get(f"/api/recordings/{kept.pk}/segments").json()["items"]
    assert items[0] == {
        "id": segment.pk,
        "utterance_id": 1,
        "start_seconds": 0.0,
        "end_seconds": 1.0,
        "language": "es",
        "text": "ola mundo",
        "translation": "wave world",
        "discarded": "",
        "ground_truth_version": 1,
        "true_transcript": "hola mundo",
        "true_translation": "hello world",
    }
    assert (items[1]["ground_truth_version"], items[1]["true_transcript"]) == (0, "")


def test_an_older_version_is_a_conflict_and_too_much_text_is_refused(program, kept):
    address = f"/api/recordings/{kept.pk}/ground_truth"
    assert put(program, address, transcript="uno").status_code == 200
    conflict = put(program, address, transcript="dos")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "changed_meanwhile")
    assert put(program, address, version=1, transcript="dos").json()["version"] == 2
    too_much = put(program, address, version=2, transcript="x" * (MAX_CHARACTERS + 1))
    assert (too_much.status_code, too_much.json()["code"]) == (422, "invalid")
    assert put(program, address, version=-1, transcript="x").status_code == 422


def test_the_sound_comes_in_parts_and_by_a_plain_name(program, kept):
    address = f"/api/recordings/{kept.pk}/audio"
    whole = program.get(address)
    assert whole.headers["Content-Type"] == "audio/wav"
    assert whole.headers["Content-Disposition"] == 'inline; filename="habla-20260301-100000.wav"'
    assert b"".join(whole) == some_sound()
    part = program.get(address, headers={"range": "bytes=4-7"})
    assert (part.status_code, b"".join(part)) == (206, some_sound()[4:8])
    taken = program.get(f"{address}?download=1")
    assert taken.headers["Content-Disposition"].startswith("attachment; ")
    assert b"".join(taken) == some_sound()
    assert program.head(address).headers["Content-Length"] == "32044"
    outside = program.get(address, headers={"range": "bytes=99999999-"})
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, "bytes */32044")
    assert outside.json()["code"] == "requested_range_not_satisfiable"


def test_there_is_no_sound_of_what_is_not_kept_or_still_grows(program, kept):
    bare = keep_recording(the_owner(), "uno")
    assert program.get(f"/api/recordings/{bare.pk}/audio").json()["code"] == "not_found"
    Recording.objects.filter(pk=kept.pk).update(state=RecordingState.RECORDING)
    answer = program.get(f"/api/recordings/{kept.pk}/audio")
    assert (answer.status_code, answer.json()["code"]) == (409, "still_live")


def test_an_utterance_can_be_heard_by_itself_while_the_recording_still_grows(program, kept):
    Recording.objects.filter(pk=kept.pk).update(state=RecordingState.RECORDING)
    place = files.folder(kept.pk) / "segments"
    place.mkdir()
    (place / "1.wav").write_bytes(some_sound(0.5))
    address = f"/api/recordings/{kept.pk}/segments"
    heard = program.get(f"{address}/1/audio")
    assert (heard.headers["Content-Type"], b"".join(heard)) == ("audio/wav", some_sound(0.5))
    part = program.get(f"{address}/1/audio", headers={"range": "bytes=4-7"})
    assert (part.status_code, b"".join(part)) == (206, some_sound(0.5)[4:8])
    missing = program.get(f"{address}/2/audio")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_a_bookmark_is_set_twice_with_one_effect(program, kept):
    for _ in range(2):
        answer = put(program, f"/api/recordings/{kept.pk}/bookmark", is_bookmarked=True)
        assert answer.json()["is_bookmarked"] is True


@pytest.mark.django_db(transaction=True)  # the file is deleted once the transaction is committed
def test_deleting_is_done_once_and_not_while_it_is_played(program, kept):
    playback = Playback.objects.create(recording=kept, user=the_owner())
    refusal = program.delete(f"/api/recordings/{kept.pk}")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "still_live")
    playback.delete()
    assert program.delete(f"/api/recordings/{kept.pk}").status_code == 204
    assert program.delete(f"/api/recordings/{kept.pk}").status_code == 404


def test_what_is_anothers_or_never_was_is_not_found(program):
    foreign = keep_recording(User.objects.create_user("eva"), "uno", sound=some_sound())
    for key in (foreign.pk, uuid4()):
        address = f"/api/recordings/{key}"
        answers = [
            program.get(address),
            program.get(f"{address}/segments"),
            program.get(f"{address}/audio"),
            program.get(f"{address}/segments/1/audio"),
            put(program, f"{address}/ground_truth", transcript="x"),
            put(program, f"{address}/bookmark", is_bookmarked=True),
            program.delete(address),
        ]
        assert [answer.status_code for answer in answers] == [404] * 7
        assert {answer.json()["code"] for answer in answers} == {"not_found"}
    assert program.get("/api/recordings").json() == {"items": [], "count": 0}


def test_a_stranger_hears_nothing_and_a_foreign_page_changes_nothing(kept):
    stranger = Client()
    assert stranger.get(f"/api/recordings/{kept.pk}/audio").status_code == 401
    page = at_home(enforce_csrf_checks=True)
    origin = {"origin": "http://localhost:9999"}
    address = f"/api/recordings/{kept.pk}"
    assert page.delete(address, headers=origin).status_code == 401
    body = {"transcript": "x"}
    foreign = page.put(f"{address}/ground_truth", body, "application/json", headers=origin)
    assert foreign.status_code == 401
    page.force_login(the_owner())
    foreign = page.put(f"{address}/ground_truth", body, "application/json", headers=origin)
    assert foreign.status_code == 403
    assert page.delete(address, headers=origin).status_code == 403


@pytest.mark.parametrize(
    ("language", "too_long", "not_live"),
    [
        (
            "en",
            f"truth.transcript: String should have at most {MAX_CHARACTERS} characters",
            "There is no such live session.",
        ),
        (
            "es",
            f"truth.transcript: Como mucho puede tener {MAX_CHARACTERS} caracteres",
            "No existe esa sesión en vivo.",
        ),
    ],
)
def test_a_refusal_is_told_in_the_language_of_the_page(program, kept, language, too_long, not_live):
    program.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    body = {"version": 0, "transcript": "x" * (MAX_CHARACTERS + 1)}
    address = f"/api/recordings/{kept.pk}/ground_truth"
    assert put(program, address, **body).json()["message"] == too_long
    wanted = {"recording_id": str(kept.pk), "session_id": str(uuid4())}
    answer = program.post("/api/playbacks", wanted, content_type="application/json")
    assert answer.json()["message"] == not_live

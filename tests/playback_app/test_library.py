"""Pruning deletes the oldest recordings first; an imported file is sound, or is refused."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from playback_app.library import Limits, delete_with_files, import_file, plan_pruning, prune
from playback_app.models import GroundTruth, Playback, PlaybackState
from sessions_app.core.errors import CommandError, HablaError
from sessions_app.engines.decoding.pyav import decode_with_libav
from sessions_app.models import Recording, RecordingState, SessionState
from sessions_app.recording import files
from tests.engines.files import missing, picture, playlist, text
from tests.engines.made import Sound, made
from tests.engines.streams import stalled
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import BEGAN_AT, keep_conversation, keep_session, the_owner
from tests.sounds import mp4, ogg, say, wav, webm

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
SOUND = say("hola mundo")


@pytest.fixture
def user(tmp_path: Path, settings: Any) -> User:
    """Return a user of a server without recordings."""
    (tmp_path / "data").mkdir()
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path / "data"}
    return the_owner()


def keep(user: User, day: int, megabytes: int = 1, **fields: Any) -> Recording:
    recording = keep_recording(user, after_seconds=day * DAY, sound=wav(SOUND), **fields)
    Recording.objects.filter(pk=recording.pk).update(bytes=megabytes * 10**6)
    return recording


def plan(limits: Limits, day: int = 10) -> list[Recording]:
    return plan_pruning(limits, BEGAN_AT + timedelta(days=day))


def test_without_limits_everything_stays(user: User) -> None:
    keep(user, 0)
    assert plan(Limits(), day=10_000) == []


def test_what_is_too_old_goes_with_its_files(user: User) -> None:
    old, older, young = keep(user, 2), keep(user, 1), keep(user, 5)
    going = plan(Limits(days=7))
    assert going == [older, old]
    assert prune(going) == [older, old]
    assert list(Recording.objects.all()) == [young]
    assert list(files.recording_ids()) == [young.pk]


def test_what_is_too_much_goes_the_oldest_first(user: User) -> None:
    first, second, _ = keep(user, 1, 400), keep(user, 2, 400), keep(user, 3, 400)
    assert plan(Limits(gigabytes=1.3)) == []
    assert plan(Limits(gigabytes=0.9)) == [first]
    assert plan(Limits(gigabytes=0.5)) == [first, second]


def test_what_is_in_use_or_dear_to_somebody_never_goes(user: User) -> None:
    keep(user, 0, is_bookmarked=True)
    keep(user, 0, state=RecordingState.RECORDING)
    live = keep_session(keep_conversation(user), state=SessionState.OPEN)
    keep(user, 0, session=live)
    true = keep(user, 0)
    GroundTruth.objects.create(recording=true, version=1, transcript="hola", user=user)
    playing = keep(user, 0)
    Playback.objects.create(recording=playing, user=user, state=PlaybackState.PAUSED)
    played = keep(user, 0)
    Playback.objects.create(recording=played, user=user, state=PlaybackState.FINISHED)
    assert plan(Limits(days=1, gigabytes=0.000001)) == [played]


def test_what_became_dear_after_the_plan_stays(user: User) -> None:
    recording = keep(user, 0)
    going = plan(Limits(days=1))
    Recording.objects.filter(pk=recording.pk).update(is_bookmarked=True)
    assert (going, prune(going)) == ([recording], [])


def test_one_can_be_deleted_unless_it_is_in_use(user: User) -> None:
    done, live = keep(user, 0), keep(user, 0, state=RecordingState.RECORDING)
    delete_with_files(done.pk)
    with pytest.raises(CommandError) as unknown:
        delete_with_files(done.pk)
    with pytest.raises(CommandError) as busy:
        delete_with_files(live.pk)
    assert (unknown.value.code, busy.value.code) == ("unknown_recording", "still_live")
    assert list(files.recording_ids()) == [live.pk]


@pytest.mark.parametrize("encode", [wav, webm, ogg, mp4])
def test_any_media_becomes_a_recording(
    user: User, tmp_path: Path, encode: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a visit.media"
    path.write_bytes(encode(SOUND))
    recording = import_file(path, user, max_bytes=10**6)
    recording.refresh_from_db()
    assert (recording.state, recording.has_sound) == ("complete", True)
    assert (recording.title, recording.user) == ("a visit.media", user)
    raw = files.sound_path(recording.pk, recording.encoding)
    assert raw is not None
    assert b"".join(decode_with_libav(raw)) == b"".join(decode_with_libav(path))
    assert recording.bytes == raw.stat().st_size
    assert recording.duration_seconds == (recording.bytes - 44) / 32_000


@pytest.mark.parametrize("make", [missing, picture, playlist, text])
def test_what_holds_no_sound_is_refused_and_leaves_nothing(
    user: User, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    with pytest.raises(HablaError):
        import_file(make(tmp_path), user, max_bytes=10**6)
    assert (Recording.objects.count(), list(files.recording_ids())) == (0, [])


@pytest.mark.parametrize("encode", [wav, ogg])
def test_a_file_over_the_limit_and_sound_over_the_limit_are_refused(
    user: User, tmp_path: Path, encode: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "long"
    path.write_bytes(encode(SOUND))
    with pytest.raises(CommandError) as refused:
        import_file(path, user, max_bytes=len(SOUND) - 1)
    assert refused.value.code == "too_big"
    assert (Recording.objects.count(), list(files.recording_ids())) == (0, [])


def test_what_is_imported_goes_by_the_clock_of_its_file(user: User, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    path.write_bytes(made("matroska", Sound(SOUND, late=stalled(0, 10))))
    recording = import_file(path, user, max_bytes=10**7)
    raw = files.sound_path(recording.pk, recording.encoding)
    assert raw is not None
    assert recording.duration_seconds == pytest.approx(10 + len(SOUND) / 32_000, abs=0.1)
    assert raw.read_bytes()[44 : 44 + 32_000 * 9] == bytes(32_000 * 9)

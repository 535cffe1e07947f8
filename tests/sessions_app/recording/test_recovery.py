"""Only what belongs to nobody is deleted, and only what a dead server left is recovered."""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import recordings_directory
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.core.steady_clock import SteadyClock
from sessions_app.models import (
    DeletedSound,
    Recording,
    Server,
    SessionState,
    TranslationSession,
)
from sessions_app.recording import files, recovery, sidecars
from sessions_app.store import recordings
from sessions_app.store.database.thread import database_thread
from sessions_app.store.recording_facts import NewRecording
from sessions_app.store.row_owner import RowOwner
from tests.playback_app.kept import keep_recording, left_by
from tests.sessions_app.kept import the_owner

pytestmark = pytest.mark.django_db(transaction=True)

BOOT = "house-2"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Return an empty directory of recordings."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    yield tmp_path / "recordings"
    database_thread.close()


def put(recording_id: uuid.UUID, name: str, *, hours: float = 2) -> None:
    path = files.folder(recording_id) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + bytes(40 + 32_000))
    at = time.time() - hours * 3600
    os.utime(files.folder(recording_id), (at, at))


def states() -> set[str]:
    return set(Recording.objects.values_list("state", flat=True))


@pytest.fixture
def lost() -> Recording:
    return left_by("house-1")


def serve(boot: str) -> None:
    facts = {"host": "here", "pid": 1, "address": "", "run_dir": "", "state": "serving"}
    Server.objects.create(boot=boot, **facts)


@pytest.fixture
def not_left() -> list[Recording]:
    serve("elsewhere-2")
    return [
        left_by(BOOT),
        left_by("elsewhere-2"),
        left_by("house-1", SessionState.OPEN),
    ]


@pytest.fixture
def of_others(root: Path) -> dict[str, Recording]:
    """Return the recordings that dead servers left."""
    here = recordings_directory.identify()
    left = {place: left_by("elsewhere-1") for place in ("shared", "found", "elsewhere", "unknown")}
    for place, directory in (("shared", here), ("elsewhere", "another")):
        Recording.objects.filter(pk=left[place].pk).update(directory=directory)
    return left


@pytest.fixture
def known() -> Recording:
    return keep_recording(the_owner(), "hola")


async def test_what_a_dead_server_left_is_recovered(lost: Recording) -> None:
    put(lost.pk, "sound.wav.part")
    put(lost.pk, "segments/1.wav")
    put(lost.pk, "segments/2.wav.part")
    assert await recovery.recover_recordings(BOOT) == 1
    await lost.arefresh_from_db()
    assert (lost.state, lost.duration_seconds, lost.has_sound) == ("salvaged", 1.0, True)
    assert lost.bytes == 2 * 32_044
    assert files.unfinished_files(lost.pk) == []
    assert await recovery.recover_recordings(BOOT) == 0


async def test_one_of_which_there_is_nothing_is_forgotten(lost: Recording) -> None:
    assert await recovery.recover_recordings(BOOT) == 0
    assert await Recording.objects.acount() == 0


async def test_one_with_utterances_only_stays_without_its_sound(lost: Recording) -> None:
    put(lost.pk, "segments/1.wav")
    assert await recovery.recover_recordings(BOOT) == 1
    await lost.arefresh_from_db()
    assert (lost.state, lost.has_sound) == ("salvaged", False)


async def test_what_a_server_still_has_is_left_alone(not_left: list[Recording]) -> None:
    for recording in not_left:
        put(recording.pk, "sound.wav.part")
    assert await recovery.recover_recordings(BOOT) == 0
    assert await database_thread.run(states) == {"recording"}


async def test_whoever_is_left_recovers_what_lies_where_it_looks(
    of_others: dict[str, Recording],
) -> None:
    for place in ("shared", "found"):
        put(of_others[place].pk, "sound.wav.part")
    assert await recovery.recover_recordings(BOOT) == 2
    for place, recording in of_others.items():
        await recording.arefresh_from_db()
        is_here = place in ("shared", "found")
        assert (place, recording.state) == (place, "salvaged" if is_here else "recording")


async def test_what_a_process_still_writes_is_left_until_it_is_dead(lost: Recording) -> None:
    put(lost.pk, "sound.wav.part")
    with (files.folder(lost.pk) / "sound.wav.part").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert await recovery.recover_recordings(BOOT) == 0
    assert await recovery.recover_recordings(BOOT) == 1


async def test_one_server_recovers_it_and_another_if_that_one_dies(lost: Recording) -> None:
    put(lost.pk, "sound.wav.part")
    await database_thread.run(serve, "neighbour-1")
    assert await recordings.claim_recovery(lost.pk, "neighbour-1")
    assert await recovery.recover_recordings(BOOT) == 0
    await Server.objects.all().adelete()
    assert await recovery.recover_recordings(BOOT) == 1
    assert not await recordings.claim_recovery(lost.pk, "neighbour-1")


async def test_whoever_fails_leaves_it_to_others(
    lost: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    put(lost.pk, "sound.wav.part")
    put(lost.pk, "sound.wav")  # in the way
    failed: set[uuid.UUID] = set()
    for _ in range(2):
        assert await recovery.recover_recordings(BOOT, failed) == 0
    assert caplog.text.count("could not be recovered") == 1
    await database_thread.run(serve, BOOT)
    assert await recordings.claim_recovery(lost.pk, "neighbour-1")


async def test_what_is_closed_already_stays_as_it_is(lost: Recording) -> None:
    put(lost.pk, "sound.wav.part")
    await recovery.recover_recordings(BOOT)
    assert lost.session_id is not None
    owner = RowOwner(lost.session_id, "house-1")
    assert await recordings.complete_recording(
        owner, lost.pk, duration_seconds=9, size=9, has_sound=False
    )
    await lost.arefresh_from_db()
    assert (lost.state, lost.duration_seconds, lost.has_sound) == ("salvaged", 1.0, True)


async def test_old_files_that_no_row_knows_of_are_deleted(known: Recording) -> None:
    orphan, fresh = uuid.uuid4(), uuid.uuid4()
    put(orphan, "sound.wav")
    put(fresh, "sound.wav", hours=0)
    put(known.pk, "sound.wav")
    assert await recovery.delete_orphans() == 1
    assert set(files.recording_ids()) == {fresh, known.pk}


async def test_a_clock_that_is_set_makes_no_file_old(
    known: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, fresh = uuid.uuid4(), uuid.uuid4()
    put(old, "sound.wav")
    put(fresh, "sound.wav", hours=0)
    put(known.pk, "sound.wav")
    offset = 0.0
    clock = SteadyClock(lambda: time.time() + offset)
    monkeypatch.setattr(recovery, "clock", clock)
    offset = 365 * 86_400.0
    clock.sync()
    assert await recovery.delete_orphans() == 1
    assert set(files.recording_ids()) == {fresh, known.pk}
    put(old, "sound.wav")
    offset = -86_400.0
    assert await recovery.delete_orphans() == 0
    assert set(files.recording_ids()) == {old, fresh, known.pk}


async def test_a_database_that_knows_none_of_them_may_be_the_wrong_one() -> None:
    put(uuid.uuid4(), "sound.wav")
    assert await recovery.delete_orphans() == 0
    assert len(list(files.recording_ids())) == 1


# --- what was recorded while the database was away


@pytest.fixture
def unwritten(lost: Recording) -> NewRecording:
    """Return the row of a recording that its dead server could not write any more."""
    manner = Manner(Direction.EN_TO_ES, Mode.CLASSROOM)
    assert lost.session_id is not None
    new = NewRecording(
        uuid.uuid4(), lost.user_id, lost.session_id, "pcm-s16le", 8_000, manner, "another"
    )
    sidecars.write_sidecar(new)
    lost.delete()
    return new


def is_noted(new: NewRecording) -> bool:
    return files.sidecar_path(new.id).exists()


@pytest.mark.parametrize("name", ["sound.wav.part", "sound.wav"])
async def test_sound_whose_row_was_never_written_is_recovered_as_whose_it_is(
    unwritten: NewRecording, name: str
) -> None:
    put(unwritten.id, name)
    assert await recovery.recover_recordings(BOOT) == 1
    row = await Recording.objects.aget()
    assert (row.pk, row.user_id, row.session_id) == (
        unwritten.id,
        unwritten.user_id,
        unwritten.session_id,
    )
    assert (row.state, row.duration_seconds, row.has_sound) == ("salvaged", 2.0, True)
    assert (row.direction, row.mode, row.started_at) == (
        "en_to_es",
        "classroom",
        unwritten.started_at,
    )
    assert row.directory == recordings_directory.known_id()
    assert not is_noted(unwritten)
    assert await recovery.recover_recordings(BOOT) == 0


async def test_it_is_neither_begun_nor_deleted_while_its_process_may_write_the_row(
    unwritten: NewRecording, known: Recording
) -> None:
    put(unwritten.id, "sound.wav")
    put(known.pk, "sound.wav")
    await database_thread.run(serve, "house-1-elsewhere")
    rows = TranslationSession.objects.filter(pk=unwritten.session_id)
    await rows.aupdate(boot="house-1-elsewhere", state=SessionState.OPEN)
    assert await recovery.recover_recordings(BOOT) == 0
    await rows.aupdate(boot="house-1-elsewhere", state=SessionState.CLOSED)
    assert await recovery.recover_recordings("other-1") == 0
    assert await recovery.delete_orphans() == 0
    assert is_noted(unwritten)
    await Server.objects.all().adelete()
    assert await recovery.recover_recordings("other-1") == 1


async def test_what_was_deleted_does_not_come_back(
    unwritten: NewRecording, known: Recording
) -> None:
    put(unwritten.id, "sound.wav")
    put(known.pk, "sound.wav")
    await DeletedSound.objects.acreate(recording_id=unwritten.id)
    assert await recovery.recover_recordings(BOOT) == 0
    await DeletedSound.objects.all().adelete()
    await TranslationSession.objects.filter(pk=unwritten.session_id).adelete()
    assert await recovery.recover_recordings(BOOT) == 0
    assert await recovery.delete_orphans() == 1
    assert not is_noted(unwritten)
    assert set(files.recording_ids()) == {known.pk}


async def test_a_note_that_cannot_be_read_is_nobodys(unwritten: NewRecording) -> None:
    path = files.sidecar_path(unwritten.id)
    for text in ("", "[]", "{}", '{"id": "3"}', path.read_text().replace("classroom", "?")):
        path.write_text(text)
        assert sidecars.read_sidecars() == []

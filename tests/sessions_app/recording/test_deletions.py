"""Deleted sound is removed from the disk, whoever deletes the row, and whatever fails meanwhile."""

import asyncio
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from playback_app import library
from sessions_app.config import recordings_directory
from sessions_app.live.registry import Registry
from sessions_app.models import DeletedSound, Recording, RecordingState, Server
from sessions_app.recording import deletions, files, recovery
from sessions_app.store.database.thread import database_thread
from tests.playback_app.kept import keep_recording, some_sound
from tests.sessions_app.kept import at_home, keep_conversation, the_owner

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = "another"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """Return an empty directory of recordings."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    recordings_directory.identify()
    return tmp_path / "recordings"


def kept(directory: str = "", user: User | None = None, **fields: Any) -> Recording:
    """Return a recording whose files lie here, whatever its row says."""
    conversation = keep_conversation(user or the_owner(), "hola")
    return keep_recording(
        user or the_owner(),
        "hola",
        sound=some_sound(),
        session=conversation.sessions.get(),
        directory=directory or recordings_directory.known_id(),
        **fields,
    )


def waiting() -> list[tuple[uuid.UUID, str]]:
    return list(DeletedSound.objects.values_list("recording_id", "directory"))


def by_rest(recording: Recording) -> int:
    return at_home().delete(f"/api/recordings/{recording.pk}").status_code


def by_session(recording: Recording) -> int:
    return at_home().delete(f"/api/sessions/{recording.session_id}").status_code


def by_page(recording: Recording) -> int:
    return at_home().post(f"/recordings/{recording.pk}/delete").status_code


def by_page_of_its_conversation(recording: Recording) -> int:
    assert recording.session is not None
    where = f"/history/{recording.session.conversation_id}/delete"
    return at_home().post(where).status_code


def by_admin(recording: Recording) -> int:
    where = f"/admin/sessions_app/recording/{recording.pk}/delete/"
    return at_home().post(where, {"post": "yes"}).status_code


def by_its_user(recording: Recording) -> int:
    recording.user.delete()
    return 0


def by_command(recording: Recording) -> int:
    library.delete_with_files(recording.pk)
    return 0


def by_pruning(recording: Recording) -> int:
    assert library.prune([recording]) == [recording]
    return 0


WAYS: dict[Callable[[Recording], int], tuple[int, int]] = {
    by_rest: (204, 202),
    by_session: (204, 202),
    by_page: (302, 302),
    by_page_of_its_conversation: (302, 302),
    by_admin: (302, 302),
    by_its_user: (0, 0),
    by_command: (0, 0),
    by_pruning: (0, 0),
}
"""How a row is deleted, and the answer where its files lie here, and elsewhere."""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_by_whatever_way_a_row_goes_its_files_go_or_are_noted_to(
    way: Callable[[Recording], int],
) -> None:
    here, elsewhere = WAYS[way]
    own = kept()
    assert way(own) == here
    assert (list(files.recording_ids()), waiting()) == ([], [])
    other = kept(ELSEWHERE)
    assert way(other) == elsewhere
    assert not Recording.objects.filter(pk=other.pk).exists()
    assert waiting() == [(other.pk, ELSEWHERE)]


def test_pages_and_status_say_that_deleted_sound_lies_elsewhere() -> None:
    browser = at_home()
    told = browser.post(f"/recordings/{kept(ELSEWHERE).pk}/delete", follow=True)
    assert "deletes it at its next start" in told.content.decode()
    where = f"/admin/sessions_app/recording/{kept(ELSEWHERE).pk}/delete/"
    told = browser.post(where, {"post": "yes"}, follow=True)
    assert "2 deleted recordings wait for another process" in told.content.decode()
    assert browser.get("/api/status").json()["deletions_waiting"] == 2


@asynccontextmanager
async def deleting() -> AsyncIterator[Registry]:
    registry = Registry()
    task = asyncio.create_task(deletions.keep_deleting(registry.record_in), name="habla deletions")
    yield registry
    task.cancel()
    await asyncio.wait({task})
    database_thread.close()


async def test_what_was_not_finished_or_others_deleted_is_deleted_where_it_lies() -> None:
    here = recordings_directory.known_id()
    mine, unknown, missing, other = (uuid.uuid4() for _ in range(4))
    for recording_id in (mine, unknown, other):
        files.folder(recording_id).mkdir(parents=True)
    places = {mine: here, unknown: "", missing: "", other: ELSEWHERE}
    for recording_id, directory in places.items():
        await DeletedSound.objects.acreate(recording_id=recording_id, directory=directory)
    async with deleting() as registry:
        async with asyncio.timeout(8):
            while await DeletedSound.objects.acount() > 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert registry.sound_directory == here
    assert list(files.recording_ids()) == [other]
    assert {key for key, _ in await database_thread.run(waiting)} == {missing, other}
    database_thread.close()


async def test_rows_learn_where_their_files_lie() -> None:
    def rows() -> list[Recording]:
        facts = {"host": "here", "pid": 1, "address": "", "run_dir": "", "state": "serving"}
        Server.objects.create(boot="neighbour-1", directory="neighbour", **facts)
        return [kept(), kept("moved"), kept("neighbour"), keep_recording(the_owner(), "hola")]

    made = await database_thread.run(rows)
    await recovery.register_local_recordings()
    here = recordings_directory.known_id()
    for recording, directory in zip(made, (here, here, "neighbour", ""), strict=True):
        await recording.arefresh_from_db()
        assert recording.directory == directory
    database_thread.close()


async def test_an_import_that_broke_off_is_cleared_away_and_one_that_goes_on_is_not() -> None:
    going_on, slow, broken_off = [await database_thread.run(importing) for _ in range(3)]
    for quiet in (slow, broken_off):
        os.utime(part_of(quiet), (1, 1))
    with part_of(slow).open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert await recovery.delete_broken_imports() == 1
    assert {key async for key in Recording.objects.values_list("pk", flat=True)} == {
        going_on.pk,
        slow.pk,
    }
    assert set(files.recording_ids()) == {going_on.pk, slow.pk}
    database_thread.close()


def importing() -> Recording:
    """Return what an import began twenty minutes ago."""
    here = recordings_directory.known_id()
    recording = keep_recording(the_owner(), state=RecordingState.RECORDING, directory=here)
    Recording.objects.update(started_at=timezone.now() - timedelta(minutes=20))
    part_of(recording).parent.mkdir(parents=True)
    part_of(recording).write_bytes(bytes(100))
    return recording


def part_of(recording: Recording) -> Path:
    return files.folder(recording.pk) / "sound.wav.part"


def test_sound_that_lies_elsewhere_is_told_from_sound_that_is_not_kept() -> None:
    browser = at_home()
    elsewhere, nowhere = kept(ELSEWHERE), kept()
    for recording in (elsewhere, nowhere):
        files.delete_or_log(recording.pk)
    answers = [browser.get(f"/api/recordings/{one.pk}/audio") for one in (elsewhere, nowhere)]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (503, "kept_elsewhere"),
        (404, "not_found"),
    ]


def test_what_a_dead_process_left_elsewhere_is_not_said_to_be_recorded_still() -> None:
    browser = at_home()
    left = kept(ELSEWHERE, state=RecordingState.RECORDING)
    files.delete_or_log(left.pk)
    where = f"/api/recordings/{left.pk}"
    facts = {"host": "there", "pid": 1, "address": "", "run_dir": "", "state": "serving"}
    assert left.session is not None
    server = Server.objects.create(boot=left.session.boot, directory=ELSEWHERE, **facts)
    assert [browser.get(f"{where}/audio").status_code, by_rest(left)] == [409, 409]
    server.delete()
    assert browser.get(f"{where}/audio").json()["code"] == "kept_elsewhere"
    assert by_rest(left) == 202
    assert waiting() == [(left.pk, ELSEWHERE)]

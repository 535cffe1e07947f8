"""Files are found by id, and never outside of the directory of recordings."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.recording import files
from sessions_app.store.history import delete_conversation, delete_session
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import keep_conversation, the_owner


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """Return an empty directory of recordings."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    return tmp_path / "recordings"


def put(recording_id: uuid.UUID, name: str = "sound.ogg") -> Path:
    path = files.folder(recording_id) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    return path


def test_what_lies_there_is_found_by_id(root: Path) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    raw, segment = put(one), put(one, "segments/3.wav")
    put(one, "segments/4.wav.part")
    assert files.sound_path(one, Encoding.OGG_OPUS) == raw
    assert files.segment_path(one, 3) == segment
    assert files.segment_path(one, 4) is None
    assert files.sound_path(one, Encoding.WEBM_OPUS) is None
    assert files.sound_path(one, "../sound.ogg") is None
    assert files.sound_path(other, Encoding.OGG_OPUS) is None
    assert (files.total_bytes(one), files.total_bytes(other)) == (15, 0)
    assert list(files.recording_ids()) == [one]


def test_a_link_out_of_the_directory_leads_nowhere(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.ogg"
    outside.write_bytes(b"secret")
    by_file, by_folder = uuid.uuid4(), uuid.uuid4()
    put(by_file).unlink()
    (files.folder(by_file) / "sound.ogg").symlink_to(outside)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sound.ogg").write_bytes(b"secret")
    files.folder(by_folder).parent.mkdir(parents=True, exist_ok=True)
    files.folder(by_folder).symlink_to(tmp_path / "elsewhere")
    for recording_id in (by_file, by_folder):
        assert files.sound_path(recording_id, Encoding.OGG_OPUS) is None
        assert files.total_bytes(recording_id) == 0
        files.delete_or_log(recording_id)
        assert not files.folder(recording_id).exists()
    assert outside.read_bytes() == b"secret"
    assert (tmp_path / "elsewhere" / "sound.ogg").read_bytes() == b"secret"


def test_links_that_lead_in_a_circle_lead_nowhere(root: Path) -> None:
    recording_id = uuid.uuid4()
    path = put(recording_id)
    assert not files.has_link_outside(recording_id)
    path.unlink()
    path.symlink_to(path)
    assert files.sound_path(recording_id, Encoding.OGG_OPUS) is None
    assert files.has_link_outside(recording_id)


@pytest.mark.django_db(transaction=True)
def test_who_deletes_a_session_or_a_conversation_deletes_its_sound(root: Path) -> None:
    user = the_owner()
    for delete in ("session", "conversation"):
        conversation = keep_conversation(user, "hola")
        session = conversation.sessions.get()
        recording = keep_recording(user, "hola", sound=b"sound", session=session)
        assert list(files.recording_ids()) == [recording.pk]
        if delete == "session":
            delete_session(user, session.pk)
        else:
            delete_conversation(user, conversation.pk)
        assert list(files.recording_ids()) == []
    assert list(root.iterdir()) == []

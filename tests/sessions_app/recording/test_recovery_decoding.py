"""Recovering recordings that are expensive to decode, or cannot be decoded at the moment."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.models import Recording
from sessions_app.recording import files, recovery
from sessions_app.store.database.thread import database_thread
from tests.engines.files import played_seconds, too_expensive
from tests.engines.streams import encode, stalled
from tests.playback_app.kept import left_by
from tests.sounds import ogg, say, silence

pytestmark = pytest.mark.django_db(transaction=True)

BOOT = "house-2"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Return an empty directory of recordings."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    yield tmp_path / "recordings"
    database_thread.close()


@pytest.fixture
def lost() -> Recording:
    return left_by("house-1")


async def test_one_that_takes_too_much_to_decode_is_kept_and_has_no_length(
    lost: Recording, tmp_path: Path
) -> None:
    await Recording.objects.aupdate(encoding=Encoding.MP4_AAC)
    path = files.new_sound_path(lost.pk, Encoding.MP4_AAC)
    path.parent.mkdir(parents=True)
    too_expensive(tmp_path).rename(path)
    assert await recovery.recover_recordings(BOOT) == 1
    await lost.arefresh_from_db()
    assert (lost.state, lost.duration_seconds, lost.has_sound) == ("salvaged", 0.0, False)
    assert path.exists()


async def test_one_that_this_machine_has_no_room_to_decode_now_is_left_for_later(
    lost: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Recording.objects.aupdate(encoding=Encoding.OGG_OPUS)
    path = files.new_sound_path(lost.pk, Encoding.OGG_OPUS)
    path.parent.mkdir(parents=True)
    path.write_bytes(ogg(say("hola")))

    def no_room(*_: Any, **__: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    with monkeypatch.context() as full:
        full.setattr(subprocess, "Popen", no_room)
        assert await recovery.recover_recordings(BOOT) == 0
    assert path.exists()
    assert await recovery.recover_recordings(BOOT) == 1
    await lost.arefresh_from_db()
    assert (lost.state, lost.has_sound) == ("salvaged", True)


async def test_one_whose_source_stalled_is_recovered_with_silence_in_its_gap(
    lost: Recording,
) -> None:
    await Recording.objects.aupdate(encoding=Encoding.WEBM_OPUS)
    path = files.new_sound_path(lost.pk, Encoding.WEBM_OPUS)
    path.parent.mkdir(parents=True)
    stream = encode(say("hola mundo") + silence(2), Encoding.WEBM_OPUS, late=stalled(1, 20))
    path.with_name(f"{path.name}.part").write_bytes(stream[:-10])
    assert await recovery.recover_recordings(BOOT) == 1
    await lost.arefresh_from_db()
    assert lost.duration_seconds == pytest.approx(22.5, abs=0.15)
    assert played_seconds(path) == pytest.approx(22.5, abs=0.15)
    assert files.unfinished_files(lost.pk) == []

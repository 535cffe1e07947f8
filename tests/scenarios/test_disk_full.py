"""A full disk ends the recording with a warning; the session goes on."""

import os
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.models import Recording, TranslationSession
from sessions_app.recording import files
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence

HOLA = say("hola mundo") + silence(1.0)
GRACIAS = say("gracias") + silence(1.0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 64 KiB: two seconds of PCM."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "habla-test", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


async def test_a_full_disk_ends_the_recording_and_not_the_session(
    small_disk: Path, settings: Any, house: House, connect: Connect
) -> None:
    settings.HABLA = settings.HABLA | {"DATA_DIR": small_disk}
    sound = HOLA + GRACIAS + HOLA
    async with connect() as browser:
        await browser.speak(sound)
        assert browser.texts() == ["hola mundo", "gracias", "hola mundo"]
        assert browser.problems() == [("recording_stopped", "audio")]
        assert "disk is full" in browser.told("error")[0]["message"]
        recording = await Recording.objects.aget()
    path = files.sound_path(recording.pk, recording.encoding)
    assert path is not None
    with wave.open(str(path)) as file:
        kept = file.readframes(file.getnframes())
    assert sound.startswith(kept)
    assert len(kept) > 0
    assert recording.state == "complete"
    assert files.unfinished_files(recording.pk) == []
    assert (await TranslationSession.objects.aget()).reason == "client_left"


async def test_where_nothing_can_be_written_that_is_told_once_and_leaves_no_row(
    tmp_path: Path, settings: Any, house: House, connect: Connect
) -> None:
    (tmp_path / "recordings").write_text("no directory")
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    async with connect() as browser:
        await browser.speak(HOLA + GRACIAS)
        assert browser.texts() == ["hola mundo", "gracias"]
        assert browser.problems() == [("recording_stopped", "audio")]
    assert await Recording.objects.acount() == 0

"""The writer thread: nobody waits for it, and its memory is bounded."""

import threading
from pathlib import Path

from sessions_app.core.audio import Encoding
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.recording.writer import MAX_WAITING_BYTES, SoundWriter
from tests.house import eventually


def tape(directory: Path, failures: list[OSError]) -> RecordingFile:
    return RecordingFile(
        directory / "one" / "sound.ogg", Encoding.OGG_OPUS, on_failure=failures.append
    )


async def test_what_is_taken_is_on_the_disk_soon_without_being_asked_for(tmp_path: Path) -> None:
    writer, sound = SoundWriter(), tape(tmp_path, [])
    part = tmp_path / "one" / "sound.ogg.part"
    assert writer.append(sound, b"Ogg")
    assert writer.append(sound, b"S...")
    await eventually(lambda: part.exists() and part.read_bytes() == b"OggS...")
    await writer.run(lambda: sound.finish(is_whole=True))
    writer.close()


async def test_a_disk_that_stalls_is_given_no_more_than_can_be_held(tmp_path: Path) -> None:
    writer, sound = SoundWriter(), tape(tmp_path, [])
    goes_on = threading.Event()
    stalled = writer.run(goes_on.wait)
    half = bytes(MAX_WAITING_BYTES // 2)
    assert [writer.append(sound, half) for _ in range(4)] == [True, True, False, False]
    goes_on.set()
    assert await stalled
    await writer.run(lambda: None)
    assert writer.append(sound, half)
    await writer.run(lambda: sound.finish(is_whole=True))
    writer.close()


async def test_a_failure_is_told_once_and_nothing_more_is_written(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("no directory")
    failures: list[OSError] = []
    writer, sound = SoundWriter(), tape(tmp_path, failures)
    for _ in range(3):
        writer.append(sound, b"sound")
        await writer.run(lambda: None)
    assert [type(error) for error in failures] == [FileExistsError]
    writer.close()


async def test_what_was_taken_is_still_written_after_the_end(tmp_path: Path) -> None:
    writer, sound = SoundWriter(), tape(tmp_path, [])
    writer.append(sound, b"last")
    writer.close()
    writer.close()
    await eventually(lambda: sound.written_bytes == 4)
    assert sound.finish(is_whole=True)

"""A recording that a full disk keeps from being closed is closed later, without a restart."""

from pathlib import Path
from typing import Any

from sessions_app.models import Recording
from sessions_app.recording import files
from tests.conftest import Connect
from tests.house import House, eventually
from tests.sounds import say, silence

HOLA = say("hola mundo") + silence(1.0)


async def test_a_recording_is_closed_when_the_disk_lets_it(
    tmp_path: Path, settings: Any, house: House, connect: Connect
) -> None:
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        started = await browser.until("listening_started")
        await browser.send_sound(HOLA)
        await browser.until("translation")
        recording = await Recording.objects.aget(pk=started["recording"])
        in_the_way = files.folder(recording.pk) / "sound.wav"
        in_the_way.mkdir()
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        assert browser.problems() == []
    assert (await Recording.objects.aget()).state == "recording"
    in_the_way.rmdir()
    await eventually(lambda: files.sound_path(recording.pk, recording.encoding) is not None)
    await house.close()
    assert (await Recording.objects.aget()).state == "complete"

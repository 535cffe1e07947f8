"""Running out of file descriptors is reported as what it is, passes, and ends no session."""

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from playback_app.models import Playback
from playback_app.sources import Stream, read_segment, segments_of
from playback_app.store import job_of
from sessions_app.access.owner_key import is_carried_by, owner_key
from sessions_app.core import descriptors
from sessions_app.core.audio import Encoding
from sessions_app.core.caller import Caller
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.decoders import load_decoder
from sessions_app.models import Recording
from sessions_app.recording.recovery import recover_at_start
from sessions_app.server.writable import trouble_of
from tests.conftest import Connect
from tests.house import House
from tests.recordings import record
from tests.scarcity import no_file_can_be_opened
from tests.sounds import mp4, say, silence

HOLA = say("hola mundo") + silence(1.0)


@pytest.fixture(autouse=True)
def loaded() -> None:
    """Load what a process loads only once."""
    for encoding in (Encoding.PCM_S16LE, Encoding.MP4_AAC):
        load_decoder(encoding)


async def test_a_session_goes_on_without_recording_and_then_with_it(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.speak(HOLA)
        with no_file_can_be_opened():
            await browser.speak(HOLA)
            assert browser.texts() == ["hola mundo"] * 2
            assert browser.problems() == [("recording_stopped", "audio")]
            assert "Too many files" in browser.told("error")[0]["message"]
            assert house.registry.readiness() == [descriptors.EXHAUSTED]
        assert house.registry.readiness() == []
        await browser.speak(say("gracias") + silence(1.0))
        assert browser.texts() == ["hola mundo", "hola mundo", "gracias"]
    assert len(browser.problems()) == 1
    assert [row.state async for row in Recording.objects.all()] == ["complete"] * 2


async def test_sound_that_takes_a_process_is_refused_and_may_be_sent_again(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        with no_file_can_be_opened():
            await browser.say("start_listening", encoding="mp4-aac")
            await browser.until("error")
        assert [code for code, _ in browser.problems()] == ["too_many_files"]
        assert await browser.still_works()
        await browser.say("start_listening", encoding="mp4-aac")
        await browser.until("listening_started")
        await browser.send_bytes(mp4(HOLA))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        assert browser.texts() == ["hola mundo"]


async def test_a_playback_is_refused_and_may_be_asked_for_again(
    house: House, connect: Connect
) -> None:
    recording = await record(HOLA)
    wish = {"recording_id": str(recording.pk), "mode": "full", "speed": 0}
    async with connect() as browser:
        with no_file_can_be_opened():
            await browser.say("start_playback", **wish)
            await browser.until("error")
        assert browser.problems() == [("too_many_files", "start_playback")]
        await browser.say("start_playback", **wish)
        await browser.until("playback_finished")
        assert browser.texts() == ["hola mundo"]


async def test_what_is_played_is_not_called_gone_or_broken(house: House) -> None:
    recording = await record(HOLA, segments=("hola",))
    job = job_of(Playback(recording=recording, mode="full"))
    (segment,) = await segments_of(job)
    with closing(Stream(job)) as stream:
        for read in (stream.open, partial(read_segment, segment)):
            with no_file_can_be_opened(), pytest.raises(DecodeError) as failed:
                read()
            assert failed.value.code == "too_many_files"
            read()


async def test_what_looks_after_recordings_does_not_die_of_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await recover_at_start(house.registry.boot, lambda _: None)
    with no_file_can_be_opened():
        await recover_at_start(house.registry.boot, lambda _: None)
    assert "recordings could not be recovered: [Errno 24]" in caplog.text


def test_the_key_and_the_disk_are_not_called_wrong(tmp_path: Path) -> None:
    carrying = Caller("127.0.0.1", (("authorization", f"Bearer {owner_key()}"),))
    with no_file_can_be_opened():
        with pytest.raises(OSError, match="Too many open files"):
            is_carried_by(carrying)
        assert trouble_of(tmp_path) == descriptors.EXHAUSTED
    assert is_carried_by(carrying)
    assert trouble_of(tmp_path) == ""

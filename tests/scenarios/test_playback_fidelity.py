"""What reaches the detector during a playback is the recording, at every speed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.core.audio import Encoding
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.live.offline import OfflineResult, hear_file, opened
from tests.conftest import Connect
from tests.house import Client, House
from tests.recordings import record
from tests.sounds import say, silence, wav

TALK = say("hola mundo") + silence(1) + say("agua gracias") + silence(0.9) + say("hola")[:-2]


class Tap:
    """A detector that keeps what it is given, and passes it to another one."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.heard: list[bytes] = []

    def stream(self) -> "TapStream":
        return TapStream(self._inner.stream(), self.heard)


class TapStream:
    def __init__(self, inner: Any, heard: list[bytes]) -> None:
        self._inner = inner
        self._heard = heard

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        self._heard.append(pcm)
        found: Sequence[float] = self._inner.probabilities(pcm)
        return found


@contextmanager
def tapped(house: House) -> Iterator[Tap]:
    """Record what the detector of the next sessions is given."""
    generations = house.registry.generations
    assert generations is not None
    assert generations.current is not None
    engines = generations.current.engines
    tap = Tap(engines.detector)
    object.__setattr__(engines, "detector", tap)
    yield tap


MINUTE = (TALK * 20)[: 60 * 32_000 - 2 * 4_321]
"""Almost a minute of talk, which ends in the middle of a frame."""


@pytest.mark.parametrize(
    ("speed", "seconds"), [(0, 60), (1, 4), (2, 8), (8, 60), (16, 60)], ids=str
)
async def test_the_samples_and_the_finals_are_the_same_at_every_speed(
    house: House, connect: Connect, speed: float, seconds: int
) -> None:
    talk = MINUTE[: seconds * 32_000]
    recording = await record(talk)
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        await browser.until("playback_finished")
        expected = browser.texts()
    assert expected[:2] == ["hola mundo", "agua gracias"]
    with tapped(house) as tap:
        async with connect() as browser:
            await browser.say("start_playback", recording_id=str(recording.pk), speed=speed)
            begun_at = asyncio.get_running_loop().time()
            while (await browser.next())["type"] != "playback_finished":
                pass
            took = asyncio.get_running_loop().time() - begun_at
            assert browser.texts() == expected
    assert b"".join(tap.heard) == talk
    if speed:
        assert took >= len(talk) / 32_000 / speed - 0.3


async def test_holding_it_in_the_middle_changes_nothing(house: House, connect: Connect) -> None:
    recording = await record(TALK)
    with tapped(house) as tap:
        async with connect() as browser:
            await browser.say("start_playback", recording_id=str(recording.pk), speed=4)
            await browser.until("speech_started")
            for _ in range(3):
                await browser.say("pause_playback")
                await browser.until("playback_paused")
                await browser.say("resume_playback")
                await browser.until("playback_resumed")
            await browser.until("playback_finished")
            assert browser.texts() == ["hola mundo", "agua gracias", "hola"]
    assert b"".join(tap.heard) == TALK


async def test_a_held_playback_goes_nowhere(house: House, connect: Connect) -> None:
    recording = await record(TALK)
    with tapped(house) as tap:
        async with connect() as browser:
            await browser.say("start_playback", recording_id=str(recording.pk), speed=1)
            await browser.until("speech_started")
            await browser.say("pause_playback")
            await browser.until("playback_paused")
            await browser.still_works()
            heard = len(tap.heard)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await browser.until("playback_progress")
            assert len(tap.heard) == heard


async def test_twenty_times_at_once_the_finals_are_the_same(house: House, connect: Connect) -> None:
    recording = await record(TALK, Encoding.WEBM_OPUS)
    async with connect() as browser:
        for _ in range(20):
            await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
            await browser.until("playback_finished")
        assert browser.texts() == ["hola mundo", "agua gracias", "hola"] * 20


@pytest.mark.parametrize("direction", Direction)
async def test_spoken_played_and_from_a_file_the_words_are_the_same(
    direction: Direction, house: House, connect: Connect, tmp_path: Path
) -> None:
    talk = TALK + silence(1) + say("red house") + silence(0.2)
    async with connect(direction=direction) as browser:
        await browser.speak(talk)
        spoken = told(browser)
    async with connect(direction=direction) as browser:
        recording = await record(talk)
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        await browser.until("playback_finished")
        played = told(browser)
    path = tmp_path / "talk.wav"
    path.write_bytes(wav(talk))
    result = OfflineResult()
    async with opened(conf.read().engines, lambda *_: None) as generation:
        await hear_file(path, generation, Manner(direction, Mode.CONVERSATION), result)
    heard = [(said.source, said.translated, said.direction) for said in result.exchanges]
    assert len(spoken) == 4
    assert spoken == played == heard


def told(browser: Client) -> list[tuple[str, str, str]]:
    sources = browser.texts()
    told = browser.told("translation")
    return [
        (source, said["translated"], said["direction"])
        for source, said in zip(sources, told, strict=True)
    ]

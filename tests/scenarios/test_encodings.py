"""Every encoding that clients may send gives the same words."""

from collections.abc import Callable, Iterator

import pytest

from sessions_app.engines.decoding import libopus
from tests.conftest import Connect
from tests.engines.test_decoder_processes import children
from tests.house import House
from tests.sounds import at_rate, mp4, ogg, say, silence, webm

SPOKEN = say("hola mundo la casa es roja") + silence(1) + say("quiero agua")


@pytest.mark.parametrize(
    ("encoding", "encode"), [("webm-opus", webm), ("ogg-opus", ogg), ("mp4-aac", mp4)]
)
@pytest.mark.parametrize("size", [1_000, 10_000_000])
async def test_containers_are_heard_in_chunks_of_any_size(
    connect: Connect, encoding: str, encode: Callable[[bytes], bytes], size: int
) -> None:
    stream = encode(SPOKEN)
    async with connect() as browser:
        await browser.say("start_listening", encoding=encoding)
        for i in range(0, len(stream), size):
            await browser.send_bytes(stream[i : i + size])
        await browser.say("stop_listening")
        told = await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo la casa es roja", "quiero agua"]
    assert browser.translations() == ["hello world the house is red", "want water"]
    assert abs(told["received_seconds"] - len(SPOKEN) / 32_000) < 0.15


@pytest.fixture
def no_libopus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pretend that this machine has no libopus."""
    monkeypatch.setattr(libopus, "_names", lambda: iter(()))
    libopus.load_libopus.cache_clear()
    yield
    libopus.load_libopus.cache_clear()


@pytest.mark.usefixtures("no_libopus")
async def test_webm_is_heard_where_there_is_no_libopus(connect: Connect, house: House) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="webm-opus")
        await browser.send_bytes(webm(SPOKEN))
        await browser.until("transcript")
        assert len(children()) == 1
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo la casa es roja", "quiero agua"]


async def test_no_more_streams_are_decoded_than_there_may_be_sessions(
    connect: Connect, house: House
) -> None:
    async with connect() as first, connect() as second:
        house.choose(max_sessions=1)
        await first.say("start_listening", encoding="ogg-opus")
        await first.until("listening_started")
        await second.say("start_listening", encoding="mp4-aac")
        await second.until("error", code="too_many_streams", about="start_listening")
        await second.say("start_listening", encoding="webm-opus")
        await second.send_bytes(webm(say("hola mundo")))
        await second.say("stop_listening")
        await second.until("listening_stopped")
        await first.say("stop_listening")
        await first.until("listening_stopped")
        await second.say("start_listening", encoding="mp4-aac")
        await second.send_bytes(mp4(say("hola mundo")))
        await second.say("stop_listening")
        await second.until("listening_stopped")
    assert second.texts() == ["hola mundo", "hola mundo"]


@pytest.mark.parametrize("hertz", [8_000, 16_000, 44_100, 48_000])
async def test_plain_samples_are_heard_at_any_rate(connect: Connect, hertz: int) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le", sample_rate=hertz)
        await browser.send_sound(at_rate(SPOKEN, hertz))
        await browser.say("stop_listening")
        told = await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo la casa es roja", "quiero agua"]
    assert abs(told["received_seconds"] - len(SPOKEN) / 32_000) < 0.01


async def test_webm_is_taken_where_nothing_is_said_of_the_encoding(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening")
        await browser.send_bytes(webm(say("hola mundo")))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.told("listening_started")[0]["encoding"] == "webm-opus"
    assert browser.texts() == ["hola mundo"]

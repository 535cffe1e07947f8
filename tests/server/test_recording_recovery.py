"""A server is killed while it records: what was sent up to a second before is kept, and plays."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.pyav import decode_with_libav
from tests.engines.hearing import decode
from tests.lifecycle.shutdown_tools import ask
from tests.server.running import running
from tests.server.visitor import Visitor, visitor
from tests.sounds import mp4, ogg, say, silence, webm

pytestmark = pytest.mark.alone

SOUND = (say("hola mundo") + silence(0.9)) * 3
STREAMS = {
    "webm-opus": webm(SOUND),
    "ogg-opus": ogg(SOUND),
    "mp4-aac": mp4(SOUND),
    "pcm-s16le": SOUND,
}
ENDINGS = {"webm-opus": "webm", "ogg-opus": "ogg", "mp4-aac": "mp4", "pcm-s16le": "wav"}
LOST_SECONDS = 1.0
"""How much of the sound a kill may cost."""
ROWS = "select id, encoding, state, has_sound, duration_seconds, bytes from sessions_app_recording"


def sent_of(encoding: str) -> bytes:
    """Return the part of a stream that arrives: it ends in the middle of something."""
    stream = STREAMS[encoding]
    return stream[: len(stream) * 4 // 5 - 1]


async def speak(guest: Visitor, encoding: str) -> str:
    """Send a part of a stream; return the id of its recording."""
    await guest.say("start_listening", encoding=encoding)
    recording: str = (await guest.until("listening_started"))["recording"]
    sent = sent_of(encoding)
    for start in range(0, len(sent), 2000):
        await guest.send(sent[start : start + 2000])
    return recording


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def on_disk(part: Path, size: int) -> None:
    """Wait until a file has this size: no longer than the time that may be lost."""
    async with asyncio.timeout(LOST_SECONDS):
        while size_of(part) < size:  # noqa: ASYNC110 -- files tell nobody
            await asyncio.sleep(0.01)


def heard_in_time(encoding: str) -> float:
    """Return how much sound a session decodes from what arrives, in seconds."""
    decoder = open_decoder(Encoding(encoding))
    try:
        return len(decode(decoder, sent_of(encoding))) / 2 / SAMPLE_RATE
    finally:
        decoder.close()


def seconds_of(path: Path) -> float:
    return sum(len(block) for block in decode_with_libav(path)) / 2 / SAMPLE_RATE


async def test_what_a_killed_server_recorded_is_recovered_and_plays(
    data_dir: Path,
) -> None:
    lying: dict[str, Path] = {}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(data_dir))
        for encoding in STREAMS:
            guest = await stack.enter_async_context(visitor(server.socket_address))
            recording = await speak(guest, encoding)
            folder = data_dir / "recordings" / recording[:2] / recording
            lying[encoding] = folder / f"sound.{ENDINGS[encoding]}"
            part = lying[encoding].with_name(lying[encoding].name + ".part")
            await on_disk(part, len(sent_of(encoding)))
        silent = await stack.enter_async_context(visitor(server.socket_address))
        await silent.say("start_listening", encoding="webm-opus")
        await silent.until("listening_started")
        await server.kill()
    async with running(data_dir, has_engines=False) as server:
        await server.until_said("Recordings recovered from a server that died: 4.")
        server.signal()
        assert await server.ended() == 0
    rows = {encoding: row for _, encoding, *row in ask(data_dir / "habla.sqlite3", ROWS)}
    assert rows.keys() == STREAMS.keys()
    for encoding, path in lying.items():
        state, has_sound, seconds, size = rows[encoding]
        assert (state, has_sound) == ("salvaged", 1)
        assert seconds == pytest.approx(seconds_of(path), abs=1e-6)
        assert abs(heard_in_time(encoding) - seconds) < 0.15
        assert size == sum(one.stat().st_size for one in path.parent.rglob("*.wav")) + (
            0 if path.suffix == ".wav" else path.stat().st_size
        )
        assert list(path.parent.rglob("*.part")) == []

"""One sound as a stream of every encoding, and every way to decode it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from sessions_app.core.audio import Encoding
from sessions_app.engines.base import Decoder
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder
from tests.engines.streams import OPTIONS, chirp, encode

SECONDS = 3.3
SOUND = chirp(SECONDS)
STREAMS = {encoding: encode(SOUND, encoding) for encoding in OPTIONS}
WAYS: dict[str, tuple[Encoding, Callable[[], Decoder]]] = {
    "webm": (Encoding.WEBM_OPUS, lambda: open_decoder(Encoding.WEBM_OPUS)),
    "webm by PyAV": (Encoding.WEBM_OPUS, lambda: PyAVDecoder("webm")),
    "ogg": (Encoding.OGG_OPUS, lambda: open_decoder(Encoding.OGG_OPUS)),
    "mp4": (Encoding.MP4_AAC, lambda: open_decoder(Encoding.MP4_AAC)),
}
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def every_thread_ends() -> Iterator[None]:
    """Check that no test of a module that imports this leaves a thread; older ones may end late."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[first : first + size] for first in range(0, len(stream), size)]


def hear(decoder: Decoder, chunks: list[bytes]) -> bytes:
    with closing(decoder):
        return b"".join([decode(decoder, chunk) for chunk in chunks]) + decoder.flush()


def decode(decoder: Decoder, chunk: bytes) -> bytes:
    """All the PCM that a chunk completes."""
    heard = [decoder.decode(chunk)]
    while decoder.has_more:
        heard.append(decoder.decode(b""))
    return b"".join(heard)


def likeness(one: bytes, other: bytes) -> float:
    """The similarity of two sounds of about the same length: 1 for equal ones."""
    a, b = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (one, other))
    length = min(len(a), len(b))
    return float(np.corrcoef(a[:length], b[:length])[0, 1])

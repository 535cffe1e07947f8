"""Which decoder takes which encoding."""

from sessions_app.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.base import Decoder
from sessions_app.engines.libopus import load_libopus
from sessions_app.engines.pcm import PcmDecoder
from sessions_app.engines.pyav_stream import PyAVDecoder
from sessions_app.engines.webm import WebmOpusDecoder

CONTAINERS = {
    Encoding.WEBM_OPUS: "webm",
    Encoding.OGG_OPUS: "ogg",
    Encoding.MP4_AAC: "mp4",
}
"""libav's name of the container that each encoding is forced to be."""


def open_decoder(encoding: Encoding, *, sample_rate: int = SAMPLE_RATE) -> Decoder:
    """Return a decoder for one stream of ``encoding``; whoever takes it must close it.

    ``sample_rate`` in Hz counts for PCM only; other streams say theirs themselves. Opus decodes to
    the length of what was recorded, to one sample. AAC in a live MP4 does not say what its encoder
    added before the sound (1,024 to 2,112 samples, up to 48 ms), so that is heard too.

    Raises:
        DecodeError: the rate is not one that PCM may have.
    """
    if encoding is Encoding.PCM_S16LE:
        return PcmDecoder(sample_rate)
    libopus = load_libopus() if encoding is Encoding.WEBM_OPUS else None
    if libopus is not None:
        return WebmOpusDecoder(libopus)
    return PyAVDecoder(CONTAINERS[encoding])

"""Which decoder takes which encoding.

libav takes 16 MB and a tenth of a second to load, so it comes with the engines, in their thread,
and not with this module.
"""

from importlib import import_module

from sessions_app.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.base import Decoder

CONTAINERS = {
    Encoding.WEBM_OPUS: "webm",
    Encoding.OGG_OPUS: "ogg",
    Encoding.MP4_AAC: "mp4",
}
"""libav's name of the container that each encoding is forced to be."""


def load_decoders() -> None:
    """Load what decodes, so that the first stream need not wait for it. Blocks."""
    for name in ("libopus", "pcm", "pyav_stream", "webm"):
        import_module(f"sessions_app.engines.{name}")


def open_decoder(encoding: Encoding, *, sample_rate: int = SAMPLE_RATE) -> Decoder:
    """Return a decoder for one stream of ``encoding``; whoever takes it must close it.

    ``sample_rate`` in Hz counts for PCM only; other streams say theirs themselves. Opus decodes to
    the length of what was recorded, to one sample. AAC in a live MP4 does not say what its encoder
    added before the sound (1,024 to 2,112 samples, up to 48 ms), so that is heard too.

    Raises:
        DecodeError: the rate is not one that PCM may have.
    """
    # ruff: noqa: PLC0415 -- see above
    from sessions_app.engines.libopus import load_libopus
    from sessions_app.engines.pcm import PcmDecoder
    from sessions_app.engines.pyav_stream import PyAVDecoder
    from sessions_app.engines.webm import WebmOpusDecoder

    if encoding is Encoding.PCM_S16LE:
        return PcmDecoder(sample_rate)
    libopus = load_libopus() if encoding is Encoding.WEBM_OPUS else None
    if libopus is not None:
        return WebmOpusDecoder(libopus)
    return PyAVDecoder(CONTAINERS[encoding])

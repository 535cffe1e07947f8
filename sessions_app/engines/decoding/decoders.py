"""Which decoder handles which encoding.

libav takes 16 MB and a tenth of a second to load, so it is not imported with this module but with
the first stream that needs it: what most browsers send is decoded by libopus alone.
"""

# ruff: noqa: PLC0415 -- see above

from importlib import import_module

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.base import Decoder

CONTAINERS = {
    Encoding.WEBM_OPUS: "webm",
    Encoding.OGG_OPUS: "ogg",
    Encoding.MP4_AAC: "mp4",
}
"""libav's name of the container that each encoding must be in."""


def container_apart(encoding: Encoding) -> str | None:
    """Return libav's name of the container if ``encoding`` needs libav, and so its own process.

    None: it is decoded in the caller's thread, by libopus or without any library.
    """
    from sessions_app.engines.decoding.libopus import load_libopus

    if encoding is Encoding.WEBM_OPUS and load_libopus() is not None:
        return None
    return CONTAINERS.get(encoding)


def load_decoder(encoding: Encoding) -> None:
    """Load the decoder of ``encoding``, unless it is loaded. Blocks."""
    from sessions_app.engines.decoding.libopus import load_libopus

    if encoding is Encoding.WEBM_OPUS and load_libopus() is not None:
        import_module("sessions_app.engines.decoding.webm")
    elif encoding is Encoding.PCM_S16LE:
        import_module("sessions_app.engines.decoding.pcm")
    else:
        import_module("sessions_app.engines.decoding.pyav_stream")


def open_decoder(encoding: Encoding, *, sample_rate: int = SAMPLE_RATE) -> Decoder:
    """Return a decoder for one stream of ``encoding``; the caller must close it.

    What needs libav is decoded in this process; live sessions use a separate process.
    ``sample_rate`` in Hz is for PCM only; other streams contain theirs. Opus decodes to the length
    of what was recorded, to one sample. AAC in a live MP4 does not say what its encoder added
    before the sound (1,024 to 2,112 samples, up to 48 ms), so that is decoded too.

    Raises:
        DecodeError: the rate is not one that PCM may have.
    """
    if encoding is Encoding.PCM_S16LE:
        from sessions_app.engines.decoding.pcm import PcmDecoder

        return PcmDecoder(sample_rate)
    if encoding is Encoding.WEBM_OPUS:
        from sessions_app.engines.decoding.libopus import load_libopus
        from sessions_app.engines.decoding.webm import WebmOpusDecoder

        if (library := load_libopus()) is not None:
            return WebmOpusDecoder(library)
    from sessions_app.engines.decoding.pyav_stream import PyAVDecoder

    return PyAVDecoder(CONTAINERS[encoding])

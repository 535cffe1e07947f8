"""A synthetic spoken sentence with which engines are tested."""

from functools import cache
from importlib.resources import as_file, files

SENTENCE = "How much does this cost?"
"""What is said in spoken_sentence.flac."""


@cache
def spoken_sentence() -> bytes:
    """Return SENTENCE spoken by a synthetic voice, 16 kHz mono s16le. Blocks."""
    from sessions_app.engines.decoding.pyav import decode_with_libav  # noqa: PLC0415 -- 17 MB

    with as_file(files("sessions_app.engines").joinpath("spoken_sentence.flac")) as path:
        return b"".join(decode_with_libav(path))

"""WAV: the header that makes a file of 16-bit mono PCM playable anywhere."""

import struct

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE

HEADER_BYTES = 44
_LARGEST = 2**32 - 1


def wav_header(pcm_bytes: int, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Return the header of ``pcm_bytes`` of s16le mono PCM at ``sample_rate`` Hz.

    Programs read a file that is larger than the header can say (4 GB) to its end all the same.
    """
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        min(pcm_bytes + HEADER_BYTES - 8, _LARGEST),
        b"WAVE",
        b"fmt ",
        16,  # size of this description
        1,  # PCM
        1,  # channels
        sample_rate,
        sample_rate * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        min(pcm_bytes, _LARGEST),
    )

"""Audio formats: 16 kHz mono s16le PCM inside Habla, and the encodings in which it arrives."""

from enum import StrEnum

SAMPLE_RATE = 16_000
"""Samples per second of all decoded sound."""
SAMPLE_BYTES = 2
FRAME_SAMPLES = 512
"""Samples of one frame (32 ms): the only size that Silero accepts at 16 kHz."""
FRAME_BYTES = FRAME_SAMPLES * SAMPLE_BYTES


class Encoding(StrEnum):
    """How a client encodes the sound that it sends."""

    WEBM_OPUS = "webm-opus"
    """What MediaRecorder produces in Chromium and Firefox."""
    OGG_OPUS = "ogg-opus"
    MP4_AAC = "mp4-aac"
    """Fragmented MP4: what MediaRecorder produces in Safari."""
    PCM_S16LE = "pcm-s16le"
    """Raw mono samples, at the ``sample_rate`` that the client names."""


def count_samples(pcm: bytes) -> int:
    """Return how many samples ``pcm`` (s16le mono) holds."""
    return len(pcm) // SAMPLE_BYTES


def to_seconds(samples: int) -> float:
    """Return the length of ``samples`` samples at 16 kHz, in seconds."""
    return samples / SAMPLE_RATE


def to_samples(seconds: float) -> int:
    """Return how many samples at 16 kHz last ``seconds``."""
    return round(seconds * SAMPLE_RATE)

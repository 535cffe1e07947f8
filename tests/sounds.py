"""Readable sound: `say("hola") + silence(0.7)` is PCM in which the fake engines find words."""

import io
import wave

import av
import numpy as np

from sessions_app.core.audio import SAMPLE_RATE, to_samples
from sessions_app.engines.fake import PITCHES

WORD_SECONDS = 0.2
GAP_SECONDS = 0.05


def say(text: str) -> bytes:
    """Return a tone for each word of ``text``, each of WORD_SECONDS, with small gaps between."""
    return b"".join(
        tone(PITCHES[word], WORD_SECONDS) + silence(GAP_SECONDS) for word in text.split()
    )


def speech(seconds: float, word: str = "hola") -> bytes:
    """Return one unbroken tone, which is transcribed as one ``word``."""
    return tone(PITCHES[word], seconds)


def tone(hertz: float, seconds: float) -> bytes:
    """Return a sine of ``hertz`` with soft edges, 16 kHz mono s16le."""
    t = np.arange(to_samples(seconds)) / SAMPLE_RATE
    edge = np.clip(np.minimum(t, seconds - t) / 0.005, 0, 1)
    return (8000 * np.sin(2 * np.pi * hertz * t) * edge).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Return zeros."""
    return bytes(2 * to_samples(seconds))


def chunks(pcm: bytes, seconds: float = 0.25) -> list[bytes]:
    """Cut ``pcm`` into pieces of ``seconds``, as a browser would send it."""
    size = 2 * to_samples(seconds)
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]


def wav(pcm: bytes) -> bytes:
    """Return ``pcm`` as the bytes of a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)
    return buffer.getvalue()


def at_rate(pcm: bytes, hertz: int) -> bytes:
    """Return ``pcm`` as samples at ``hertz``."""
    return b"".join(
        bytes(frame.planes[0])[: 2 * frame.samples]
        for frame in _frames(pcm, av.AudioResampler("s16", "mono", hertz))
    )


def webm(pcm: bytes) -> bytes:
    """Return ``pcm`` as WebM/Opus, as MediaRecorder makes it."""
    return _encode(pcm, "webm", "libopus", 48_000, {"live": "1"})


def ogg(pcm: bytes) -> bytes:
    """Return ``pcm`` as Ogg/Opus, in pages of 100 ms."""
    return _encode(pcm, "ogg", "libopus", 48_000, {"page_duration": "100000"})


def mp4(pcm: bytes) -> bytes:
    """Return ``pcm`` as fragmented MP4 with AAC, as Safari's MediaRecorder makes it."""
    flags = "frag_keyframe+empty_moov+default_base_moof"
    return _encode(pcm, "mp4", "aac", 44_100, {"movflags": flags, "frag_duration": "100000"})


def wavpack(pcm: bytes) -> bytes:
    """Return ``pcm`` as WavPack, which libav cannot read to the end if it is truncated."""
    return _encode(pcm, "wv", "wavpack", 44_100, {})


def _encode(pcm: bytes, container: str, codec: str, hertz: int, options: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=hertz, layout="mono")
        assert isinstance(stream, av.AudioStream)
        kind = stream.codec_context
        resampler = av.AudioResampler(kind.format, kind.layout, kind.sample_rate, frame_size=960)
        for frame in _frames(pcm, resampler):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _frames(pcm: bytes, resampler: av.AudioResampler) -> list[av.AudioFrame]:
    samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    return [*resampler.resample(frame), *resampler.resample(None)]

"""What the clients of a bench say: tones as PCM, and speech as a browser's recorder sends it."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np

from sessions_app.core.audio import SAMPLE_RATE, to_samples

CHUNK_SECONDS = 0.25
"""Length of a chunk of PCM, as a browser would send it."""
SLICE_SECONDS = 0.24
"""Length of a slice of WebM: whole Opus packets of 60 ms, as Chromium makes them."""
PACKET_MILLISECONDS = 60
CLUSTER = bytes.fromhex("1f43b675")
"""What every cluster of a WebM stream begins with."""
TEXT = (
    "When we came to the station the train had already left, so we had to wait for another hour. "
    "Meanwhile it rained on the city. We talked about the summer, and about what we would do. "
    "Would you like to come with us? Bring your sister along."
)


def speech(seconds: float) -> bytes:
    """Return a tone that the fake detector takes for speech."""
    t = np.arange(to_samples(seconds)) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * 440 * t)).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Return zeros."""
    return bytes(2 * to_samples(seconds))


def chunks(pcm: bytes) -> list[bytes]:
    """Cut ``pcm`` into pieces of CHUNK_SECONDS."""
    size = 2 * to_samples(CHUNK_SECONDS)
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]


def spoken(seconds: float) -> bytes:
    """Return speech with its pauses: spoken by flite if it is there, else bursts of noise."""
    once = _by_flite() if shutil.which("flite") else _bursts()
    times = -(-2 * to_samples(seconds) // len(once))
    return (once * times)[: 2 * to_samples(seconds)]


def webm_slices(pcm: bytes) -> list[bytes]:
    """Return ``pcm`` as a live WebM/Opus stream in slices of SLICE_SECONDS, the header first."""
    packets = {"application": "voip", "frame_duration": str(PACKET_MILLISECONDS)}
    live = {"live": "1", "cluster_time_limit": str(round(1000 * SLICE_SECONDS))}
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm", options=live) as container:
        stream = container.add_stream("libopus", rate=48_000, options=packets, layout="mono")
        stream.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2")[None], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        for resampled in av.AudioResampler("s16", "mono", 48_000).resample(frame):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    header, *clusters = buffer.getvalue().split(CLUSTER)
    return [header + CLUSTER + clusters[0], *(CLUSTER + cluster for cluster in clusters[1:])]


def _by_flite() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "spoken.wav"
        subprocess.run(["flite", "-voice", "rms", "-t", TEXT, "-o", str(path)], check=True)
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        with av.open(path) as container:
            frames = [f for raw in container.decode(audio=0) for f in resampler.resample(raw)]
    return b"".join(bytes(f.planes[0])[: 2 * f.samples] for f in frames) + silence(1.0)


def _bursts() -> bytes:
    noise = np.random.default_rng(1).normal(0, 3000, to_samples(3.0))
    return noise.astype("<i2").tobytes() + silence(1.0)

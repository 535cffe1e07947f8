"""Real speech for tests: a famous speech if the file is there, else a sentence by flite."""

import shutil
import subprocess
from pathlib import Path

import av
import pytest

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE

BROADCAST = Path(__file__).parents[3] / "shared" / "audio" / "jfk.wav"
SENTENCE = "Ask not what your country can do for you. Ask what you can do for your country."


def spoken_file(directory: Path) -> Path:
    """Return a WAV file of 5 to 12 seconds of speech; skips where there is none."""
    if BROADCAST.exists():
        return BROADCAST
    flite = shutil.which("flite")
    if flite is None:
        pytest.skip("neither shared/audio/jfk.wav nor the program flite is there")
    path = directory / "spoken.wav"
    subprocess.run([flite, "-voice", "rms", "-t", SENTENCE, "-o", str(path)], check=True)
    return path


def read_pcm(path: Path) -> bytes:
    """Return a whole file's sound as 16 kHz mono s16le."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(path) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    return b"".join(bytes(f.planes[0])[: f.samples * SAMPLE_BYTES] for f in frames)

"""Files for tests: a recording of one sound, and files that only look like one."""

import io
import wave
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

from sessions_app.core.audio import SAMPLE_RATE
from tests.engines.hearing import SOUND

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{path}'\n",
}


def recording(directory: Path, name: str = "speech.wav") -> Path:
    """A WAV file that holds SOUND."""
    path = directory / name
    with av.open(path, "w") as output:
        stream = output.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(SOUND, "<i2").reshape(1, -1), "s16", "mono"
        )
        frame.sample_rate = SAMPLE_RATE
        assert isinstance(stream, av.AudioStream)
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def at(rate: int, samples: int, directory: Path) -> Path:
    """A WAV file of silence that claims ``rate`` samples per second."""
    path = directory / "claims.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate)
        file.writeframes(b"\x80" * samples)
    return path


def too_expensive(directory: Path) -> Path:
    """A small file that makes libav take more memory than a file of its size may."""
    return at(0x7FFFFFFF, 100_000, directory)


def picture(directory: Path) -> Path:
    """An image: media without sound."""
    path = directory / "picture.png"
    with av.open(path, "w", format="image2") as output:
        stream = output.add_stream("png", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def text(directory: Path) -> Path:
    path = directory / "notes.txt"
    path.write_text("no sound at all")
    return path


def playlist(directory: Path) -> Path:
    path = directory / "list.m3u8"
    path.write_text(PLAYLISTS["hls"].format(path=recording(directory)))
    return path


def missing(directory: Path) -> Path:
    return directory / "missing.wav"


def played_seconds(media: Path | bytes) -> float:
    """The duration in a player that plays packet after packet, whatever their clock says."""
    with av.open(io.BytesIO(media) if isinstance(media, bytes) else media) as container:
        assert isinstance(container, InputContainer)
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))

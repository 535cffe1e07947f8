"""Files for tests, made by libav: any container, several tracks, tracks that begin late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.container import OutputContainer
from av.stream import Disposition

from tests.engines.streams import Late, in_time, packets_of


@dataclass(frozen=True, slots=True)
class Sound:
    """A track of sound: 16 kHz mono s16le, and how it is to be encoded."""

    pcm: bytes
    codec: str = "flac"
    rate: int = 16_000
    layout: str = "mono"
    late: Late = in_time
    is_default: bool = False
    is_stereo: bool = False
    """Whether its samples alternate between left and right."""
    metadata: Mapping[str, str] = field(default_factory=dict)


def made(container: str, *sounds: Sound, options: Mapping[str, str] | None = None) -> bytes:
    """Return a file that holds ``sounds``, each as a track."""
    with TemporaryDirectory() as directory:  # some are read again while they are written
        path = Path(directory) / "made"
        with av.open(str(path), "w", format=container, options=dict(options or {})) as output:
            streams = [_track(output, sound) for sound in sounds]
            for sound, stream in zip(sounds, streams, strict=True):
                for packet in packets_of(sound.pcm, stream, sound.late, is_stereo=sound.is_stereo):
                    output.mux(packet)
        return path.read_bytes()


def _track(output: OutputContainer, sound: Sound) -> av.AudioStream:
    stream = output.add_stream(
        sound.codec, rate=sound.rate, layout=sound.layout, options={"strict": "-2"}
    )
    assert isinstance(stream, av.AudioStream)
    stream.metadata.update(sound.metadata)
    if sound.is_default:
        stream.disposition = Disposition.default
    return stream


def joined(container: str, sounds: Sequence[Sound]) -> bytes:
    """Return files joined into one, as by `cat`, or as an internet radio sends them."""
    return b"".join(made(container, sound) for sound in sounds)

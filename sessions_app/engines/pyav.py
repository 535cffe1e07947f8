"""What libav does for us, through PyAV: media of any kind becomes 16 kHz mono PCM."""

import logging
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

import av
from av import AudioCodecContext, AudioFrame, AudioStream, Packet
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError

from sessions_app.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.errors import DecodeError

logger = logging.getLogger(__name__)

BLOCK_BYTES = SAMPLE_RATE * SAMPLE_BYTES
"""What ``decode_file`` gives at a time: one second."""
_ALONE = {"protocol_whitelist": "none"}
"""libav may open nothing by itself: neither a file nor an address that a stream names."""


class Resampler:
    """Turns frames of any rate, layout and format into 16 kHz mono s16le."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)

    def take(self, frame: AudioFrame | None) -> bytes:
        """Return the PCM that ``frame`` completes; None ends the stream and gives its tail.

        Raises:
            ValueError: the frame is of another kind than those before.
        """
        # PyAV hands the None at the end back where there was nothing to resample
        frames: list[AudioFrame | None] = [*self._resampler.resample(frame)]
        return b"".join(
            bytes(f.planes[0])[: f.samples * SAMPLE_BYTES] for f in frames if f is not None
        )


def open_media(
    file: object, *, container: str | None = None, codecs: Collection[str] | None = None
) -> InputContainer:
    """Return ``file``, anything with ``read``, as media that cannot reach any other file.

    ``container`` is libav's short name of what it must be, ``codecs`` the names of those that libav
    may use to find out what is in it; None: any.

    Raises:
        FFmpegError: it is something else.
    """
    options = dict(_ALONE) if codecs is None else _ALONE | {"codec_whitelist": ",".join(codecs)}
    return av.open(
        file,
        "r",
        format=container,
        options=options,
        metadata_errors="replace",
        io_open=_refuse_to_open,
    )


def sound_of(container: InputContainer, codecs: Collection[str] | None = None) -> AudioStream:
    """Return the first sound in ``container`` that one of ``codecs`` decodes; None: any.

    Raises:
        DecodeError: there is none.
    """
    for stream in container.streams.audio:
        context: AudioCodecContext | None = stream.codec_context  # None: libav knows no decoder
        if codecs is None or (context is not None and context.codec.canonical_name in codecs):
            return stream
    raise DecodeError("There is no sound in it.")


def decode_file(path: str | Path) -> Iterator[bytes]:
    """Yield the sound of a media file that is our own: any other is for ``media_files``.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
    """
    try:
        with Path(path).open("rb") as file:
            yield from decode_opened(file)
    except OSError as error:
        raise DecodeError("This file cannot be read as sound.") from error


def decode_opened(file: BinaryIO) -> Iterator[bytes]:
    """Yield the sound of any media file as 16 kHz mono s16le PCM, a second at a time.

    What is damaged in the file is left out.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
    """
    block = bytearray()
    is_empty = True
    for pcm in _read_file(file):
        block += pcm
        while len(block) >= BLOCK_BYTES:
            yield bytes(block[:BLOCK_BYTES])
            is_empty = False
            del block[:BLOCK_BYTES]
    if block:
        yield bytes(block)
    elif is_empty:
        raise DecodeError("There is no sound in this file.")


def duration_of(file: BinaryIO) -> float | None:
    """Return how long a media file says that it is; None: it does not say, as live recordings.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
    """
    try:
        with open_media(file) as container:
            stream = sound_of(container)
            if stream.duration is not None and stream.time_base is not None:
                return float(stream.duration * stream.time_base)
            return None if container.duration is None else container.duration / av.time_base
    except (OSError, FFmpegError, MemoryError) as error:
        raise DecodeError("This file cannot be read as sound.") from error


def _read_file(file: BinaryIO) -> Iterator[bytes]:
    try:
        with open_media(file) as container:
            yield from _decode_leniently(container)
    except (OSError, FFmpegError, ValueError, MemoryError) as error:
        raise DecodeError("This file cannot be read as sound.") from error


def _decode_leniently(container: InputContainer) -> Iterator[bytes]:
    """Yield the PCM of ``container``'s first sound; packets that are damaged are left out."""
    resampler = Resampler()
    for packet in container.demux(sound_of(container)):
        for frame in _frames_of(packet):
            yield resampler.take(frame)
    yield resampler.take(None)


def _frames_of(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return packet.decode()
    except InvalidDataError:
        logger.debug("a damaged packet was left out")
        return []


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("A stream may not open anything else.")

"""Decoding with libav, through PyAV: any media to 16 kHz mono PCM."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

import av
from av import AudioFrame, AudioStream, Packet
from av.container import InputContainer
from av.error import FFmpegError

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, to_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers import flac_links, ogg_links
from sessions_app.engines.decoding.expansion import SilenceBudget
from sessions_app.engines.decoding.media_facts import Facts
from sessions_app.engines.decoding.resampling import Resampler
from sessions_app.engines.decoding.timeline import (
    FILE_CONFIRM_SECONDS,
    ContainerClock,
    Placed,
    TimedSound,
)
from sessions_app.engines.decoding.tracks import facts_of, refuse_if_cut_off, track_of

logger = logging.getLogger(__name__)

BLOCK_BYTES = SAMPLE_RATE * SAMPLE_BYTES
"""How much ``decode_with_libav`` yields at a time: one second."""
_ALONE = {"protocol_whitelist": "none"}
"""libav may open nothing by itself: neither a file nor an address that a stream names."""
_BEGINS_ANYWHERE = 0x0200  # AVFMT_TS_DISCONT in libavformat/avformat.h


def open_media(
    file: object, *, container: str | None = None, codecs: Collection[str] | None = None
) -> InputContainer:
    """Return ``file``, anything with ``read``, as media that cannot reach any other file.

    ``container`` is libav's short name of the only format allowed, ``codecs`` are the codecs that
    libav may use to probe the content; None: any.

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


def begins_seconds(container: InputContainer) -> float:
    """Return what the clock of ``container`` shows at its beginning.

    Usually 0, whatever comes first in it. Broadcasts (MPEG-TS), and streams joined midway, begin at
    any time.
    """
    told: int | None = container.start_time
    first = 0.0 if told is None else told / av.time_base
    return first if container.format.flags & _BEGINS_ANYWHERE else min(first, 0.0)


def piece_of(frame: AudioFrame) -> TimedSound[AudioFrame]:
    """Return ``frame`` with its time and length."""
    seconds = frame.samples / frame.sample_rate if frame.sample_rate else 0.0
    return TimedSound(frame, seconds, frame.time)


def decode_with_libav(path: str | Path) -> Iterator[bytes]:
    """Yield the sound of a media file of our own; others are decoded by ``media_files``.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
    """
    try:
        with Path(path).open("rb") as file:
            yield from decode_opened(file)
    except OSError as error:
        raise DecodeError("This file cannot be read as sound.") from error


def decode_opened(
    file: BinaryIO,
    *,
    track: int | None = None,
    silence: SilenceBudget | None = None,
    tells_cut_off: bool = False,
) -> Iterator[bytes]:
    """Yield the sound of any media file as 16 kHz mono s16le PCM, a second at a time.

    Damaged parts of the file are left out; gaps in its clock are filled with silence, as far as
    ``silence`` allows; None: as for any file. ``track`` counts those of sound from 1; None: the
    default track. All that comes before an unreadable part is yielded. ``tells_cut_off``: a file
    that ends before its stated length is yielded too, and then reported as broken.

    Raises:
        DecodeError: it cannot be read, it is cut off, or there is no sound in it.
    """
    block = bytearray()
    is_empty = True
    try:
        for pcm in _read_file(file, track, silence or SilenceBudget(), tells_cut_off):
            block += pcm
            while len(block) >= BLOCK_BYTES:
                yield bytes(block[:BLOCK_BYTES])
                is_empty = False
                del block[:BLOCK_BYTES]
    except DecodeError:
        if block:  # it came before the unreadable part
            yield bytes(block)
        raise
    if block:
        yield bytes(block)
    elif is_empty:
        raise DecodeError("There is no sound in this file.")


def read_facts_with_libav(file: BinaryIO, *, track: int | None = None) -> Facts:
    """Return what a media file says about its sound.

    Raises:
        DecodeError: it cannot be read, there is no sound in it, or no such track.
    """
    try:
        with open_media(file) as container:
            return facts_of(container, track, begins_seconds(container))
    except (OSError, FFmpegError, MemoryError) as error:
        raise DecodeError("This file cannot be read as sound.") from error


def _read_file(
    file: BinaryIO, track: int | None, silence: SilenceBudget, tells_cut_off: bool
) -> Iterator[bytes]:
    try:
        links: Sequence[object] = (
            ogg_links.find_ogg_links(file) or flac_links.find_flac_links(file) or [file]
        )
        for link in links:
            with open_media(link) as container:
                timeline = ContainerClock[AudioFrame](
                    begins_seconds(container), silence.take, FILE_CONFIRM_SECONDS
                )
                stream = track_of(container, track)
                yield from _decode_leniently(container, stream, timeline)
                if tells_cut_off:
                    refuse_if_cut_off(container, stream, timeline.reached_seconds)
    except (OSError, FFmpegError, ValueError, MemoryError) as error:
        raise DecodeError("This file cannot be read as sound.") from error


def _decode_leniently(
    container: InputContainer, stream: AudioStream, timeline: ContainerClock[AudioFrame]
) -> Iterator[bytes]:
    """Yield the PCM of ``stream``; damaged packets are left out."""
    resampler = Resampler()
    for packet in container.demux(stream):
        for frame in _frames_of(packet):
            yield from _placed(timeline.place(piece_of(frame)), resampler)
    yield from _placed(timeline.end(), resampler)
    yield resampler.take(None)


def _placed(frames: Iterable[Placed[AudioFrame]], resampler: Resampler) -> Iterator[bytes]:
    for gap_seconds, frame in frames:
        yield from _after_silence(gap_seconds, resampler)
        yield resampler.take(frame)


def _after_silence(seconds: float, resampler: Resampler) -> Iterator[bytes]:
    """Yield the rest of what came before, and this much silence; nothing if that is 0."""
    left = to_samples(seconds) * SAMPLE_BYTES
    if left:
        yield resampler.take(None)
    while left:
        size = min(left, BLOCK_BYTES)
        yield bytes(size)
        left -= size


def _frames_of(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return packet.decode()
    except MemoryError:
        raise
    except FFmpegError:
        logger.debug("a damaged packet was left out")
        return []


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("A stream may not open anything else.")

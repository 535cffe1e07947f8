"""Recorded WebM whose clock has gaps, filled with silence: browsers would skip them.

A recording without gaps is not changed. Clusters lose their stated size, and an index, whose
positions are no longer true, is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sessions_app.core.audio import to_seconds
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers import matroska
from sessions_app.engines.containers.ebml import Header, Readable, Treatment, read_header
from sessions_app.engines.decoding.expansion import (
    FREE_SILENCE_SECONDS,
    LEAST_BYTES_PER_SECOND,
    SilenceBudget,
)
from sessions_app.engines.decoding.libopus import load_libopus, samples_in
from sessions_app.engines.decoding.timeline import ContainerClock, TimedSound

FRAME_SECONDS = 0.02
MOST_FRAMES = 6
"""The most frames of a packet: 120 ms (RFC 6716, 3.2.5)."""
CLUSTER_TICKS = 30_000
"""The length of a cluster of silence: a block's time has 16 bits."""
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_INDICES = (0x114D9B74, 0x1C53BB6B)  # SeekHead, Cues


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap before a block, on the clock of the stream."""

    position: int
    """Where the block begins, in bytes."""
    begins_ticks: int
    ticks: int
    tick_seconds: float
    cluster_ticks: int
    """The time of the block's cluster."""
    track: int


def find_gaps(stream: Readable) -> list[Gap]:
    """Return the gaps of a stream with Opus, as the decoder fills them, up to where it breaks."""
    finder = _Finder(len(stream))
    try:
        for header, position in _elements(stream):
            finder.take(header, position, stream)
    except DecodeError:
        pass  # what follows is not decoded either
    return finder.gaps


def fill_gaps_of_webm(stream: Readable, gaps: list[Gap]) -> Iterator[bytes]:
    """Yield the bytes of ``stream`` with silence in its ``gaps``."""
    waiting = {gap.position: gap for gap in gaps}
    copied = 0
    for header, position in _elements(stream):
        gap = waiting.get(position)
        is_entered = matroska.GRAMMAR[header.id] is Treatment.ENTER
        if gap is None and not is_entered and header.id not in _INDICES:
            continue
        yield bytes(stream[copied:position])
        copied = position
        if gap is not None:
            yield from _silence(gap)
        elif is_entered:
            yield _begin(header.id)
            copied = header.start
        else:
            copied = header.end
    yield bytes(stream[copied:])


class _Finder:
    """Follows the clock as the decoder of the stream does."""

    def __init__(self, size: int) -> None:
        budget = SilenceBudget(FREE_SILENCE_SECONDS + size / LEAST_BYTES_PER_SECOND)
        self.gaps: list[Gap] = []
        self._library = load_libopus()
        self._timeline = ContainerClock[Gap](0.0, budget.take)
        self._track: int | None = None
        self._tick_seconds = matroska.read_scale(b"") / 1e9
        self._cluster_ticks = 0
        self._last_seconds = FRAME_SECONDS

    def take(self, header: Header, position: int, stream: Readable) -> None:
        """Take the next element."""
        if matroska.GRAMMAR[header.id] is not Treatment.KEEP:
            return
        payload = bytes(stream[header.start : header.end])
        if header.id == matroska.INFO:
            self._tick_seconds = matroska.read_scale(payload) / 1e9
        elif header.id == matroska.TRACKS:
            self._track = matroska.find_opus_track(payload).number
        elif header.id == matroska.TIMESTAMP:
            self._cluster_ticks = matroska.read_unsigned(payload)
        elif header.id == matroska.SIMPLE_BLOCK:
            self._place(matroska.read_block(payload, self._track), position)
        elif header.id == matroska.BLOCK_GROUP:
            self._place(matroska.read_group(payload, self._track), position)

    def _place(self, block: matroska.Block, position: int) -> None:
        ticks = self._cluster_ticks + block.ticks
        at_seconds: float | None = ticks * self._tick_seconds
        here = Gap(position, ticks, 0, self._tick_seconds, self._cluster_ticks, block.track)
        for packet in block.packets:
            seconds = self._seconds_of(packet)
            for gap_seconds, place in self._timeline.place(TimedSound(here, seconds, at_seconds)):
                if gap_seconds:
                    self._note(place, gap_seconds)
            at_seconds = None

    def _note(self, place: Gap, seconds: float) -> None:
        ticks = round(seconds / place.tick_seconds)
        self.gaps.append(
            replace(place, begins_ticks=max(0, place.begins_ticks - ticks), ticks=ticks)
        )

    def _seconds_of(self, packet: bytes) -> float:
        samples = samples_in(self._library, packet) if self._library is not None else 0
        if samples:
            self._last_seconds = to_seconds(samples)
        return self._last_seconds


def _elements(stream: Readable) -> Iterator[tuple[Header, int]]:
    """Yield the elements of a stream, flat, and where each begins; stop where it breaks off."""
    position = 0
    while True:
        try:
            header = read_header(stream, position)
        except DecodeError:
            return
        treatment = matroska.GRAMMAR.get(header.id) if header else None
        is_entered = treatment is Treatment.ENTER
        if header is None or treatment is None or (not is_entered and header.end > len(stream)):
            return
        yield header, position
        position = header.start if is_entered else header.end


def _silence(gap: Gap) -> Iterator[bytes]:
    """Yield clusters of silence, and the header of one for what follows."""
    frame_ticks = FRAME_SECONDS / gap.tick_seconds
    frames = int(gap.ticks / frame_ticks)
    cluster_at: int | None = None
    for first in range(0, frames, MOST_FRAMES):
        at = gap.begins_ticks + round(first * frame_ticks)
        if cluster_at is None or at - cluster_at > CLUSTER_TICKS:
            cluster_at = at
            yield _begin_cluster(at)
        yield _block(gap.track, at - cluster_at, min(MOST_FRAMES, frames - first))
    yield _begin_cluster(gap.cluster_ticks)


def _begin_cluster(ticks: int) -> bytes:
    return _begin(matroska.CLUSTER) + bytes([matroska.TIMESTAMP, 0x88]) + ticks.to_bytes(8, "big")


def _begin(identity: int) -> bytes:
    return identity.to_bytes(4, "big") + _UNKNOWN_SIZE


def _block(track: int, ticks: int, frames: int) -> bytes:
    """Return a block of ``track`` whose packet contains so many silent frames of 20 ms."""
    packet = bytes([0xFB, frames]) + b"\xff\xfe" * frames  # CELT, mono, of one size
    content = (track | 1 << 14).to_bytes(2, "big") + ticks.to_bytes(2, "big") + b"\x80" + packet
    return bytes([matroska.SIMPLE_BLOCK, 0x80 | len(content)]) + content

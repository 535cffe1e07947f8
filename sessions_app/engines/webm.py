"""Live WebM with Opus: an incremental walk to its packets, each decoded by libopus as it comes."""

import ctypes
from collections import deque
from collections.abc import Callable, Iterator

from sessions_app.audio import SAMPLE_BYTES, SAMPLE_RATE, count_samples
from sessions_app.engines import matroska
from sessions_app.engines.ebml import Element, ElementReader
from sessions_app.engines.expansion import Expansion
from sessions_app.engines.libopus import OpusDecoder
from sessions_app.engines.matroska import Block, OpusTrack
from sessions_app.errors import DecodeError

MOST_SAMPLES = 2 * SAMPLE_RATE
MOST_STEPS = 256
"""Sound, and packets or elements, that one call decodes: 4 ms of work for the one, 16 at worst."""
OPUS_RATE = 48_000
"""What an Opus header counts in, whatever the sound was (RFC 7845)."""


class WebmOpusDecoder:
    """Decodes one stream as MediaRecorder makes it, in the caller's thread.

    The sound begins after the header's pre-skip and ends before the last block's padding, so its
    length is that of what was recorded, to one sample.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._reader = ElementReader(matroska.GRAMMAR)
        self._expansion = Expansion()
        self._has_header = False
        self._track: OpusTrack | None = None
        self._opus: OpusDecoder | None = None
        self._skip = 0  # samples still to be left out at the beginning
        self._has_sound = False
        self._pending: deque[Iterator[bytes]] = deque()

    @property
    def has_more(self) -> bool:
        """Whether more was handed over than is decoded; ``decode(b"")`` goes on with it."""
        return bool(self._pending)

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        Raises:
            DecodeError: the stream is broken or expands beyond reason.
        """
        if chunk:
            self._expansion.receive(len(chunk))
            self._pending.append(self._walk(chunk))
        pcm = b"".join(self._some())
        self._has_sound = self._has_sound or bool(pcm)
        return pcm

    def flush(self) -> bytes:
        """Take the stream as ended; nothing is left inside of it.

        Raises:
            DecodeError: it ends in the middle of a block, or there was no sound in it.
        """
        if not self._has_sound:
            raise DecodeError("The stream ended before any sound came.")
        if not self._reader.is_between_elements:
            raise DecodeError("The end of the stream is missing.")
        return b""

    def close(self) -> None:
        """Release everything. May be called twice, and in any state."""
        if self._opus is not None:
            self._opus.close()

    def _some(self) -> Iterator[bytes]:
        """Yield PCM of what was handed over, a bounded number of packets."""
        samples = steps = 0
        while self._pending:
            for pcm in self._pending[0]:
                yield pcm
                samples, steps = samples + count_samples(pcm), steps + 1
                if samples >= MOST_SAMPLES or steps >= MOST_STEPS:
                    return
            self._pending.popleft()

    def _walk(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the PCM of each packet that ``chunk`` completes, and nothing at other elements."""
        for element in self._reader.read(chunk):
            yield b""
            yield from self._take(element)

    def _take(self, element: Element) -> Iterator[bytes]:
        """Yield the PCM of an element."""
        if element.id == matroska.EBML:
            self._begin(element.payload)
        elif not self._has_header:
            raise DecodeError("The stream does not begin with a WebM header.")
        elif element.id == matroska.TRACKS:
            self._choose_track(element.payload)
        elif element.id == matroska.SIMPLE_BLOCK:
            yield from self._decode_block(element.payload, matroska.read_block)
        elif element.id == matroska.BLOCK_GROUP:
            yield from self._decode_block(element.payload, matroska.read_group)

    def _begin(self, payload: bytes) -> None:
        if self._has_header:
            raise DecodeError("A second stream begins inside of the first.")
        matroska.check_header(payload)
        self._has_header = True

    def _choose_track(self, payload: bytes) -> None:
        if self._track is None:  # a copy may follow later
            self._track = matroska.find_opus_track(payload)
            self._skip = round(self._track.head.pre_skip * SAMPLE_RATE / OPUS_RATE)
            self._opus = OpusDecoder(self._library, gain=self._track.head.gain)

    def _decode_block(self, payload: bytes, read: Callable[[bytes, int], Block]) -> Iterator[bytes]:
        if self._track is None or self._opus is None:
            raise DecodeError("The stream is broken: sound comes before its description.")
        block = read(payload, self._track.number)
        discarded = round(block.discarded_nanoseconds * SAMPLE_RATE / 1e9)
        for number, packet in enumerate(block.packets, start=1):
            pcm = self._opus.decode(packet)
            self._expansion.spend(count_samples(pcm))
            is_last = number == len(block.packets)
            yield self._trim(pcm, discarded if is_last else 0)

    def _trim(self, pcm: bytes, discarded: int) -> bytes:
        """Return ``pcm`` without what the header skips, and without ``discarded`` at its end."""
        first = self._skip * SAMPLE_BYTES
        last = max(0, len(pcm) - discarded * SAMPLE_BYTES)
        self._skip -= min(self._skip, len(pcm) // SAMPLE_BYTES)
        return pcm[first:last]

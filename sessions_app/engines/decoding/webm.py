"""Live WebM with Opus: parsed incrementally, each packet decoded by libopus as it arrives."""

import ctypes
from collections import deque
from collections.abc import Callable, Iterator

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, count_samples, to_seconds
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers import matroska
from sessions_app.engines.containers.ebml import Element, ElementReader
from sessions_app.engines.containers.matroska import Block, OpusTrack
from sessions_app.engines.decoding.expansion import Expansion
from sessions_app.engines.decoding.gaps import Part, Silence, with_silence
from sessions_app.engines.decoding.libopus import OpusDecoder
from sessions_app.engines.decoding.timeline import ContainerClock, Placed, TimedSound

MOST_SAMPLES = 2 * SAMPLE_RATE
MOST_STEPS = 256
"""How much sound, and how many packets or elements, one call decodes: 4 to 16 ms of work."""
OPUS_RATE = 48_000
"""The sample rate in which an Opus header counts, whatever the sound was (RFC 7845)."""

_Packet = tuple[bytes, int]
"""A packet, and how many samples to skip at its end."""


class WebmOpusDecoder:
    """Decodes one stream as MediaRecorder makes it, in the caller's thread.

    The sound begins after the header's pre-skip and ends before the last block's padding, so its
    length is that of what was recorded, to one sample. Gaps in its clock are filled with silence.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._reader = ElementReader(matroska.GRAMMAR)
        self._expansion = Expansion()
        self._timeline = ContainerClock[_Packet](0.0, self._expansion.silence.take)
        self._has_header = False
        self._track: OpusTrack | None = None
        self._opus: OpusDecoder | None = None
        self._tick_seconds = matroska.read_scale(b"") / 1e9
        self._cluster_ticks = 0
        self._skip = 0  # samples still to be skipped at the beginning
        self._has_sound = False
        self._pending: deque[Iterator[Part]] = deque()
        self.silence_samples = 0
        """How much silence, only counted, follows what the last call returned."""

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
        self.silence_samples = 0
        pcm = b"".join(self._some())
        self._has_sound = self._has_sound or bool(pcm)
        return pcm

    def flush(self) -> bytes:
        """Take the stream as ended; return what was held back, which is at most one packet.

        Raises:
            DecodeError: it ends in the middle of a block, or there was no sound in it.
        """
        kept = b"".join(self._sound_of(placed[1]) for placed in self._timeline.end())
        if not self._has_sound and not kept:
            raise DecodeError("The stream ended before any sound came.")
        if not self._reader.is_between_elements:
            raise DecodeError("The end of the stream is missing.")
        return kept

    def close(self) -> None:
        """Release everything. May be called twice, and in any state."""
        if self._opus is not None:
            self._opus.close()

    def _some(self) -> Iterator[bytes]:
        """Yield PCM of what was handed over, a bounded number of packets, up to the next gap."""
        samples = steps = 0
        while self._pending:
            for part in self._pending[0]:
                if isinstance(part, Silence) and not part.is_heard:
                    self.silence_samples = part.samples
                    return
                pcm = part if isinstance(part, bytes) else part.pcm()
                yield pcm
                samples, steps = samples + count_samples(pcm), steps + 1
                if samples >= MOST_SAMPLES or steps >= MOST_STEPS:
                    return
            self._pending.popleft()

    def _walk(self, chunk: bytes) -> Iterator[Part]:
        """Yield the sound of each packet that ``chunk`` completes."""
        for element in self._reader.read(chunk):
            yield b""
            yield from self._take(element)

    def _take(self, element: Element) -> Iterator[Part]:
        """Yield the sound of an element."""
        if element.id == matroska.EBML:
            self._begin(element.payload)
        elif not self._has_header:
            raise DecodeError("The stream does not begin with a WebM header.")
        elif element.id == matroska.INFO:
            self._tick_seconds = matroska.read_scale(element.payload) / 1e9
        elif element.id == matroska.TRACKS:
            self._choose_track(element.payload)
        elif element.id == matroska.TIMESTAMP:
            self._cluster_ticks = matroska.read_unsigned(element.payload)
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
            self._track = track = matroska.find_opus_track(payload)
            self._skip = round(track.head.pre_skip * SAMPLE_RATE / OPUS_RATE)
            self._opus = OpusDecoder(
                self._library, gain=track.head.gain, channels=track.head.channels
            )

    def _decode_block(self, payload: bytes, read: Callable[[bytes, int], Block]) -> Iterator[Part]:
        if self._track is None or self._opus is None:
            raise DecodeError("The stream is broken: sound comes before its description.")
        block = read(payload, self._track.number)
        at_seconds: float | None = (self._cluster_ticks + block.ticks) * self._tick_seconds
        for number, packet in enumerate(block.packets, start=1):
            is_last = number == len(block.packets)
            discarded = round(block.discarded_nanoseconds * SAMPLE_RATE / 1e9) if is_last else 0
            seconds = to_seconds(self._opus.samples_of(packet))
            for placed in self._timeline.place(
                TimedSound((packet, discarded), seconds, at_seconds)
            ):
                yield from self._give(placed)
            at_seconds = None  # a block's discard is that of its first packet

    def _give(self, placed: Placed[_Packet]) -> Iterator[Part]:
        gap_seconds, packet = placed
        yield from with_silence(gap_seconds)
        yield self._sound_of(packet)

    def _sound_of(self, packet: _Packet) -> bytes:
        """Return the PCM of a packet without what the header skips, and without its padding."""
        if self._opus is None:
            raise DecodeError("The stream is broken: sound comes before its description.")
        pcm = self._opus.decode(packet[0])
        self._expansion.spend(count_samples(pcm))
        first = self._skip * SAMPLE_BYTES
        last = max(0, len(pcm) - packet[1] * SAMPLE_BYTES)
        self._skip -= min(self._skip, len(pcm) // SAMPLE_BYTES)
        return pcm[first:last]

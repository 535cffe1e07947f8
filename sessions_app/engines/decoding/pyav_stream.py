"""Decoding a live stream with libav, which expects a file: a thread reads from the chunks."""

import logging
from collections.abc import Callable, Iterator
from threading import Thread

from av import AudioFrame
from av.container import InputContainer
from av.error import FFmpegError

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.guards import GUARDS
from sessions_app.engines.containers.ogg import links_in
from sessions_app.engines.decoding.expansion import Expansion
from sessions_app.engines.decoding.feed import Feed
from sessions_app.engines.decoding.gaps import Part, Runs, with_silence
from sessions_app.engines.decoding.pyav import begins_seconds, open_media, piece_of
from sessions_app.engines.decoding.resampling import Resampler
from sessions_app.engines.decoding.timeline import ContainerClock
from sessions_app.engines.decoding.tracks import track_of

logger = logging.getLogger(__name__)

CODECS = ("opus", "aac")
"""The codecs that live streams may use; no stream can reach the rest of libav."""
CLOSE_SECONDS = 0.9
"""The longest wait for a decoder's thread to end."""
MOST_DAMAGED = 100
"""How many packets in a row may be damaged, usually two seconds: a worse stream is no sound."""


class PyAVDecoder:
    """Decodes one live stream whose container is known, so that libav does not guess.

    ``container`` is libav's short name: ``webm``, ``ogg``, ``mp4``. The demuxer runs in a thread,
    which always either works on a chunk, while ``decode`` waits, or waits for the next. Each of
    several Ogg streams in a row has its own demuxer: anything may change between them.
    """

    def __init__(self, container: str) -> None:
        self._container = container
        self._guard = GUARDS[container]()
        self._links_in: Callable[[bytes], list[bytes]] = _LINKS.get(container, _one)
        self._feed = Feed()
        self._expansion = Expansion()
        self._decoded = Runs()
        self._has_begun = False
        self._has_sound = False
        self._failure: DecodeError | None = None
        self._thread: Thread | None = None

    @property
    def has_more(self) -> bool:
        """Whether more is decoded than was returned, after a gap; ``decode(b"")`` returns it."""
        return bool(self._decoded)

    @property
    def silence_samples(self) -> int:
        """How much silence, only counted, follows what the last call returned."""
        return self._decoded.silence_samples

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        Raises:
            DecodeError: the stream is broken or expands beyond reason.
        """
        self._expansion.receive(len(chunk))
        goes_on, *links = self._links_in(self._guard.take(chunk))
        self._start()
        self._feed.hand_over(goes_on)
        for link in links:
            if self._has_begun:
                self._begin_anew()
            self._has_begun = True
            self._feed.hand_over(link)
        return self._collect()

    def flush(self) -> bytes:
        """Take the stream as ended; return the PCM that was still inside. Blocks.

        Raises:
            DecodeError: it is broken, or there was no sound in it.
        """
        self._start()
        self._feed.end()
        pcm = self._collect()
        if not self._has_sound:
            raise DecodeError("The stream ended before any sound came.")
        return pcm

    def close(self) -> None:
        """Release everything. May be called twice, and in any state; waits at most 1 s."""
        self._feed.abort()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            self._failure = DecodeError("The decoder stopped by itself.")
            thread = Thread(target=self._work, name="habla decoder", daemon=True)
            thread.start()
            self._thread = thread

    def _begin_anew(self) -> None:
        """Treat what came so far as ended, and what comes next as another stream."""
        self._feed.end()
        self._raise_if_broken()
        if self._thread is not None:
            self._thread.join()  # its feed has ended
        self._feed, self._thread = Feed(), None
        self._start()

    def _raise_if_broken(self) -> None:
        if self._feed.is_finished and self._failure is not None:
            raise self._failure

    def _collect(self) -> bytes:
        self._raise_if_broken()
        pcm = self._decoded.next()
        self._has_sound = self._has_sound or bool(pcm)
        return pcm

    # --- in the decoder's own thread ---

    def _work(self) -> None:
        try:
            self._decode_all()
            self._failure = None
        except DecodeError as error:
            self._failure = error
        except (FFmpegError, ValueError, MemoryError) as error:
            self._failure = DecodeError(f"The stream is broken, or it is not {self._container}.")
            self._failure.__cause__ = error
        finally:
            self._feed.finish()

    def _decode_all(self) -> None:
        with open_media(self._feed, container=self._container, codecs=CODECS) as container:
            timeline = ContainerClock[AudioFrame](
                begins_seconds(container), self._expansion.silence.take
            )
            for part in _decode(container, timeline, self._expansion):
                if self._feed.is_aborted:
                    return
                self._decoded.add(part)


def _one(passed: bytes) -> list[bytes]:
    return [passed]


_LINKS = {"ogg": links_in}
"""Where another stream may begin in what came, for containers that may hold several."""


def _decode(
    container: InputContainer, timeline: ContainerClock[AudioFrame], expansion: Expansion
) -> Iterator[Part]:
    """Yield the sound of ``container``, its gaps filled with silence."""
    resampler = Resampler()

    def take(frame: AudioFrame | None) -> bytes:
        pcm = resampler.take(frame)
        expansion.spend(count_samples(pcm))
        return pcm

    for frame in _frames(container):
        for gap_seconds, placed in timeline.place(piece_of(frame)):
            if gap_seconds:
                yield take(None)
                yield from with_silence(gap_seconds)
            yield take(placed)
    for _, placed in timeline.end():
        yield take(placed)
    yield take(None)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Yield the frames of each packet; damaged ones are left out."""
    damaged = 0
    # libav respects its list of codecs while probing streams, but not while decoding
    for packet in container.demux(track_of(container, codecs=CODECS)):
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except FFmpegError:
            damaged += 1
            if damaged > MOST_DAMAGED:
                raise
            logger.debug("a damaged packet was left out")
            continue
        damaged = 0
        yield from frames

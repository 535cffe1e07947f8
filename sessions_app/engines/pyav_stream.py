"""Decoding a live stream by libav, which wants a file: a thread reads what chunks are handed to."""

from collections.abc import Iterator
from threading import Thread

from av.container import InputContainer
from av.error import FFmpegError

from sessions_app.audio import count_samples
from sessions_app.engines.expansion import Expansion
from sessions_app.engines.feed import Feed
from sessions_app.engines.guards import GUARDS
from sessions_app.engines.pyav import Resampler, open_media, sound_of
from sessions_app.errors import DecodeError

CODECS = ("opus", "aac")
"""The codecs that live streams may use; all else in libav stays out of a stranger's reach."""
CLOSE_SECONDS = 0.9
"""Longest wait for a decoder's thread to end."""


class PyAVDecoder:
    """Decodes one live stream whose container is known; libav does not get to guess.

    ``container`` is libav's short name: ``webm``, ``ogg``, ``mp4``. The demuxer runs in a thread,
    which is always either at work on a chunk, while ``decode`` waits, or waiting for the next.
    """

    has_more = False
    """Never: ``decode`` gives all that a chunk completes."""

    def __init__(self, container: str) -> None:
        self._container = container
        self._guard = GUARDS[container]()
        self._feed = Feed()
        self._expansion = Expansion()
        self._decoded: list[bytes] = []
        self._has_sound = False
        self._failure: DecodeError | None = DecodeError("The decoder stopped by itself.")
        self._thread: Thread | None = None

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        Raises:
            DecodeError: the stream is broken or expands beyond reason.
        """
        self._expansion.receive(len(chunk))
        passed = self._guard.take(chunk)
        self._start()
        self._feed.hand_over(passed)
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
        self._feed.abandon()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._work, name="habla decoder", daemon=True)
            thread.start()
            self._thread = thread

    def _collect(self) -> bytes:
        if self._feed.is_finished and self._failure is not None:
            raise self._failure
        pcm = b"".join(self._decoded)
        self._decoded.clear()
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
            for pcm in _decode(container):
                if self._feed.is_abandoned:
                    return
                self._expansion.spend(count_samples(pcm))
                self._decoded.append(pcm)


def _decode(container: InputContainer) -> Iterator[bytes]:
    """Yield the PCM of ``container``'s sound; whatever is damaged is an error."""
    resampler = Resampler()
    # libav heeds its list of codecs while it looks for streams, and not when one is decoded
    for frame in container.decode(sound_of(container, CODECS)):
        yield resampler.take(frame)
    yield resampler.take(None)

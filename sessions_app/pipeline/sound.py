"""The sound of one stream: decoded, and judged frame by frame, in small pieces of work."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.base import Decoder, DetectorStream
from sessions_app.engines.decoding.decoders import container_apart, load_decoder, open_decoder
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.decoding.process import DecoderProcess
from sessions_app.pipeline.batching_thread import BatchingThread


class DetectedSound(NamedTuple):
    """PCM, and the speech probability of each frame that it completes."""

    pcm: bytes
    probabilities: Sequence[float] = ()
    silence_samples: int = 0
    """How much declared silence follows, which no detector analysed; complete frames."""


class Source(Protocol):
    """The sound of one listening period.

    No piece of work for which other sessions wait exceeds some seconds of sound, whatever is sent.
    """

    @property
    def has_more(self) -> bool:
        """Whether there is more of what was passed in; ``decode(b"")`` returns it."""
        ...

    async def decode(self, chunk: bytes) -> DetectedSound:
        """Return the PCM that ``chunk`` completes, some seconds at most.

        Raises:
            DecodeError: the stream is broken.
        """
        ...

    async def decode_only(self, chunk: bytes) -> tuple[bytes, int]:
        """Do so without judging it; return the PCM, and how much declared silence follows.

        Raises:
            DecodeError: the stream is broken.
        """
        ...

    async def judge(self, pcm: bytes) -> Sequence[float]:
        """Return the speech probability of each frame that ``pcm`` completes."""
        ...

    async def flush(self) -> DetectedSound:
        """Return the rest, at the end of the stream."""
        ...

    async def close(self) -> None:
        """Release the decoder. May be called twice."""
        ...


async def open_sound(
    encoding: Encoding,
    detector: DetectorStream,
    thread: BatchingThread,
    decoders: DecoderPool,
    *,
    sample_rate: int = SAMPLE_RATE,
) -> Source:
    """Return the sound of a stream that is about to begin; the caller must close it.

    Raises:
        CommandError: ``too_many_streams`` are being decoded already.
        EngineError: it cannot be decoded here.
    """
    container = container_apart(encoding)
    if container is not None:
        return IsolatedSound(await decoders.open(container), detector, thread)
    await thread.do(partial(load_decoder, encoding))
    return Sound(open_decoder(encoding, sample_rate=sample_rate), detector, thread)


class Sound:
    """The decoder and the detector of one stream, both run in the engines' own thread."""

    def __init__(self, decoder: Decoder, detector: DetectorStream, thread: BatchingThread) -> None:
        self._decoder = decoder
        self._detector = detector
        self._thread = thread
        thread.add_user(self)

    @property
    def has_more(self) -> bool:
        """Whether there is more of what was passed in."""
        return self._decoder.has_more

    async def decode(self, chunk: bytes) -> DetectedSound:
        """Return the PCM that ``chunk`` completes, and the probabilities of complete frames."""
        return await self._thread.do(lambda: self._judge(self._decoder.decode(chunk)))

    async def decode_only(self, chunk: bytes) -> tuple[bytes, int]:
        """Return the PCM that ``chunk`` completes, and how much declared silence follows."""
        return await self._thread.do(
            lambda: (self._decoder.decode(chunk), self._decoder.silence_samples)
        )

    async def judge(self, pcm: bytes) -> Sequence[float]:
        """Return the probabilities of the frames that ``pcm`` completes."""
        return await self._thread.do(lambda: self._detector.probabilities(pcm))

    async def flush(self) -> DetectedSound:
        """Return the rest, at the end of the stream."""
        return await self._thread.do(lambda: self._judge(self._decoder.flush()))

    async def close(self) -> None:
        """Release the decoder. May be called twice."""
        self._thread.remove_user(self)
        # one thread, first in first out: never at the same time as a cancelled decode that goes on
        await self._thread.do(self._decoder.close, surely=True)

    def _judge(self, pcm: bytes) -> DetectedSound:
        found = self._detector.probabilities(pcm) if pcm else ()
        return DetectedSound(pcm, found, self._decoder.silence_samples)


class IsolatedSound:
    """The same where a process of its own decodes, for which only this stream waits."""

    def __init__(
        self, decoder: DecoderProcess, detector: DetectorStream, thread: BatchingThread
    ) -> None:
        self._decoder = decoder
        self._detector = detector
        self._thread = thread
        thread.add_user(self)

    @property
    def has_more(self) -> bool:
        """Whether there is more of what was passed in."""
        return self._decoder.has_more

    async def decode(self, chunk: bytes) -> DetectedSound:
        """Return the PCM that ``chunk`` completes, and the probabilities of complete frames."""
        return await self._judge(await self._decoder.decode(chunk))

    async def decode_only(self, chunk: bytes) -> tuple[bytes, int]:
        """Return the PCM that ``chunk`` completes, and how much declared silence follows."""
        return await self._decoder.decode(chunk), self._decoder.silence_samples

    async def judge(self, pcm: bytes) -> Sequence[float]:
        """Return the probabilities of the frames that ``pcm`` completes."""
        return await self._thread.do(lambda: self._detector.probabilities(pcm))

    async def flush(self) -> DetectedSound:
        """Return the rest, at the end of the stream."""
        return await self._judge(await self._decoder.flush())

    async def close(self) -> None:
        """Release the decoder. May be called twice."""
        self._thread.remove_user(self)
        await self._decoder.close()

    async def _judge(self, pcm: bytes) -> DetectedSound:
        silence = self._decoder.silence_samples
        if not pcm:
            return DetectedSound(pcm, (), silence)
        return DetectedSound(pcm, await self.judge(pcm), silence)

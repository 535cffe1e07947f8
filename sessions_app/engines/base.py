"""What the house asks of an engine: protocols, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from sessions_app.events import Transcript, Translation, TranslationRequest

Progress = Callable[[str, float | None], None]
"""Told while an engine loads: what is being done, and how far it is (0..1, None: unknown)."""


class Transcriber(Protocol):
    """Finds words in sound. One per process, shared by all sessions through a scheduler."""

    languages: frozenset[str]
    """The languages it knows, of ``es`` and ``en``; settled once ``load`` has returned."""

    async def load(self) -> None:
        """Make ready; may take minutes, and may be called once.

        Raises:
            EngineUnavailableError: with how to mend it.
        """
        ...

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le).

        ``language`` is ``es`` or ``en``; None: find it among ``languages``. ``final`` asks for
        quality, otherwise speed counts.

        Raises:
            EngineError: it failed on this piece; the next may work.
        """
        ...

    async def aclose(self) -> None:
        """Release everything. May be called twice, and before ``load``."""
        ...


@runtime_checkable
class LanguageFinder(Protocol):
    """What a transcriber offers in addition if it can tell languages apart."""

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        """Return how likely ``pcm`` is ``es`` and ``en``; the two sum to 1."""
        ...


class Translator(Protocol):
    """Turns the text of one language into the other."""

    async def load(self) -> None:
        """Make ready. Raises EngineUnavailableError with how to mend it."""
        ...

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language.

        Raises:
            EngineError: it could not be translated.
        """
        ...

    async def aclose(self) -> None:
        """Release everything. May be called twice, and before ``load``."""
        ...


class DetectorStream(Protocol):
    """The detector's state for one source of sound."""

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        """Return how likely each frame holds speech, 0..1; blocks (about 60 µs a frame).

        One probability per whole 512-sample frame of what was given so far; an incomplete frame
        is kept for the next call.

        Raises:
            EngineError: the model failed.
        """
        ...


class Detector(Protocol):
    """Tells speech from everything else. One per process."""

    def stream(self) -> DetectorStream:
        """Return the fresh state of one source."""
        ...


class Decoder(Protocol):
    """Turns one encoded stream into PCM. One per listening period; not thread-safe."""

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        Raises:
            DecodeError: the stream is broken or expands beyond reason; only ``close`` may follow.
        """
        ...

    def flush(self) -> bytes:
        """Take the stream as ended; return the PCM that was still inside. Blocks."""
        ...

    def close(self) -> None:
        """Release everything. May be called twice, and in any state."""
        ...

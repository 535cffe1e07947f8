"""What the house asks of an engine: protocols, and nothing else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from sessions_app.core.events import Said, Transcript, Translation, TranslationRequest
from sessions_app.engines.whisper_speed import Speed

Progress = Callable[[str, float | None], None]
"""Told while an engine loads: what is being done, and how far it is (0..1, None: unknown)."""


class Transcriber(Protocol):
    """Finds words in sound. One per process, shared by all sessions through a scheduler.

    It may say that it ``is_interruptible``: then a call that is cancelled ends soon, and returns
    when the engine is free for the next one. Only such an engine is asked ahead of time.
    """

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


@runtime_checkable
class Measurable(Protocol):
    """What a transcriber offers in addition if it can tell how fast other models would be here."""

    speed: Speed | None

    async def measure(self) -> Speed | None:
        """Return how fast it is; takes some seconds the first time.

        Raises:
            EngineError: it failed.
        """
        ...


@runtime_checkable
class LanguageGuesser(LanguageFinder, Protocol):
    """What it offers if it can do that sooner, for speech that goes on."""

    async def guess_language(self, pcm: bytes) -> Mapping[str, float]:
        """Return how likely ``pcm`` is ``es`` and ``en``, at the cost of a partial of it."""
        ...


class Translator(Protocol):
    """Turns the text of one language into the other.

    It may say that it ``corrects``: then it tells in the classroom what a learner said wrong.
    """

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


Tell = Callable[[str], Awaitable[None]]
"""Told a draft as it grows: each time all of it so far."""


@runtime_checkable
class Drafter(Protocol):
    """What a translator offers in addition if it can translate speech that goes on."""

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Tell a translation of the beginning of a sentence while it is being made.

        Cancelling it ends the work at once, wherever that is done. Nothing may be told at all.

        Raises:
            EngineError: it failed; the next may work.
        """
        ...


@runtime_checkable
class AheadTranslator(Protocol):
    """What it offers if it can translate sentences that may not be all that is said."""

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return what ``translate`` would; None: this is not the time for it.

        A failure counts against nothing that is said.

        Raises:
            EngineError: it could not be translated.
        """
        ...


@runtime_checkable
class TopicFinder(Protocol):
    """What a translator offers in addition if it can say what is being talked of."""

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return one line about ``said``, where ``topic`` was the last one; empty: nothing better.

        Raises:
            EngineError: it failed.
        """
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

    @property
    def has_more(self) -> bool:
        """Whether more was handed over than is decoded; ``decode(b"")`` goes on with it."""
        ...

    @property
    def silence_samples(self) -> int:
        """How much silence, declared and only counted, follows what the last call gave.

        Whole frames, in samples. More of what was handed over follows it.
        """
        ...

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        Gives some seconds of sound at most: others wait for the thread meanwhile.

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

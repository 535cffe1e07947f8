"""Everything that an engine imports from Habla, and everything that Habla asks of an engine.

``Transcriber``, ``Translator`` and ``Detector`` name every capability that an engine may have, with
the default for one that does not have it. An engine inherits from one of them and overrides what it
can do. One that inherits from none of them is given the defaults when it is built. docs/engines.md
says more, with an example.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sessions_app.core.audio import (
    FRAME_BYTES,
    FRAME_SAMPLES,
    SAMPLE_BYTES,
    SAMPLE_RATE,
    Encoding,
    count_samples,
    to_samples,
    to_seconds,
)
from sessions_app.core.corrections import Correction, make_correction
from sessions_app.core.errors import (
    BadTranslationError,
    DecodeError,
    EngineBusyError,
    EngineError,
    EngineLoadingError,
    EngineUnavailableError,
    Fault,
)
from sessions_app.core.events import (
    Direction,
    Mode,
    PassedOver,
    Phrase,
    Said,
    SpokenWord,
    Transcript,
    Translation,
    TranslationRequest,
    Usage,
)
from sessions_app.engines.model_condition import Board, ModelCondition, ModelState, RemoteModel

__all__ = [
    "BOTH_DIRECTIONS",
    "BOTH_LANGUAGES",
    "FRAME_BYTES",
    "FRAME_SAMPLES",
    "SAMPLE_BYTES",
    "SAMPLE_RATE",
    "BadTranslationError",
    "Board",
    "Correction",
    "DecodeError",
    "Decoder",
    "Detector",
    "DetectorStream",
    "Direction",
    "Encoding",
    "Engine",
    "EngineBusyError",
    "EngineError",
    "EngineLoadingError",
    "EngineUnavailableError",
    "Fault",
    "Mode",
    "ModelCondition",
    "ModelState",
    "PassedOver",
    "Phrase",
    "Progress",
    "RemoteModel",
    "Said",
    "SpokenWord",
    "Tell",
    "Transcriber",
    "Transcript",
    "Translation",
    "TranslationRequest",
    "Translator",
    "Usage",
    "VoiceEncoder",
    "count_samples",
    "make_correction",
    "to_samples",
    "to_seconds",
]

BOTH_LANGUAGES = frozenset({"es", "en"})
BOTH_DIRECTIONS = frozenset({Direction.ES_TO_EN, Direction.EN_TO_ES})

Progress = Callable[[str, float | None], None]
"""Called while an engine loads: what is being done, and how far it is (0..1, None: unknown)."""

Tell = Callable[[str], Awaitable[None]]
"""Called as a draft grows: each time with all of it so far."""


class Engine:
    """What all engines have in common."""

    async def load(self) -> None:
        """Get ready; may take minutes, and is called once.

        Raises:
            EngineUnavailableError: it cannot be used, with what to do about it.
        """

    async def aclose(self) -> None:
        """Release everything. May be called twice, and before ``load``."""


class Transcriber(Engine, ABC):
    """Finds words in speech. One per process, shared by all sessions through a scheduler."""

    languages: frozenset[str] = BOTH_LANGUAGES
    """The languages it knows, of ``es`` and ``en``; may change until ``load`` has returned."""
    parallel: int = 1
    """How many calls it takes at once."""
    is_interruptible: bool = False
    """Whether a cancelled call ends soon, and returns once the engine is free again.

    Only such an engine is asked for the words of an utterance before it is certain to be over.
    """
    gives_word_times: bool = False
    """Whether finals name their ``words``, with punctuation and times.

    Only then is speech that goes on without a pause cut where a sentence ends.
    """
    why: str | None = None
    """What its users should know about it, once it is loaded; None: nothing."""
    sample: bytes = b""
    """Sound, as ``transcribe`` takes it, in which it must find words, for the self-test.

    Empty: it finds words in English speech.
    """

    @abstractmethod
    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le).

        ``language`` is ``es`` or ``en``; None: the engine finds it, among ``languages``. ``final``
        asks for quality, otherwise speed counts.

        Raises:
            EngineError: it failed on this piece; the next may work.
        """

    @property
    def can_tell_languages(self) -> bool:
        """Return whether ``language_probabilities`` was overridden.

        If not, it is never called: each call has to wait its turn.
        """
        return type(self).language_probabilities is not Transcriber.language_probabilities

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float] | None:
        """Return how likely ``pcm`` is ``es`` and ``en``, summing to 1; None: it cannot tell.

        Raises:
            EngineError: it failed on this piece; the next may work.
        """
        return None

    async def guess_language(self, pcm: bytes) -> Mapping[str, float] | None:
        """Return the same while speech goes on, if possible at the cost of one partial.

        Raises:
            EngineError: it failed on this piece; the next may work.
        """
        return await self.language_probabilities(pcm) if self.can_tell_languages else None


class Translator(Engine, ABC):
    """Translates text from one language into the other. One per process."""

    directions: frozenset[Direction] = BOTH_DIRECTIONS
    """The directions it knows; may change until ``load`` has returned."""
    is_cloud: bool = False
    """Whether what is said leaves this machine and its own network.

    Such a translator is never a fallback for one that is not.
    """
    corrects: bool = False
    """Whether it reports, in the classroom, what a learner said wrong."""
    needs_phrasebook: bool = False
    """Whether Habla's phrasebook answers the everyday sentences that it has, and this the rest."""
    is_rule_based: bool = False
    """Whether it translates by rules, so that its translations convey only the gist.

    They are marked so, for whoever reads them.
    """
    translates: bool = True
    """Whether it translates at all; if not, its answers are empty, and no test expects words."""
    needs_no_judging: bool = False
    """Whether its answers are used without checking that they are translations."""
    why: str | None = None
    """What its users should know about it, once it is loaded; None: nothing."""
    remote_model: RemoteModel | None = None
    """Its model, if another program holds it and may have to load it first; None: no such model."""

    @abstractmethod
    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language.

        Raises:
            EngineError: it could not be translated.
        """

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return what ``translate`` would, for a sentence of an utterance that is not over.

        None: it does not translate ahead of time, or not now.

        Raises:
            EngineError: it could not be translated; that is not held against it.
        """
        return None

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Translate the beginning of a sentence, calling ``tell`` as the translation grows.

        It may never call it. Cancelling it ends the work at once, wherever that is done.

        Raises:
            EngineError: it failed; the next may work.
        """

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return one line about ``said``; ``topic`` was the last one; empty: no better one.

        Raises:
            EngineError: it failed.
        """
        return ""


class DetectorStream(Protocol):
    """The detector's state for one source of sound."""

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        """Return how likely each frame contains speech, 0..1; blocks (about 60 µs a frame).

        One probability for each whole 512-sample frame of what was given so far; an incomplete
        frame is kept for the next call.

        Raises:
            EngineError: the model failed.
        """
        ...


class Detector(Engine, ABC):
    """Detects speech (voice activity detection). One per process."""

    @abstractmethod
    def stream(self) -> DetectorStream:
        """Return new state for one source."""


class VoiceEncoder(Engine, ABC):
    """Turns speech into a voice print, by which voices are told apart. One per process."""

    same_voice: float = 0.75
    """How alike two prints of one voice usually are at least: their cosine, for 2 s of speech."""

    @abstractmethod
    def embed(self, pcm: bytes) -> npt.NDArray[np.float32]:
        """Return the voice print of ``pcm`` (16 kHz mono s16le, 1 s at least): a unit vector.

        Blocks, and may be called by several threads at once. All prints have the same length; those
        of one voice point in nearly the same direction.

        Raises:
            EngineError: the model failed.
        """


class Decoder(Protocol):
    """Turns one encoded stream into PCM. One per listening period; not thread-safe."""

    @property
    def has_more(self) -> bool:
        """Whether more was handed over than is decoded; ``decode(b"")`` continues with it."""
        ...

    @property
    def silence_samples(self) -> int:
        """How much silence, which is only counted, follows what the last call returned.

        Whole frames, in samples. More of what was handed over follows it.
        """
        ...

    def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the 16 kHz mono s16le PCM that it completes. Blocks.

        It returns some seconds of sound at most, since others wait for the thread.

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

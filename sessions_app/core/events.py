"""What everyone speaks of: the values and events that cross the floors of the house."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """From which language into which."""

    ES_TO_EN = "es_to_en"
    EN_TO_ES = "en_to_es"
    AUTO = "auto"
    """The language is found anew for each utterance, among Spanish and English only."""

    @property
    def source(self) -> str | None:
        """Return the language spoken, ``es`` or ``en``; None where it must be found."""
        return None if self is Direction.AUTO else self.value[:2]

    @property
    def target(self) -> str | None:
        """Return the language translated into, ``es`` or ``en``; None where it must be found."""
        return None if self is Direction.AUTO else self.value[-2:]

    @classmethod
    def of(cls, language: str) -> "Direction":
        """Return the direction that translates from ``language`` (``es`` or ``en``)."""
        return cls.ES_TO_EN if language == "es" else cls.EN_TO_ES


class Mode(StrEnum):
    """What the session is for."""

    CONVERSATION = "conversation"
    CLASSROOM = "classroom"


class DiscardReason(StrEnum):
    """Why a segment was judged to be nothing."""

    NO_SPEECH = "no_speech"
    TOO_SHORT = "too_short"
    HALLUCINATION = "hallucination"


# --- what engines take and give -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words that a transcriber found in a segment."""

    text: str
    language: str
    """``es`` or ``en``."""
    confidence: float = 1.0
    """0..1: how sure the engine is of the words."""
    no_speech_probability: float = 0.0
    """0..1: how likely the segment holds no speech at all."""
    average_log_probability: float = 0.0
    """Mean log-probability of the tokens (<= 0), as Whisper gives it."""
    compression_ratio: float = 1.0
    """zlib ratio of the text, as Whisper gives it: far above 2 means repetition."""


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier exchange, as context for the next translation."""

    source: str
    translated: str
    direction: Direction
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """Text to translate. ``direction`` is never ``auto`` here."""

    text: str
    direction: Direction
    context: tuple[Said, ...] = ()
    mode: Mode = Mode.CONVERSATION
    speaker: str | None = None
    topic: str = ""
    """What is being talked of, in one line; empty: not known."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a translation took, where a model counts it."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    """In the currency of the prices in the settings; 0 where there are none."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something worth noticing in what was said: an idiom, a false friend, a correction."""

    text: str
    meaning: str
    kind: str = "idiom"
    literal: str = ""
    region: str = ""
    """Where an idiom is said: ``ES``, ``LA``, ``US``, ``UK``, with commas between."""
    register: str = ""
    start: int | None = None
    """Where it stands in the source, in characters; None where the engine does not say."""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A translator whose answer was not used."""

    engine: str
    fault: str
    """Of Fault."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What a translator made of a request."""

    text: str
    """The translation; empty where there is no translator."""
    corrected: str = ""
    """The source as the translator believes it was meant; empty: as it was heard."""
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0
    engine: str = ""
    """The name of the engine that answered."""
    usage: Usage = Usage()
    passed_over: tuple[PassedOver, ...] = ()
    """Who was asked before, and gave no translation."""


GIST_ENGINES = frozenset({"apertium"})
"""Translators that go by rules, word for word where these fail: good for the gist only."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What people are told of an engine."""

    name: str
    """The short name (``faster-whisper``) or dotted path that chose it."""
    languages: tuple[str, ...] = ()
    """Languages it takes, sorted: ``("en", "es")``."""
    why: str | None = None
    """Why it is this one and not a better one, in plain words, with how to get the better one."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: an id that stays, and a name that people may change."""

    id: str
    name: str


# --- what a session says --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to speak."""

    utterance_id: int
    at_seconds: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The speech of an utterance is over; its words follow."""

    utterance_id: int
    at_seconds: float


@dataclass(frozen=True, slots=True)
class Partial:
    """A hypothesis sent while speech goes on; ``revision`` n+1 replaces n."""

    utterance_id: int
    revision: int
    stable: str
    """Words on which two consecutive hypotheses agree."""
    unstable: str
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """The words of a finished utterance; they never change."""

    utterance_id: int
    text: str
    language: str
    direction: Direction
    speaker: Speaker | None
    start_seconds: float
    end_seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A final with its translation: shown, kept, studied."""

    utterance_id: int
    source: str
    translated: str
    """Empty where nothing could be translated; ``failure`` says why."""
    language: str
    direction: Direction
    start_seconds: float
    end_seconds: float
    corrected: str = ""
    speaker: Speaker | None = None
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0
    transcriber: str = ""
    """The engine that heard it; empty for typed text."""
    translator: str = ""
    failure: str = ""
    """The code of the error that kept it from being translated; empty: none."""
    exchange_id: int | None = None
    """The row's id, once it is kept."""
    usage: Usage = Usage()
    passed_over: tuple[PassedOver, ...] = ()
    """Translators that were asked before, and gave no translation."""

    @property
    def is_gist(self) -> bool:
        """Return whether the translation is good for the gist only."""
        return self.translator in GIST_ENGINES


@dataclass(frozen=True, slots=True)
class Discarded:
    """A segment was heard, and judged to be nothing."""

    utterance_id: int
    reason: DiscardReason


@dataclass(frozen=True, slots=True)
class Lag:
    """The words are behind, or no longer."""

    seconds: float
    """For how long the oldest utterance waits for its words, beyond the engine's time for it.

    0: it is over.
    """
    dropped_seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Something went wrong, told to the client."""

    code: str
    message: str
    about: str | int | None = None
    """The command's type, or the utterance's id."""
    fatal: bool = False
    retry_after_seconds: float | None = None
    """Of what comes too fast: when to go on."""
    fault: str = ""
    """Of a translation: why what came was none, in a word of Fault; empty: nothing came."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Any other message of the session, by the type it has in docs/protocol.md."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_passing: bool = False
    """Whether the next one of its type replaces it, so that a client may miss it."""


Event = (
    SpeechStarted
    | SpeechEnded
    | Partial
    | FinalTranscript
    | Exchange
    | Discarded
    | Lag
    | Failure
    | Notice
)

Emit = Callable[[Event], Awaitable[None]]
"""Tells an event to whoever it is for."""

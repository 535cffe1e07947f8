"""How fast a Whisper is on this machine, measured; and an estimate for the other models.

A network's time depends on its work: of the encoder on its multiplications, which do not depend on
what is said; of the decoder, for each token, on its weights, which are all read once.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from sessions_app.engines.base import Transcriber

POSITIONS = 1500
"""What the encoder processes at once: thirty seconds."""
VOCABULARY = 51_865
SENTENCE_TOKENS = 25
"""A sentence of five seconds: about fifteen words."""
MOST_BEHIND_SECONDS = 3.0
"""Whoever waits longer for the words after a sentence loses the thread."""
ON_PROCESSOR = ("whisper-small", "whisper-medium")
ON_GRAPHICS_CARD = ("whisper-large-v3-turbo", "whisper-large-v3")


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a Whisper."""

    encoder_layers: int
    decoder_layers: int
    width: int

    @property
    def encoding(self) -> float:
        """Return how many multiplications the encoder does."""
        of_weights = 12 * self.width**2 * POSITIONS
        of_attention = 2 * POSITIONS**2 * self.width
        return self.encoder_layers * (of_weights + of_attention)

    @property
    def token(self) -> float:
        """Return how many weights the decoder reads for one token."""
        return self.decoder_layers * 14 * self.width**2 + VOCABULARY * self.width


SHAPES: Mapping[str, Shape] = {
    "whisper-tiny": Shape(4, 4, 384),
    "whisper-base": Shape(6, 6, 512),
    "whisper-small": Shape(12, 12, 768),
    "whisper-medium": Shape(24, 24, 1024),
    "whisper-large-v3": Shape(32, 32, 1280),
    "whisper-large-v3-turbo": Shape(32, 4, 1280),
}


@dataclass(frozen=True, slots=True)
class Speed:
    """The measured speed of one model."""

    model: str
    """One of SHAPES."""
    encode_seconds: float
    token_seconds: float
    """With the beam size of a final."""
    is_on_graphics_card: bool

    def behind_seconds(self, model: str) -> float:
        """Return how long after a sentence its words would come with ``model``."""
        measured, asked = SHAPES[self.model], SHAPES[model]
        encode = self.encode_seconds * asked.encoding / measured.encoding
        token = self.token_seconds * asked.token / measured.token
        return encode + SENTENCE_TOKENS * token

    @property
    def own_seconds(self) -> float:
        """Return how long after a sentence its words come."""
        return self.behind_seconds(self.model)

    def better(self) -> list[str]:
        """Return the larger models that are worth considering here."""
        among = ON_GRAPHICS_CARD if self.is_on_graphics_card else ON_PROCESSOR
        own = SHAPES[self.model].encoding
        return [model for model in among if model != self.model and SHAPES[model].encoding >= own]

    def offered(self) -> list[str]:
        """Return those of the better models that are fast enough on this machine."""
        return [m for m in self.better() if self.behind_seconds(m) <= MOST_BEHIND_SECONDS]

    def told(self) -> str:
        """Return all of that as a line for people."""
        parts = [f"{_short(self.model)} is {self.own_seconds:.1f} s behind here"]
        parts += [f"{_short(m)} would be {self.behind_seconds(m):.1f} s" for m in self.better()]
        offered = self.offered()
        advice = f"; manage.py fetch_models {_short(offered[-1])} brings it" if offered else ""
        return ", ".join(parts) + advice + "."


class MeasuredTranscriber(Transcriber):
    """A Whisper that knows how fast it is here, and so how fast the larger ones would be."""

    measured_speed: Speed | None = None
    """How fast it is on this machine; None: that was not measured (yet)."""

    @abstractmethod
    async def measure_speed(self) -> Speed | None:
        """Return ``measured_speed``, measured if it was not yet; None: of a model unknown.

        Raises:
            EngineError: it failed.
        """


def _short(model: str) -> str:
    return model.removeprefix("whisper-")

"""What all parts of the bench measure with: the engines and the number of sentences."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benches.quality.plain import Plain
from benches.quality.transcribing import Transcribing, transcribing
from benches.quality.weights import weights

CLIPS = 40


@dataclass(frozen=True, slots=True)
class Tools:
    """The same weights, in Habla and in plain faster-whisper."""

    weights: Path
    transcribing: Transcribing
    plain: Plain
    clips: int = CLIPS
    """How many sentences of each language are used where more of them tell more."""


@contextlib.asynccontextmanager
async def tools(clips: int = CLIPS) -> AsyncIterator[Tools]:
    """Download what is missing, and load both.

    Raises:
        UnavailableError: the weights cannot be had.
    """
    directory = await weights()
    async with transcribing(directory) as habla:
        yield Tools(directory, habla, Plain(directory), clips)

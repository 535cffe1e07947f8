"""What all parts of the bench measure with."""

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
    """The same weights in Habla and on their own."""

    weights: Path
    transcribing: Transcribing
    plain: Plain
    clips: int = CLIPS
    """How many sentences of each language are heard where more of them say more."""


@contextlib.asynccontextmanager
async def tools(clips: int = CLIPS) -> AsyncIterator[Tools]:
    """Fetch what is missing, and load both.

    Raises:
        UnavailableError: the weights cannot be had.
    """
    directory = await weights()
    async with transcribing(directory) as habla:
        yield Tools(directory, habla, Plain(directory), clips)

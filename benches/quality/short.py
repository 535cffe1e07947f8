"""The short form, for CI: forty clips, without latencies, which a busy machine would spoil."""

from collections.abc import Sequence

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, Clip, sentences, single_words
from benches.quality.transcribing import Transcribing
from benches.quality.words import error_percent

FORM = "short"
SENTENCES = 14
"""Clips of each language; together with the single words there are forty."""
WORDS = 6
TOLERANCE = 3.0
"""Tolerance, in percent of the words, of which there are about a hundred per language."""


def clips() -> dict[str, list[Clip]]:
    """Return the figures, by language.

    Raises:
        UnavailableError: the speech cannot be had.
    """
    return {one: sentences(one, SENTENCES) + single_words(one, WORDS) for one in VOICES}


async def measure(transcribing: Transcribing) -> list[Measured]:
    """Return word error rates and found languages, with no language given."""
    figures = []
    for language, found in clips().items():
        figures += await _measure(transcribing, language, found)
    return figures


async def _measure(
    transcribing: Transcribing, language: str, found: Sequence[Clip]
) -> list[Measured]:
    heard = [(clip, await transcribing.hear(clip.pcm)) for clip in found]
    pairs = [(clip.text, one.text) for clip, one in heard]
    right = sum(one.languages == {language} for _, one in heard)
    return [
        Measured(
            f"{language}, {len(found)} clips, auto: wrong words",
            error_percent(pairs, language),
            *("%", TOLERANCE),
        ),
        Measured(f"{language}: language found", right, "", 1.0, more_is_better=True),
    ]

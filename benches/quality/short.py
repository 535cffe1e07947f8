"""The short form, for CI: forty clips, without latencies, which a busy machine would spoil."""

from collections.abc import Sequence

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, Clip, sentences, single_words
from benches.quality.transcribing import Transcribing
from benches.quality.words import error_percent

FORM = "short"
SENTENCES = 14
"""Of each language; with the single words they are forty clips."""
WORDS = 6
TOLERANCE = 3.0
"""In percent of the words, of which there are about a hundred in each language."""


def clips() -> dict[str, list[Clip]]:
    """Return what is heard, by language.

    Raises:
        UnavailableError: the speech cannot be had.
    """
    return {one: sentences(one, SENTENCES) + single_words(one, WORDS) for one in VOICES}


async def measure(transcribing: Transcribing) -> list[Measured]:
    """Return wrong words and found languages, all in the mode in which the language is found."""
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

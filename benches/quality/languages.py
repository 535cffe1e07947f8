"""How often the language is found: of single words, and of each sentence of a file."""

from collections.abc import Sequence

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, Clip, sentences, single_words
from benches.quality.streams import Spoken, stream_of
from benches.quality.tools import Tools
from benches.quality.transcribing import Heard

WORDS = 40
SENTENCES = 24
PAUSES = (0.9, 1.3, 1.1)
"""Seconds between the sentences of a file."""
TOLERANCE = 2.0


async def measure(tools: Tools) -> list[Measured]:
    """Return the figures of both languages."""
    figures = []
    for language in VOICES:
        words, in_file = single_words(language, WORDS), sentences(language, SENTENCES)
        found = await words_found(tools, words)
        name = f"{language}: of {len(words)} single words, language found"
        figures += [
            Measured(name, found, "", TOLERANCE, more_is_better=True),
            Measured(f"{name}, plain", _plain(tools, words)),
        ]
        found = await sentences_found(tools, in_file)
        name = f"{language}: of {len(in_file)} sentences of a file, language found"
        figures += [
            Measured(name, found, "", 1.0, more_is_better=True),
            Measured(f"{name}, plain, one by one", _plain(tools, in_file)),
        ]
    return figures


async def words_found(tools: Tools, clips: Sequence[Clip]) -> int:
    """Return for how many clips, each transcribed alone, the language is found.

    A clip without any words does not count.
    """
    heard = [(clip, await tools.transcribing.hear(clip.pcm)) for clip in clips]
    return sum(one.languages == {clip.language} for clip, one in heard)


async def sentences_found(tools: Tools, clips: Sequence[Clip]) -> int:
    """Return for how many clips of one file the language is found in all that is said there."""
    stream = stream_of(clips, PAUSES)
    heard = await tools.transcribing.hear(stream.pcm)
    return sum(_at(heard, one) == {one.clip.language} for one in stream.spoken)


def _at(heard: Heard, spoken: Spoken) -> set[str]:
    return {
        exchange.language
        for exchange in heard.exchanges
        if spoken.meets(exchange.start_seconds, exchange.end_seconds)
    }


def _plain(tools: Tools, clips: Sequence[Clip]) -> int:
    return sum(tools.plain.hear(clip.pcm).language == clip.language for clip in clips)

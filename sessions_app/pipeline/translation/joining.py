"""One translation, joined from sentences that were translated one by one."""

from collections.abc import Sequence
from dataclasses import replace

from sessions_app.core.events import Phrase, Translation, Usage

Made = tuple[str, Translation]
"""A text and its translation."""


def joined(made: Sequence[Made]) -> Translation:
    """Return the translation of sentences that are separated by spaces."""
    phrases: list[Phrase] = []
    start = 0
    for text, translation in made:
        phrases += [_moved(phrase, start) for phrase in translation.phrases]
        start += len(text) + 1
    translations = [translation for _, translation in made]
    is_corrected = any(translation.corrected for translation in translations)
    return Translation(
        " ".join(translation.text for translation in translations),
        " ".join(one.corrected or text for text, one in made) if is_corrected else "",
        tuple(phrases),
        min(translation.confidence for translation in translations),
        translations[0].engine,
        Usage(
            sum(translation.usage.prompt_tokens for translation in translations),
            sum(translation.usage.completion_tokens for translation in translations),
            sum(translation.usage.cost for translation in translations),
        ),
        tuple(dict.fromkeys(one for each in translations for one in each.passed_over)),
        any(translation.is_gist for translation in translations),
    )


def _moved(phrase: Phrase, by: int) -> Phrase:
    if phrase.start is None or phrase.end is None:
        return phrase
    return replace(phrase, start=phrase.start + by, end=phrase.end + by)

"""English into Spanish: what is changed around Apertium's rules."""

from collections.abc import Sequence

from sessions_app.engines.translation.rules.draft import Draft
from sessions_app.engines.translation.rules.english_readings import tell_english_apart
from sessions_app.engines.translation.rules.english_text import rewrite_english
from sessions_app.engines.translation.rules.english_words import translate_english
from sessions_app.engines.translation.rules.spanish_forms import finish_spanish
from sessions_app.engines.translation.rules.units import Unit


class EnglishRules:
    """What is changed of English, and of the Spanish that comes of it."""

    def rewrite(self, draft: Draft) -> None:
        """Replace times of day, requests and what else the rules cannot do."""
        rewrite_english(draft)

    def tell_apart(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Leave the readings that stand to reason: imperatives, infinitives, nouns."""
        return tell_english_apart(sentence)

    def translate(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Translate imperatives, politeness, and words that depend on others."""
        return translate_english(sentence)

    def finish(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Give verbs the person and tense that are meant, and pronouns their place."""
        return finish_spanish(sentence)

"""The catalogue of messages in another language: sentences, and templates of such with values."""

import gettext
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, to_locale

from sessions_app.core.commands_told import SENTENCE_END

NATIVE = "en"
"""The language in which all messages are written."""
PLACE = re.compile(r"\{([a-z_]+)\}")
"""Where a template has a value, whose name says what it is."""
OF_OURS = frozenset({"direction", "error", "kind", "language", "reason", "what", "why"})
"""The names of values that are words of ours, and so translated too; all others stay."""
LONGEST = 4
"""Of how many sentences a template may seem to be, by values that have ends of sentences."""


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with places for values, and its translation."""

    literals: tuple[str, ...]
    """What stands before, between and after the places."""
    places: tuple[str, ...]
    translation: str

    @classmethod
    def of(cls, message: str, translation: str) -> "Template":
        """Return the template that is written ``message``."""
        parts = PLACE.split(message)
        return cls(tuple(parts[::2]), tuple(parts[1::2]), translation)

    @property
    def size(self) -> int:
        """Return how many characters of it are no values: the more, the surer is a match."""
        return sum(map(len, self.literals))

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return the values by place with which it gives ``text``; None: it does not give it.

        The time for that grows with the length of ``text`` and no faster.
        """
        first, *between, last = self.literals
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last):
            return None
        edges = [(0, len(first))]
        for literal in between:
            at = text.find(literal, edges[-1][1] + 1, end)
            if at < 0:
                return None
            edges.append((at, at + len(literal)))
        edges.append((end, len(text)))
        found = [text[before[1] : after[0]] for before, after in pairwise(edges)]
        pairs = list(zip(self.places, found, strict=True))
        values = dict(pairs)
        is_given = all(value and values[place] == value for place, value in pairs)
        return values if is_given else None


class MessageCatalogue(gettext.GNUTranslations):
    """The messages that a compiled catalogue has, with the templates among them."""

    _catalog: dict[Any, str]

    def __init__(self, fp: Any) -> None:
        super().__init__(fp)
        messages = {text: told for text, told in self._catalog.items() if isinstance(text, str)}
        self._sentences = {text: told for text, told in messages.items() if text}
        templates = [Template.of(*each) for each in messages.items() if PLACE.search(each[0])]
        self._templates = sorted(templates, key=lambda each: each.size, reverse=True)

    def told(self, text: str) -> str:
        """Return ``text`` with each sentence translated that is known here."""
        sentences = SENTENCE_END.split(text)
        told = []
        while sentences:
            count, translation = self._first_of(sentences)
            told.append(translation)
            del sentences[:count]
        return " ".join(told)

    def _first_of(self, sentences: list[str]) -> tuple[int, str]:
        """Return the first of ``sentences`` in translation, and of how many it consists."""
        for count in range(1, min(LONGEST, len(sentences)) + 1):
            translation = self._translated(" ".join(sentences[:count]))
            if translation is not None:
                return count, translation
        return 1, sentences[0]

    def _translated(self, sentence: str) -> str | None:
        if sentence in self._sentences:
            return self._sentences[sentence]
        for template in self._templates:
            values = template.values_in(sentence)
            if values is not None:
                return self._filled(template, values)
        return None

    def _filled(self, template: Template, values: dict[str, str]) -> str:
        told = {
            place: self.told(value) if place in OF_OURS else value
            for place, value in values.items()
        }
        return PLACE.sub(lambda place: told[place[1]], template.translation)


@cache
def _catalogue_of(language: str) -> MessageCatalogue | None:
    for directory in settings.LOCALE_PATHS:
        if gettext.find("django", directory, [to_locale(language)]):
            return gettext.translation(
                "django", directory, [to_locale(language)], class_=MessageCatalogue
            )
    return None


def in_language(text: str, language: str | None = None) -> str:
    """Return a message of ours in ``language``; None: in that of the request that is answered."""
    language = language or get_language() or NATIVE
    catalogue = None if language == NATIVE else _catalogue_of(language)
    return catalogue.told(text) if catalogue else text

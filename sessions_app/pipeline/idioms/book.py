"""The idioms that are searched for in what is said: the owner's, and those Habla ships."""

from collections.abc import Iterable, Mapping, Sequence

from sessions_app.core.corrections import Correction
from sessions_app.core.events import Phrase
from sessions_app.pipeline.idioms.matching import Idiom, Idioms, builtin, fold
from sessions_app.pipeline.languages import LANGUAGES


def by_language(idioms: Iterable[Idiom]) -> Mapping[str, Idioms]:
    """Return compiled idioms by language. Takes some milliseconds for each of them."""
    known = list(idioms)
    return {
        language: Idioms(idiom for idiom in known if idiom.language == language)
        for language in LANGUAGES
    }


class IdiomBook:
    """The idioms of a server, shared by its sessions; it may change while they use it."""

    def __init__(self) -> None:
        self._own: Mapping[str, Idioms] = {}

    def prepare(self) -> None:
        """Load the idioms that Habla ships. Blocks, for a quarter of a second."""
        for language in LANGUAGES:
            builtin(language)

    def replace(self, own: Mapping[str, Idioms]) -> None:
        """Use these idioms of the owner from now on, as ``by_language`` returns them."""
        self._own = own

    def find(self, text: str, language: str) -> tuple[Phrase, ...]:
        """Return the idioms in ``text``, in order. Where two overlap, the owner's wins."""
        if language not in LANGUAGES:
            return ()
        own = self._own[language].find(text) if language in self._own else ()
        given = (p for p in builtin(language).find(text) if not any(_overlap(p, o) for o in own))
        return tuple(sorted((*own, *given), key=lambda phrase: _place(phrase).start))

    def noticed(self, phrases: Sequence[Phrase], text: str, language: str) -> tuple[Phrase, ...]:
        """Return the phrases that a translator found in ``text``, and the idioms that it missed."""
        told = [fold(p.text) for p in phrases if p.text and not isinstance(p, Correction)]
        found = self.find(text, language)
        new = [p for p in found if not any(t in fold(p.text) or fold(p.text) in t for t in told)]
        return (*phrases, *new)


def _overlap(one: Phrase, other: Phrase) -> bool:
    one_place, other_place = _place(one), _place(other)
    return one_place.start < other_place.stop and other_place.start < one_place.stop


def _place(phrase: Phrase) -> range:
    return range(phrase.start or 0, phrase.end or 0)

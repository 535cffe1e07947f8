"""The speakers of a conversation, told apart by their language, with the names given to them."""

from collections.abc import Mapping

from sessions_app.core.errors import CommandError
from sessions_app.core.events import Speaker

DEFAULT_NAMES = {"es": "Spanish speaker", "en": "English speaker"}
"""By speaker id, which is the language: the language tells who spoke."""


class Speakers:
    """The names of those who speak in one conversation."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.begin(names or {})

    def begin(self, kept: Mapping[str, str]) -> None:
        """Begin a conversation, or continue one, in which these names are stored, by id."""
        self._kept = dict(kept)
        self._names = DEFAULT_NAMES | self._kept

    def of(self, key: str) -> Speaker:
        """Return the speaker whose id, or language, is ``key``.

        Raises:
            CommandError: there is no speaker with that id.
        """
        if key not in self._names:
            raise CommandError("There is no speaker with that id here.", code="unknown_speaker")
        return Speaker(key, self._names[key])

    def call(self, speaker: Speaker) -> None:
        """Give the speaker with that id a name from now on.

        Raises:
            CommandError: there is no speaker with that id.
        """
        self._names[self.of(speaker.id).id] = speaker.name

    def learn(self, kept: Mapping[str, str]) -> bool:
        """Adopt the names that are stored now; return whether any of them has changed.

        A name given here that is not stored yet stays.
        """
        before = dict(self._names)
        self._names |= {key: name for key, name in kept.items() if self._kept.get(key) != name}
        self._kept = dict(kept)
        return self._names != before

    def all(self) -> list[Speaker]:
        """Return all speakers, in the order in which they were first known."""
        return [Speaker(key, name) for key, name in self._names.items()]

"""Who speaks: told apart by their language, and called what people call them."""

from collections.abc import Mapping

from sessions_app.errors import CommandError
from sessions_app.events import Speaker

DEFAULT_NAMES = {"es": "Spanish speaker", "en": "English speaker"}
"""By speaker id, which is the language: between two languages, one tells who it was."""


class Speakers:
    """The names of those who speak in one conversation."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = DEFAULT_NAMES | dict(names or {})

    def of(self, key: str) -> Speaker:
        """Return the speaker whose id, or language, is ``key``.

        Raises:
            CommandError: there is nobody of that id.
        """
        if key not in self._names:
            raise CommandError("Nobody of that id speaks here.", code="unknown_speaker")
        return Speaker(key, self._names[key])

    def call(self, speaker: Speaker) -> None:
        """Call the speaker of that id by that name from now on.

        Raises:
            CommandError: there is nobody of that id.
        """
        self._names[self.of(speaker.id).id] = speaker.name

    def all(self) -> list[Speaker]:
        """Return everyone, in the order in which they were first known."""
        return [Speaker(key, name) for key, name in self._names.items()]

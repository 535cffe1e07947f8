"""The context of a sentence for its translator: what was said before, and the topic."""

from collections import deque
from collections.abc import Iterable

from sessions_app.core.events import Direction, Exchange, Mode, Said, Speaker, TranslationRequest
from sessions_app.engines.base import Translator
from sessions_app.pipeline.latest_only import LatestOnly
from sessions_app.pipeline.speakers import Speakers

EXCHANGES_REMEMBERED = 6
"""How many earlier exchanges a translator gets as context."""
EXCHANGES_A_TOPIC = 3
"""After how many new exchanges the topic is determined again."""
TOPIC_SECONDS = 20.0
"""How long a translator may take to determine the topic, for which nobody waits."""


class Context:
    """The last exchanges of a conversation, its topic and its speakers, for translation requests.

    The topic is determined in the background and never delays a translation: ``make_way`` drops
    the search, which begins anew with the next exchange. Unless it ``is_live``, nobody waits for a
    translation, and so it waits for the topic. A failed search leaves the topic as it was.
    """

    def __init__(self, translator: Translator, speakers: Speakers, *, is_live: bool = True) -> None:
        self._translator = translator
        self._speakers = speakers
        self._is_live = is_live
        self._said: deque[Said] = deque(maxlen=EXCHANGES_REMEMBERED)
        self._new = 0
        self._search = LatestOnly("topic", seconds=TOPIC_SECONDS)
        self.topic = ""
        """One line; empty: unknown."""

    def request(
        self, text: str, direction: Direction, mode: Mode, speaker: Speaker | None = None
    ) -> TranslationRequest:
        """Return the translation request for ``text``; ``speaker`` None: that of its language."""
        who = speaker or self._speakers.of(str(direction.source))
        return TranslationRequest(text, direction, tuple(self._said), mode, who.name, self.topic)

    def note(self, exchange: Exchange) -> None:
        """Remember what was said and translated."""
        speaker = exchange.speaker.name if exchange.speaker else None
        words = exchange.corrected or exchange.source
        self._said.append(Said(words, exchange.translated, exchange.direction, speaker))
        self._new += 1
        if self._new >= EXCHANGES_A_TOPIC:
            self._search.ask(self._find)

    async def end_search(self) -> None:
        """End the search for the topic before a translation: drop it, or wait for it."""
        if self._is_live:
            self.make_way()
        else:
            await self._search.join()

    def recall(self, said: Iterable[Said]) -> None:
        """Go on after what was said elsewhere; the topic stays."""
        remembered = list(said)
        self._said.clear()
        self._said.extend(remembered)

    def make_way(self) -> None:
        """Drop the search for the topic, since a sentence is to be translated."""
        self._search.drop()

    def reset(self) -> None:
        """Begin a new conversation, in which what was said before is no context."""
        self._search.drop()
        self._said = deque(maxlen=EXCHANGES_REMEMBERED)
        self._new = 0
        self.topic = ""

    async def run(self) -> None:
        """Determine the topic whenever it is due, until cancelled."""
        await self._search.run()

    async def _find(self) -> None:
        said = self._said
        topic = await self._translator.find_topic(tuple(said), self.topic)
        if said is self._said:  # unless a new conversation has begun since
            self._new = 0
            self.topic = topic or self.topic

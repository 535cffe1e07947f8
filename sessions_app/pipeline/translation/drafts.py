"""Drafts: translations of speech that goes on, only of the newest words, shown as they grow."""

import asyncio
from collections.abc import Callable

from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.base import Tell, Translator
from sessions_app.pipeline.latest_only import LatestOnly

MakeDraftRequest = Callable[[str, Direction], TranslationRequest]

DRAFT_SECONDS = 15.0
"""How long a draft may take; by then there are newer words."""
PAUSE_SECONDS = 0.25
"""The shortest time between two updates of a growing draft."""


class Drafts:
    """Has one draft made at a time. A newer one replaces it, and its request ends at once.

    ``request`` makes of words and their direction what the translator is asked.
    """

    def __init__(
        self,
        translator: Translator,
        request: MakeDraftRequest,
        *,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._translator = translator
        self._request = request
        self._pause_seconds = pause_seconds
        self._latest = LatestOnly("draft", seconds=DRAFT_SECONDS)

    def ask(self, text: str, direction: Direction, shown: str, tell: Tell) -> None:
        """Have ``text`` drafted, instead of what was asked for before.

        ``shown`` is the last draft of the same utterance: ``tell`` is not called with anything
        shorter before the draft is complete, so that what people read does not shrink and grow
        again. What turns out to be no translation is taken back at once, by an empty text.
        """
        request = self._request(text, direction)
        self._latest.ask(lambda: self._make(request, len(shown), tell))

    def drop(self) -> None:
        """Make no draft: the final follows."""
        self._latest.drop()

    async def run(self) -> None:
        """Make drafts until cancelled."""
        await self._latest.run()

    async def _make(self, request: TranslationRequest, shown_length: int, tell: Tell) -> None:
        clock = asyncio.get_running_loop().time
        draft = told = ""
        told_at = clock() - self._pause_seconds

        async def grow(words: str) -> None:
            nonlocal draft, told, told_at
            draft = words
            is_due = len(words) > shown_length and clock() - told_at >= self._pause_seconds
            if is_due or (told and not words):
                told, told_at = words, clock()
                await tell(words)

        await self._translator.draft(request, grow)
        if draft != told:
            await tell(draft)

"""A translator in front of another one, whose capabilities it has."""

from collections.abc import Sequence

from sessions_app.engines.base import Said, Tell, Translation, TranslationRequest, Translator


class DelegatingTranslator(Translator):
    """Passes everything on to the translator ``behind``; subclasses override what they change."""

    def __init__(self, behind: Translator) -> None:
        self.behind = behind
        self._take_capabilities()

    def _take_capabilities(self) -> None:
        self.directions = self.behind.directions
        self.is_cloud = self.behind.is_cloud
        self.corrects = self.behind.corrects
        self.is_rule_based = self.behind.is_rule_based
        self.translates = self.behind.translates
        self.needs_no_judging = self.behind.needs_no_judging
        self.why = self.behind.why
        self.remote_model = self.behind.remote_model

    async def load(self) -> None:
        """Load the translator behind.

        Raises:
            EngineUnavailableError: it cannot be loaded.
        """
        await self.behind.load()
        self._take_capabilities()

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return the translation that the translator behind makes.

        Raises:
            EngineError: it failed.
        """
        return await self.behind.translate(request)

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return the translation that the translator behind makes ahead; None: it makes none.

        Raises:
            EngineError: it failed.
        """
        return await self.behind.translate_ahead(request)

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Have the translator behind tell a draft.

        Raises:
            EngineError: it failed.
        """
        await self.behind.draft(request, tell)

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return the topic that the translator behind finds in ``said``; empty: none.

        Raises:
            EngineError: it failed.
        """
        return await self.behind.find_topic(said, topic)

    async def aclose(self) -> None:
        """Close the translator behind."""
        await self.behind.aclose()

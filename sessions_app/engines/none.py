"""No translator: what was said is shown and kept in its own language."""

from sessions_app.core.events import Direction, Translation, TranslationRequest


class NoTranslator:
    """Answers every request with an empty translation."""

    needs_no_judging = True
    directions = frozenset({Direction.ES_TO_EN, Direction.EN_TO_ES})

    async def load(self) -> None:
        """Need nothing."""

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return an empty translation, which means: none."""
        return Translation(text="", engine="none")

    async def aclose(self) -> None:
        """Have nothing to release."""

"""No translator: what was said is shown and stored untranslated."""

from sessions_app.engines.base import Translation, TranslationRequest, Translator


class NoTranslator(Translator):
    """Answers every request with an empty translation."""

    translates = False

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return an empty translation, which means none."""
        return Translation(text="", engine="none")

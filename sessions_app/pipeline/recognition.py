"""From the sound of an utterance to its words: its language, the engine, and what is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sessions_app.audio import to_seconds
from sessions_app.engines.scheduler import Seat
from sessions_app.errors import EngineError
from sessions_app.events import Direction, DiscardReason, Transcript
from sessions_app.pipeline.languages import LANGUAGES, LanguageChooser, language_of_text
from sessions_app.pipeline.transcripts import judge
from sessions_app.pipeline.utterance import Utterance

CLEAR_LEAD = 1.0
"""By how much words must be of the other language for the sound to be heard again in that one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in an utterance."""

    transcript: Transcript | None
    """None: nothing was looked for."""
    reason: DiscardReason | None = None
    """Why it is nothing that was said; None: it was said."""


class Recognizer:
    """Finds the language and the words of one session's utterances, by its seat."""

    def __init__(self, seat: Seat | None, languages: frozenset[str]) -> None:
        self._seat = seat
        self._languages = languages
        self._chooser = LanguageChooser(languages)

    def note(self, utterance: Utterance, language: str) -> None:
        """Take notice of the language in which something was said."""
        self._chooser.note(language, None if utterance.text else _end(utterance))

    def language_of(self, text: str) -> str:
        """Return the language of typed words, or of those of an engine that does not tell it."""
        return language_of_text(text) or self._chooser.current or "es"

    def language_of_speech(self, probabilities: Mapping[str, float] | None) -> str | None:
        """Return the language of speech that goes on; None: the engine is to find it.

        ``probabilities`` are those of its sound so far; None: the engine cannot tell.
        """
        return self._chooser.choose(probabilities) if probabilities else self._chooser.current

    async def hear(self, utterance: Utterance) -> Finding:
        """Return the words of an utterance that is over.

        Raises:
            EngineError: no engine here knows its language, or it failed at this piece.
        """
        if utterance.too_short:
            return Finding(None, DiscardReason.TOO_SHORT)
        if self._seat is None:
            raise EngineError("No engine here can hear speech.", code="no_transcriber")
        return await self._find(utterance, self._seat)

    async def _find(self, utterance: Utterance, seat: Seat) -> Finding:
        language = await self._language(utterance, seat)
        transcript = await seat.final(utterance.pcm, language)
        if utterance.manner.direction is Direction.AUTO:
            transcript = await self._checked(utterance, seat, transcript)
        if not transcript.language:  # a server that does not tell it
            transcript = replace(transcript, language=self.language_of(transcript.text))
        if transcript.language not in LANGUAGES:
            raise EngineError(
                "This was neither Spanish nor English.", code="language_not_supported"
            )
        return Finding(transcript, judge(transcript, to_seconds(utterance.samples)))

    async def _language(self, utterance: Utterance, seat: Seat) -> str | None:
        language = utterance.manner.direction.source
        if language is None:
            found = await seat.language_probabilities(utterance.pcm)
            return self._chooser.choose(found, _begin(utterance)) if found else None
        if language not in self._languages:
            raise EngineError(
                f"The engine that listens here does not know {LANGUAGES[language]}.",
                code="language_not_supported",
            )
        return language

    async def _checked(self, utterance: Utterance, seat: Seat, heard: Transcript) -> Transcript:
        """Return what was heard, or what is heard in the other language if that is right.

        A server that finds the language by itself takes Spanish for its neighbours, but not for
        English: what is neither is Spanish.
        """
        if heard.language and heard.language not in LANGUAGES:
            return await seat.final(utterance.pcm, "es")
        of_text = language_of_text(heard.text, CLEAR_LEAD)
        if (
            not heard.language
            or of_text in {None, heard.language}
            or not self._chooser.has_a_choice
        ):
            return heard
        again = await seat.final(utterance.pcm, of_text)
        is_likelier = again.average_log_probability >= heard.average_log_probability
        agrees = language_of_text(again.text, CLEAR_LEAD) in {None, of_text}
        return again if is_likelier and agrees else heard


def _begin(utterance: Utterance) -> float:
    return to_seconds(utterance.offset_samples + utterance.start_sample)


def _end(utterance: Utterance) -> float:
    return to_seconds(utterance.offset_samples + utterance.end_sample)

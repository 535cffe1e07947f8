"""From the sound of an utterance to its words: language, transcription, plausibility."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from sessions_app.core.audio import to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, DiscardReason, Transcript
from sessions_app.engines.scheduler import Seat
from sessions_app.engines.scheduler_work import DroppedError
from sessions_app.pipeline.languages import LANGUAGES, LanguageChooser, language_of_text
from sessions_app.pipeline.latest_only import LatestOnly
from sessions_app.pipeline.outcome import Outcome
from sessions_app.pipeline.recognition.transcripts import judge
from sessions_app.pipeline.utterance import Utterance

CLEAR_LEAD = 1.0
"""By how much words must look like the other language for a second transcription in it."""

AHEAD_SECONDS = 150.0
"""How long speculative recognition may take: the patience with an engine."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """The result of recognising an utterance."""

    transcript: Transcript | None
    """None: it was not transcribed."""
    reason: DiscardReason | None = None
    """Why it counts as not said; None: it was said."""


@dataclass(eq=False, slots=True)
class SpeculativeRecognition:
    """Speculative recognition of an utterance before it is known to be over."""

    utterance: Utterance
    is_due: bool = False
    """Whether the utterance is known to be over, so that somebody waits."""
    outcome: Outcome[Recognized] = field(default_factory=Outcome)
    """None: it was dropped or failed, and whoever waits recognises the utterance anew."""

    def is_of(self, utterance: Utterance) -> bool:
        """Return whether ``utterance`` ended where it seemed to end."""
        mine = self.utterance
        return mine.id == utterance.id and mine.pcm == utterance.pcm


class Recognizer:
    """Finds the language and the words of one session's utterances, by its seat in the scheduler.

    Recognition may be speculative: when speech pauses, the sound of a final is complete long before
    the pause is long enough to end the utterance. The result is used if the utterance ends there,
    and dropped without a trace if speech goes on. That is done only where the engine has room, and
    only while ``run``, the worker, runs. ``found_ahead`` is called with the result while nobody
    waits for it yet.
    """

    def __init__(
        self,
        seat: Seat | None,
        languages: frozenset[str],
        found_ahead: Callable[[Utterance, Transcript], None] | None = None,
    ) -> None:
        self._seat = seat
        self._found_ahead = found_ahead
        self._languages = languages
        self._chooser = LanguageChooser(languages)
        self._latest = LatestOnly("words ahead of time", seconds=AHEAD_SECONDS)
        self._ahead: SpeculativeRecognition | None = None
        self._due: SpeculativeRecognition | None = None
        self._is_running = False

    def note(self, utterance: Utterance, language: str) -> None:
        """Note the language in which something was said."""
        self._chooser.note(language, None if utterance.text else _end(utterance))

    def language_of(self, text: str) -> str:
        """Return the language of typed words, or of words whose engine does not name it."""
        return language_of_text(text) or self._chooser.current or "es"

    def language_of_speech(self, probabilities: Mapping[str, float] | None) -> str | None:
        """Return the language of speech that goes on; None: the engine shall detect it.

        ``probabilities`` are those of its sound so far; None: the engine gives none.
        """
        return self._chooser.choose(probabilities) if probabilities else self._chooser.current

    async def hear(self, utterance: Utterance) -> Recognized:
        """Return the words of an utterance that is over.

        Raises:
        EngineError: no engine here knows its language, or the engine failed.
        """
        if utterance.too_short:
            return Recognized(None, DiscardReason.TOO_SHORT)
        if utterance.heard is not None:
            seconds = to_seconds(utterance.samples)
            return Recognized(utterance.heard, judge(utterance.heard, seconds))
        seat = self._hearing_seat()
        if (ahead := self._due) is not None and ahead.is_of(utterance):
            if (finding := await ahead.outcome.wait()) is not None:
                return finding
        elif ahead is not None and ahead.utterance.id == utterance.id:
            self._drop(ahead)
        return await self._find(SpeculativeRecognition(utterance, is_due=True), seat)

    async def hear_so_far(self, utterance: Utterance) -> Recognized:
        """Return the words so far of an utterance that goes on, as thoroughly as when it is over.

        Raises:
            EngineError: no engine here knows its language, or the engine failed.
        """
        self._withdraw()
        asked = SpeculativeRecognition(utterance, is_due=True)
        return await self._find(asked, self._hearing_seat())

    def _hearing_seat(self) -> Seat:
        if self._seat is None:
            raise EngineError("No engine here can hear speech.", code="no_transcriber")
        return self._seat

    async def run(self) -> None:
        """Recognise speculatively until cancelled; nothing is speculative unless this runs."""
        self._is_running = True
        try:
            await self._latest.run()
        finally:
            self._is_running = False
            for ahead in (self._ahead, self._due):
                if ahead is not None:
                    ahead.outcome.settle(None)

    def looks_ahead_at(self, utterance_id: int, end_sample: int) -> bool:
        """Return whether an utterance that ends there is being recognised, or has been."""
        if self._ahead is None:
            return False
        utterance = self._ahead.utterance
        return (utterance.id, utterance.end_sample) == (utterance_id, end_sample)

    def anticipate(self, utterance: Callable[[], Utterance], *, overtakes: bool) -> None:
        """Recognise an utterance that seems to be over, if the engine has room.

        ``overtakes``: its partial that the engine works on is cancelled.
        """
        self._withdraw()
        if not self._is_running or self._seat is None or not self._seat.has_room:
            return
        self._ahead = ahead = SpeculativeRecognition(utterance())
        if overtakes:
            self._seat.overtake()
        self._latest.ask(partial(self._look_ahead, ahead, self._seat))

    def go_on(self) -> None:
        """Drop the speculative recognition: speech goes on."""
        self._withdraw()
        if self._seat is not None:
            self._seat.note_speech(is_speaking=True)

    def end(self) -> None:
        """Note that an utterance is over; ``hear`` follows, maybe after others."""
        if self._seat is None:
            return
        self._seat.note_speech(is_speaking=False)
        if self._ahead is not None:
            self._due, self._ahead = self._ahead, None
            self._due.is_due = True
            self._seat.insist()
            self._latest.insist()  # its turn may come late: the engine's own limit begins with it

    def _withdraw(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self._drop(ahead)

    def _drop(self, ahead: SpeculativeRecognition) -> None:
        ahead.outcome.settle(None)
        self._latest.drop()

    async def _look_ahead(self, ahead: SpeculativeRecognition, seat: Seat) -> None:
        finding: Recognized | None = None
        try:
            if not ahead.utterance.too_short:
                finding = await self._find(ahead, seat)
                self._tell_ahead(ahead, finding)
        except DroppedError:
            return  # cancelled in favour of a final
        finally:
            ahead.outcome.settle(finding)

    def _tell_ahead(self, ahead: SpeculativeRecognition, finding: Recognized) -> None:
        transcript = finding.transcript if finding.reason is None else None
        if transcript is not None and self._found_ahead is not None and ahead is self._ahead:
            self._found_ahead(ahead.utterance, transcript)

    async def _find(self, ahead: SpeculativeRecognition, seat: Seat) -> Recognized:
        utterance = ahead.utterance
        language = await self._language(ahead, seat)
        transcript = await _final(ahead, seat, language)
        if utterance.manner.direction is Direction.AUTO:
            transcript = await self._checked(ahead, seat, transcript)
        if not transcript.language:  # from a server that does not name it
            transcript = replace(transcript, language=self.language_of(transcript.text))
        if transcript.language not in LANGUAGES:
            raise EngineError(
                "This was neither Spanish nor English.", code="language_not_supported"
            )
        return Recognized(transcript, judge(transcript, to_seconds(utterance.samples)))

    async def _language(self, ahead: SpeculativeRecognition, seat: Seat) -> str | None:
        utterance = ahead.utterance
        language = utterance.manner.direction.source
        if language is None:
            found = await seat.language_probabilities(utterance.pcm, is_ahead=not ahead.is_due)
            return self._chooser.choose(found, _begin(utterance)) if found else None
        if language not in self._languages:
            raise EngineError(
                f"The engine that listens here does not know {LANGUAGES[language]}.",
                code="language_not_supported",
            )
        return language

    async def _checked(
        self, ahead: SpeculativeRecognition, seat: Seat, heard: Transcript
    ) -> Transcript:
        """Return the transcript, or that in the other language if it is the right one.

        A server that detects the language itself mistakes Spanish for neighbouring languages, but
        not for English: so what is neither is Spanish.
        """
        if heard.language and heard.language not in LANGUAGES:
            return await _final(ahead, seat, "es")
        of_text = language_of_text(heard.text, CLEAR_LEAD)
        if (
            not heard.language
            or of_text in {None, heard.language}
            or not self._chooser.has_a_choice
        ):
            return heard
        again = await _final(ahead, seat, of_text)
        is_likelier = again.average_log_probability >= heard.average_log_probability
        agrees = language_of_text(again.text, CLEAR_LEAD) in {None, of_text}
        return again if is_likelier and agrees else heard


async def _final(ahead: SpeculativeRecognition, seat: Seat, language: str | None) -> Transcript:
    return await seat.final(ahead.utterance.pcm, language, is_ahead=not ahead.is_due)


def _begin(utterance: Utterance) -> float:
    return to_seconds(utterance.offset_samples + utterance.start_sample)


def _end(utterance: Utterance) -> float:
    return to_seconds(utterance.offset_samples + utterance.end_sample)

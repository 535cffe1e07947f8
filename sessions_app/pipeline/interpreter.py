"""From utterances to exchanges, in the order in which they were spoken."""

import logging
import time
from collections.abc import Callable

from sessions_app.core import counters
from sessions_app.core.audio import to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Direction,
    Discarded,
    DiscardReason,
    Exchange,
    Failure,
    FinalTranscript,
    Manner,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.core.normalizing import normalized, probability
from sessions_app.engines.base import Translator
from sessions_app.engines.loading import Engines
from sessions_app.engines.scheduler import Seat
from sessions_app.pipeline.endpointing.sentence_finder import SentenceFinder
from sessions_app.pipeline.exchanges import untranslated
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.keeping import ExchangeKeeper, explain
from sessions_app.pipeline.lateness import LagMonitor
from sessions_app.pipeline.recognition.partials import Partials
from sessions_app.pipeline.recognition.recognizer import Recognizer
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.stage import Stage
from sessions_app.pipeline.translation.ahead import SpeculativeTranslator
from sessions_app.pipeline.translation.context import Context
from sessions_app.pipeline.translation.drafts import Drafts
from sessions_app.pipeline.translation.translating import translated
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

UTTERANCES_WAITING = 32
"""How many utterances may wait for a slow engine before the listener waits too."""
TRANSLATION_SECONDS = 180.0
"""How long one utterance may wait for a translator that has no limit of its own.

It is longer than all translators of a chain may take together, and than other sessions take whose
turn comes first.
"""


class Interpreter:
    """Turns utterances into exchanges by two stages, transcribing and translating.

    Each stage has its own worker. What was said is sent even where it cannot be stored. Without a
    ``seat`` only typed text is interpreted.
    """

    def __init__(
        self, seat: Seat | None, engines: Engines, idioms: IdiomBook, session: SessionContext
    ) -> None:
        translator = engines.translator
        self.languages = engines.transcriber.languages if engines.transcriber else frozenset()
        self._session = session
        self._emit = session.emit
        self._account = session.account
        self.keeping = ExchangeKeeper(session.keep, engines.infos["transcriber"].name, idioms)
        self.newest_id = 0
        """The id of the newest utterance."""
        self._manner = session.manner
        """The manner of the utterance that goes on."""
        self.context = Context(translator, session.speakers, is_live=session.is_live)
        """What was said before, for the translator; has a worker of its own."""
        self.ahead = SpeculativeTranslator(
            translator, self.context.request, self._has_time_to_translate
        )
        """Translates sentences before their utterance is over; has a worker of its own."""
        self.recognizer = Recognizer(seat, self.languages, self._note_ahead)
        """Finds words; has a worker of its own."""
        self.sentences = SentenceFinder(
            self.recognizer,
            gives_word_times=engines.transcriber is not None
            and engines.transcriber.gives_word_times,
            is_live=session.is_live,
        )
        """Finds where sentences end while speech goes on."""
        self.lateness = LagMonitor(
            session.emit, seat.at_work if seat else None, session.account.dropped.total
        )
        """Reports how long speech waits for its words; has a worker of its own."""
        self.partials = self._partials(seat, translator) if seat else None
        self.transcribing: Stage[Utterance] = Stage(
            "transcribe", self._transcribe, failed=self._not_heard, size=UTTERANCES_WAITING
        )
        self.translating: Stage[tuple[Utterance, FinalTranscript]] = Stage(
            "translate", self._translate, failed=self._not_translated, size=UTTERANCES_WAITING
        )

    def _partials(self, seat: Seat, translator: Translator) -> Partials:
        return Partials(
            seat,
            lambda: self._manner.direction.source or self.recognizer.language_of_speech,
            self._emit,
            drafts=Drafts(translator, self._request_for_draft),
            note_stable=self.ahead.note_stable,
        )

    def _request_for_draft(self, text: str, direction: Direction) -> TranslationRequest:
        return self.context.request(text, direction, self._manner.mode)

    def next_id(self) -> int:
        """Return the id of a new utterance: 1, 2, 3, ... within the session."""
        self.newest_id += 1
        return self.newest_id

    async def put(self, utterance: Utterance) -> None:
        """Take the next utterance; wait while the stage is full."""
        self.lateness.take(utterance)
        await self.transcribing.put(utterance)

    def follow(
        self, utterance_id: int, manner: Manner, samples: int, pcm: Callable[[], bytes]
    ) -> None:
        """Note that speech goes on: ``samples`` so far, whose sound ``pcm`` returns."""
        self.recognizer.go_on()
        self.ahead.go_on(manner)
        self._manner = manner
        language = manner.direction.source
        if self.partials and (language is None or language in self.languages):
            self.partials.hear(utterance_id, samples, pcm)

    async def note_words(self, utterance_id: int, transcript: Transcript | None) -> None:
        """Show the words so far of an utterance that goes on; None: they are not known."""
        if self.partials and transcript is not None and transcript.text:
            await self.partials.take(utterance_id, transcript)

    def pause(self, utterance_id: int, end_sample: int, utterance: Callable[[], Utterance]) -> None:
        """Note a pause: the utterance is over at ``end_sample``, unless speech goes on.

        Its words are looked for speculatively, only while no finished utterance waits for its own.
        """
        is_idle = not (self.transcribing.waiting or self.transcribing.is_busy)
        if not is_idle or self.recognizer.looks_ahead_at(utterance_id, end_sample):
            return
        # the first partial of an utterance is not delayed for this
        is_read = self.partials is not None and self.partials.has_said(utterance_id)
        self.recognizer.anticipate(utterance, overtakes=is_read)

    def stop_partials(self, utterance_id: int) -> None:
        """Send no more partials of an utterance: its final follows."""
        self.recognizer.end()
        if self.partials:
            self.partials.finish(utterance_id)

    def reset(self) -> None:
        """Begin a new conversation, in which what was said before is no context."""
        self.context.reset()

    async def join(self) -> None:
        """Wait until the results of everything that was taken have been sent."""
        await self.transcribing.join()
        await self.translating.join()

    def begin_rest(self) -> None:
        """Hand over to be stored what there are words of; the workers have ended."""
        in_hand, waiting = self.transcribing.take_rest()
        for utterance in (*in_hand, *waiting):
            if utterance.text and not self.keeping.is_due(utterance.id):
                self.note_untranslated(utterance)
        self.keeping.begin_rest()

    async def keep_rest(self) -> None:
        """Store the words that will not be translated any more; the workers have ended."""
        self.begin_rest()
        await self.keeping.keep_rest(self._emit)

    def note_untranslated(self, utterance: Utterance) -> None:
        """Take typed text of which nothing but the words will be kept, by ``keep_rest``."""
        self.keeping.note(utterance, self._final(utterance, self._typed(utterance)))

    # --- first stage: words

    async def _transcribe(self, utterance: Utterance) -> None:
        with self.lateness.in_hand(utterance):
            await self._find_words(utterance)

    async def _find_words(self, utterance: Utterance) -> None:
        if utterance.text:
            await self._tell(utterance, self._typed(utterance))
            return
        finding = await self.recognizer.hear(utterance)
        transcript, reason = finding.transcript, finding.reason
        if transcript is None or reason is not None:
            reason = reason or DiscardReason.NO_SPEECH
            self.ahead.drop(utterance.id)
            self._account.discarded[reason] += utterance.samples
            counters.UTTERANCES.labels(reason).inc()
            await self._emit(Discarded(utterance.id, reason))
            return
        await self._tell(utterance, transcript)

    def _typed(self, utterance: Utterance) -> Transcript:
        language = utterance.manner.direction.source or self.recognizer.language_of(utterance.text)
        return Transcript(utterance.text, language)

    def _final(self, utterance: Utterance, transcript: Transcript) -> FinalTranscript:
        language = transcript.language
        return FinalTranscript(
            utterance.id,
            transcript.text.strip(),
            language,
            Direction.of(language),
            utterance.speaker or self._session.speakers.of(language),
            to_seconds(utterance.start_sample),
            to_seconds(utterance.end_sample),
            probability(transcript.confidence),
        )

    async def _tell(self, utterance: Utterance, transcript: Transcript) -> None:
        final = self._final(utterance, transcript)
        self.recognizer.note(utterance, final.language)
        self._account.transcribed += utterance.samples
        self._account.utterances += 1
        counters.UTTERANCES.labels("typed" if utterance.text else "transcribed").inc()
        counters.FINAL.observe(time.monotonic() - utterance.ended_at)
        self.keeping.note(utterance, final)
        await self._emit(final)
        await self.translating.put((utterance, final))

    async def _not_heard(self, utterance: Utterance, error: Exception) -> None:
        code, message = explain(error, "This sentence could not be heard.")
        self.ahead.drop(utterance.id)
        self._account.discarded[code] += utterance.samples
        counters.UTTERANCES.labels("failed").inc()
        await self._emit(Failure(code, message, about=utterance.id))

    # --- second stage: the other language

    def _note_ahead(self, utterance: Utterance, transcript: Transcript) -> None:
        if self.ahead.note_words(utterance, transcript) and self.partials:
            self.context.make_way()
            self.partials.drop_draft()

    def _has_time_to_translate(self) -> bool:
        return not (self.translating.waiting or self.translating.is_busy)

    async def _translate(self, item: tuple[Utterance, FinalTranscript]) -> None:
        utterance, final = item
        await self.context.end_search()
        with counters.TRANSLATION.time():
            translation, failure = await self._translation(utterance, final)
        outcome = failure.code if failure else "translated"
        counters.TRANSLATIONS.labels(translation.engine, outcome).inc()
        usage = translation.usage
        counters.count_tokens(
            translation.engine, read=usage.prompt_tokens, written=usage.completion_tokens
        )
        exchange, loss = await self.keeping.keep(utterance, final, translation, failure)
        await self._say(exchange, failure)
        if loss is not None:
            await self._emit(loss)

    async def _say(self, exchange: Exchange, failure: Failure | None) -> None:
        if failure is not None:
            await self._emit(failure)
            return
        self.context.note(exchange)
        await self._emit(exchange)

    async def _translation(
        self, utterance: Utterance, final: FinalTranscript
    ) -> tuple[Translation, Failure | None]:
        mode = utterance.manner.mode
        request = self.context.request(final.text, final.direction, mode, final.speaker)
        try:
            limit = TRANSLATION_SECONDS
            made = await translated(self.ahead, utterance.id, request, seconds=limit)
            return normalized(made), None
        except (EngineError, TimeoutError) as error:
            failure = untranslated(utterance, error)
            logger.warning("utterance %d was not translated: %s", utterance.id, failure.message)
            return Translation(""), failure

    async def _not_translated(
        self, item: tuple[Utterance, FinalTranscript], error: Exception
    ) -> None:
        code, message = explain(error, "This sentence could not be translated.")
        failure = Failure(code, message, about=item[0].id)
        loss: Failure | None = None
        if self.keeping.is_due(item[0].id):
            # the translator has a bug: the words are stored nevertheless
            _, loss = await self.keeping.keep(*item, Translation(""), failure)
        await self._emit(failure)
        if loss is not None:
            await self._emit(loss)

"""Where sentences have ended while speech goes on, asked as often as the engine can afford."""

import asyncio
import logging
from dataclasses import dataclass

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Transcript
from sessions_app.pipeline.endpointing.segmenter import SegmenterOptions
from sessions_app.pipeline.endpointing.sentence_ends import (
    FinishedSentence,
    finished_sentences,
    words_after,
)
from sessions_app.pipeline.recognition.recognizer import Recognizer
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

ASK_SECONDS = 5.0
"""How long speech has gone on when it is asked for the first time, where somebody waits."""
ASK_UNHURRIED_SECONDS = 12.0
"""The same where nobody waits: Whisper takes hardly longer for twelve seconds than for five."""
LONGEST_SECONDS = 26.0
"""How long a sentence without an end may be: Whisper hears thirty seconds at once."""
QUICK_SECONDS = 2.0
"""An engine that takes longer is asked more rarely, in proportion ..."""
RAREST = 4.0
"""... down to so much more rarely."""
NARROWING = 0.75
"""By how much it is asked more often again, at most, after an answer that came quickly."""
PATIENCE_SECONDS = 12.0
"""How long speech that people wait for is held up by a question."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """What was found in an utterance that goes on."""

    finished: tuple[FinishedSentence, ...] = ()
    whole: Transcript | None = None
    """All its words so far; None: they are not known."""

    def rest_after(self, sentences: int) -> Transcript | None:
        """Return the words after the first ``sentences`` that are finished."""
        cut = self.finished[:sentences]
        return words_after(self.whole, cut) if self.whole is not None else None


class SentenceFinder:
    """Finds the sentences that have ended in one session's utterances, by its ``recognizer``.

    Only where the engine ``gives_word_times`` is it asked; otherwise speech is cut at its pauses
    alone, and the longest at its quietest place.
    """

    def __init__(self, recognizer: Recognizer, *, gives_word_times: bool, is_live: bool) -> None:
        self._recognizer = recognizer
        self._gives_word_times = gives_word_times
        self._is_live = is_live
        self.rarity = 1.0
        """How many times more rarely it should be asked about what people say just now."""

    @property
    def segmenting(self) -> SegmenterOptions:
        """Return how a stream that begins now is cut into utterances."""
        if not self._gives_word_times:
            return SegmenterOptions()
        ask_seconds = ASK_SECONDS if self._is_live else ASK_UNHURRIED_SECONDS
        return SegmenterOptions(
            max_segment_seconds=LONGEST_SECONDS,
            ask_seconds=ask_seconds,
            asks_after_breaks=self._is_live,
        )

    async def find(self, utterance: Utterance) -> Sentences:
        """Return the sentences that have ended in the sound so far of ``utterance``.

        None where the engine fails, or where it takes too long for people who are speaking.
        """
        is_awaited = self._is_live and utterance.origin is None
        clock = asyncio.get_running_loop().time
        began_at = clock()
        found = await self._asked(utterance, PATIENCE_SECONDS if is_awaited else None)
        if is_awaited:
            self._took(clock() - began_at)
        return found

    def _took(self, seconds: float) -> None:
        wanted = min(max(1.0, seconds / QUICK_SECONDS), RAREST)
        self.rarity = max(wanted, NARROWING * self.rarity)

    async def _asked(self, utterance: Utterance, seconds: float | None) -> Sentences:
        try:
            async with asyncio.timeout(seconds):
                heard = await self._recognizer.hear_so_far(utterance)
        except (EngineError, TimeoutError) as error:
            logger.debug("no sentence ends of utterance %d: %s", utterance.id, error)
            return Sentences()
        if heard.transcript is None or heard.reason is not None:
            return Sentences()
        samples = count_samples(utterance.pcm)
        return Sentences(tuple(finished_sentences(heard.transcript, samples)), heard.transcript)

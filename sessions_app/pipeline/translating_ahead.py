"""Translations of sentences that will stay, made before their utterance is over."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from sessions_app.engines.base import Drafter, Translator
from sessions_app.engines.sentences import split_sentences
from sessions_app.errors import EngineError
from sessions_app.events import (
    Direction,
    Mode,
    Phrase,
    Said,
    Transcript,
    Translation,
    TranslationRequest,
    Usage,
)
from sessions_app.pipeline.languages import LANGUAGES
from sessions_app.pipeline.newest import Newest
from sessions_app.pipeline.utterance import Manner, Utterance

logger = logging.getLogger(__name__)

AHEAD_SECONDS = 60.0
"""How long the sentences of one utterance may take."""
ENDS = (".", "!", "?", "…")

MakeRequest = Callable[[str, Direction, Mode], TranslationRequest]
"""Returns what a translator is asked for a text."""


@dataclass(eq=False, slots=True)
class Piece:
    """A sentence that is translated ahead."""

    text: str
    is_begun: bool = False
    outcome: "asyncio.Future[Translation | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """None: it came to nothing."""

    def settle(self, translation: Translation | None) -> None:
        """Give whoever waits what was made."""
        if not self.outcome.done():
            self.outcome.set_result(translation)


@dataclass(slots=True)
class Speech:
    """What is translated of an utterance that goes on."""

    utterance_id: int
    manner: Manner
    direction: Direction
    pieces: list[Piece] = field(default_factory=list)
    stable: int = 0
    """How many of them stay, whether speech goes on or not."""


class TranslationsAhead:
    """Has one session's translator work while somebody speaks, so that less is left for the end.

    A sentence is translated once its words and those after it are stable, and all of them when
    speech pauses, since the utterance may be over there. The final takes what fits its words, and
    what does not is dropped. Only where the translator can draft: others are quick, or paid for
    each sentence.
    """

    def __init__(
        self, translator: Translator, request: MakeRequest, has_time: Callable[[], bool]
    ) -> None:
        self._translator = translator
        self._request = request
        self._has_time = has_time
        self._newest = Newest("translation ahead of time", seconds=AHEAD_SECONDS)
        self._manner: Manner | None = None
        self._speech: Speech | None = None
        self._is_running = False
        self._turn: object | None = None
        """Of the work that goes on."""

    def go_on(self, manner: Manner) -> None:
        """Drop what would only be right if the utterance were over: speech goes on."""
        self._manner = manner
        if self._speech is not None:
            self._cut(self._speech, self._speech.stable)

    def note_stable(self, utterance_id: int, language: str, stable: str, unstable: str) -> None:
        """Translate the whole sentences of ``stable``, which ``unstable`` words follow."""
        sentences = split_sentences(stable)
        if not (unstable and stable.endswith(ENDS)):
            del sentences[-1:]
        if sentences and self._manner is not None:
            speech = self._speech_of(utterance_id, self._manner, language)
            self._ask(speech, sentences, are_stable=True)

    def note_words(self, utterance: Utterance, transcript: Transcript) -> None:
        """Translate the words of an utterance that seems to be over."""
        speech = self._speech_of(utterance.id, utterance.manner, transcript.language)
        self._ask(speech, split_sentences(transcript.text), are_stable=False)

    async def translate(self, utterance_id: int, request: TranslationRequest) -> Translation:
        """Return the translation of an utterance that is over, as the translator would.

        Raises:
            EngineError: what is left could not be translated.
        """
        made = await self._made(utterance_id, request)
        if not made:
            return await self._translator.translate(request)
        texts = [text for text, _ in made]
        rest = request.text[len(" ".join(texts)) :].lstrip()
        if rest:
            said = _said(made, request.direction)
            asked = replace(request, text=rest, context=(*request.context, *said))
            made.append((rest, await self._translator.translate(asked)))
        if len({translation.engine for _, translation in made}) > 1:
            # another took over meanwhile: one sentence, one translator
            return await self._translator.translate(request)
        return _joined(made)

    async def run(self) -> None:
        """Translate until cancelled; without this running, nothing is translated ahead."""
        self._is_running = True
        try:
            await self._newest.run()
        finally:
            self._is_running = False
            self._drop()

    def _speech_of(self, utterance_id: int, manner: Manner, language: str) -> Speech | None:
        """Return what is translated of an utterance; None: nothing should be, just now."""
        if not (self._is_running and self._has_time() and language in LANGUAGES):
            return None
        direction = Direction.of(language)
        drafter = self._translator
        if not (isinstance(drafter, Drafter) and drafter.can_draft(direction)):
            return None
        speech = self._speech
        if speech is None or (speech.utterance_id, speech.direction) != (utterance_id, direction):
            self._drop()
            speech = self._speech = Speech(utterance_id, manner, direction)
        return speech

    def _ask(self, speech: Speech | None, sentences: Sequence[str], *, are_stable: bool) -> None:
        if speech is None:
            return
        same = _count_same(speech.pieces, sentences)
        if are_stable:
            speech.stable = max(speech.stable, len(sentences))
        if same < len(sentences):
            self._cut(speech, same)
            speech.pieces += [Piece(text) for text in sentences[same:]]
        if self._turn is None and _next(speech) is not None:
            turn = self._turn = object()
            self._newest.ask(lambda: self._work_off(speech, turn))

    async def _work_off(self, speech: Speech, turn: object) -> None:
        try:
            while (piece := _next(speech)) is not None:
                await self._begin(speech, piece)
        finally:
            if self._turn is turn:
                self._turn = None

    async def _begin(self, speech: Speech, piece: Piece) -> None:
        request = self._request(piece.text, speech.direction, speech.manner.mode)
        said = _said(_done(speech.pieces), speech.direction)
        piece.is_begun = True
        try:
            asked = replace(request, context=(*request.context, *said))
            piece.settle(await self._translator.translate(asked))
        except EngineError as error:
            logger.debug("a sentence was not translated ahead: %s", error)
        except Exception:
            # the final asks again, and tells of it
            logger.exception("a bug in the translator")
        finally:
            piece.settle(None)

    async def _made(
        self, utterance_id: int, request: TranslationRequest
    ) -> list[tuple[str, Translation]]:
        """Return the first sentences of ``request`` that are translated, or about to be."""
        speech, self._speech = self._speech, None
        if speech is None:
            return []
        sentences = split_sentences(request.text)
        begun = [piece for piece in speech.pieces if piece.is_begun]
        asked = (utterance_id, request.direction, request.mode, request.text)
        known = (speech.utterance_id, speech.direction, speech.manner.mode, " ".join(sentences))
        self._cut(speech, _count_same(begun, sentences) if asked == known else 0)
        if speech.pieces:
            await asyncio.wait([piece.outcome for piece in speech.pieces])
        return _done(speech.pieces)

    def _drop(self) -> None:
        speech, self._speech = self._speech, None
        if speech is not None:
            self._cut(speech, 0)

    def _cut(self, speech: Speech, length: int) -> None:
        """Drop all but the first pieces; end the work on one that is dropped at once."""
        dropped = speech.pieces[length:]
        del speech.pieces[length:]
        if any(piece.is_begun and not piece.outcome.done() for piece in dropped):
            self._newest.drop()
            self._turn = None
        for piece in dropped:
            piece.settle(None)


def _count_same(pieces: Sequence[Piece], sentences: Sequence[str]) -> int:
    pairs = zip(pieces, sentences, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].text == pair[1], pairs))


def _next(speech: Speech) -> Piece | None:
    """Return what comes next; nothing does after what came to nothing."""
    done = len(_done(speech.pieces))
    following = speech.pieces[done : done + 1]
    return next((piece for piece in following if not piece.is_begun), None)


def _done(pieces: Sequence[Piece]) -> list[tuple[str, Translation]]:
    """Return the first of ``pieces`` that are translated."""
    made = []
    for piece in pieces:
        if not piece.outcome.done() or (translation := piece.outcome.result()) is None:
            break
        made.append((piece.text, translation))
    return made


def _said(made: Sequence[tuple[str, Translation]], direction: Direction) -> list[Said]:
    return [Said(one.corrected or text, one.text, direction, None) for text, one in made]


def _joined(made: Sequence[tuple[str, Translation]]) -> Translation:
    """Return the translation of sentences that stand with a space between."""
    phrases: list[Phrase] = []
    start = 0
    for text, translation in made:
        phrases += [_moved(phrase, start) for phrase in translation.phrases]
        start += len(text) + 1
    translations = [translation for _, translation in made]
    is_corrected = any(translation.corrected for translation in translations)
    return Translation(
        " ".join(translation.text for translation in translations),
        " ".join(one.corrected or text for text, one in made) if is_corrected else "",
        tuple(phrases),
        min(translation.confidence for translation in translations),
        translations[0].engine,
        Usage(
            sum(translation.usage.prompt_tokens for translation in translations),
            sum(translation.usage.completion_tokens for translation in translations),
            sum(translation.usage.cost for translation in translations),
        ),
    )


def _moved(phrase: Phrase, by: int) -> Phrase:
    if phrase.start is None or phrase.end is None:
        return phrase
    return replace(phrase, start=phrase.start + by, end=phrase.end + by)

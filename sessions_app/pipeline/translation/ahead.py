"""Speculative translation: of sentences that will stay, before their utterance is over."""

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, takewhile

from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Direction,
    Manner,
    Mode,
    Said,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.engines.base import Translator
from sessions_app.engines.model_condition import wait_for_model
from sessions_app.engines.text.sentences import split_sentences
from sessions_app.pipeline.languages import LANGUAGES
from sessions_app.pipeline.latest_only import LatestOnly
from sessions_app.pipeline.outcome import Outcome
from sessions_app.pipeline.translation.joining import Made, joined
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

AHEAD_SECONDS = 60.0
"""How long the sentences of one utterance may take."""
ENDS = (".", "!", "?", "…")

MakeRequest = Callable[[str, Direction, Mode], TranslationRequest]
"""Returns the translation request for a text, including its speaker."""


@dataclass(eq=False, slots=True)
class Piece:
    """One sentence, or several, translated ahead of the end."""

    text: str
    is_begun: bool = False
    outcome: Outcome[Translation] = field(default_factory=Outcome)


@dataclass(frozen=True, slots=True)
class TranslationKey:
    """What must be equal for a translation to be usable."""

    utterance_id: int
    direction: Direction
    mode: Mode
    speaker: str | None


@dataclass(slots=True)
class SpeculatedSpeech:
    """What has been translated of an utterance that goes on."""

    about: TranslationKey
    pieces: list[Piece] = field(default_factory=list)
    stable: int = 0
    """How many of the pieces stay, whether speech goes on or not."""


class SpeculativeTranslator:
    """Has one session's translator work while somebody speaks, so that less is left for the end.

    A sentence is translated once its words and those after it are stable, and the rest when speech
    pauses, since the utterance may be over there. The final uses what fits its words; the rest is
    dropped. A translator that makes nothing ahead is fast, or costs money for each sentence.
    """

    def __init__(
        self, translator: Translator, request: MakeRequest, has_time: Callable[[], bool]
    ) -> None:
        self._translator = translator
        self._request = request
        self._has_time = has_time
        self._latest = LatestOnly("translation ahead of time", seconds=AHEAD_SECONDS)
        self._manner: Manner | None = None
        self._speech: SpeculatedSpeech | None = None
        self._is_running = False
        self._turn: object | None = None
        """The scope of the work that goes on."""

    def go_on(self, manner: Manner) -> None:
        """Drop what would be right only if the utterance were over: speech goes on."""
        self._manner = manner
        if self._speech is not None:
            self._cut(self._speech, self._speech.stable)

    def note_stable(self, utterance_id: int, language: str, stable: str, unstable: str) -> None:
        """Translate the complete sentences of ``stable``, which is followed by ``unstable``."""
        sentences = _sentences(stable)
        if not (unstable and stable.endswith(ENDS)):
            del sentences[-1:]
        if not sentences or self._manner is None:
            return
        speech = self._speech_of(utterance_id, self._manner, language)
        if speech is not None and len(speech.pieces) == speech.stable:  # else it may be over
            self._ask(speech, sentences, stable=len(sentences))

    def note_words(self, utterance: Utterance, transcript: Transcript) -> bool:
        """Translate the words of an utterance that seems to be over; return whether that begins.

        If it does, the translator should not be given drafts to make.
        """
        speech = self._speech_of(utterance.id, utterance.manner, transcript.language)
        text = " ".join(_sentences(transcript.text))
        if speech is None or not text:
            return False
        kept = [piece.text for piece in _fitting(speech.pieces[: speech.stable], text)]
        rest = _after(kept, text)
        self._ask(speech, [*kept, rest] if rest else kept, stable=len(kept))
        return True

    def drop(self, utterance_id: int) -> None:
        """Drop what has been translated of an utterance: there will be no final of it."""
        if self._speech is not None and self._speech.about.utterance_id == utterance_id:
            self._drop()

    async def translate(self, utterance_id: int, request: TranslationRequest) -> Translation:
        """Return the translation of an utterance that is over, as the translator itself would.

        Raises:
        EngineError: the rest could not be translated.
        """
        made = await self._made(utterance_id, request)
        if not made:
            return await self._translator.translate(request)
        if rest := _after([text for text, _ in made], request.text):
            said = _said(made, request.direction, request.speaker)
            asked = replace(request, text=rest, context=(*request.context, *said))
            made.append((rest, await self._translator.translate(asked)))
        if len({translation.engine for _, translation in made}) > 1:
            # another translator took over meanwhile: use one for the whole sentence
            return await self._translator.translate(request)
        return joined(made)

    async def wait_for_model(self) -> bool:
        """Wait while the translator's model is being loaded; return whether it was."""
        return await wait_for_model(self._translator.remote_model)

    async def run(self) -> None:
        """Translate until cancelled; nothing is translated ahead unless this runs."""
        self._is_running = True
        try:
            await self._latest.run()
        finally:
            self._is_running = False
            self._drop()

    def _speech_of(
        self, utterance_id: int, manner: Manner, language: str
    ) -> SpeculatedSpeech | None:
        """Return the pieces of an utterance; None: nothing should be translated ahead now."""
        is_able = self._is_running and language in LANGUAGES
        if not (is_able and self._has_time()):
            return None
        request = self._request("", Direction.of(language), manner.mode)
        about = TranslationKey(utterance_id, request.direction, request.mode, request.speaker)
        if self._speech is None or self._speech.about != about:
            self._drop()
            self._speech = SpeculatedSpeech(about)
        return self._speech

    def _ask(self, speech: SpeculatedSpeech, texts: Sequence[str], *, stable: int) -> None:
        pairs = zip(speech.pieces, texts, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0].text == pair[1], pairs))
        self._cut(speech, same)
        speech.pieces += [Piece(text) for text in texts[same:]]
        speech.stable = stable
        if self._turn is None and _next(speech) is not None:
            turn = self._turn = object()
            self._latest.ask(lambda: self._translate_pieces(speech, turn))

    async def _translate_pieces(self, speech: SpeculatedSpeech, turn: object) -> None:
        try:
            while self._turn is turn and (piece := _next(speech)) is not None:
                await self._begin(speech, piece)
        finally:
            if self._turn is turn:
                self._turn = None

    async def _begin(self, speech: SpeculatedSpeech, piece: Piece) -> None:
        about = speech.about
        request = self._request(piece.text, about.direction, about.mode)
        said = _said(_done(speech.pieces), about.direction, about.speaker)
        context = (*request.context, *said)
        piece.is_begun = True
        try:
            asked = replace(request, context=context, speaker=about.speaker)
            piece.outcome.settle(await self._translator.translate_ahead(asked))
        except EngineError as error:
            logger.debug("a sentence was not translated ahead: %s", error)
        except Exception:
            # the final asks again, and reports the failure
            logger.exception("a bug in the translator")
        finally:
            piece.outcome.settle(None)

    async def _made(self, utterance_id: int, request: TranslationRequest) -> list[Made]:
        """Return the first pieces of ``request`` that are translated, or are being translated."""
        speech, self._speech = self._speech, None
        if speech is None:
            return []
        about = TranslationKey(utterance_id, request.direction, request.mode, request.speaker)
        begun = [piece for piece in speech.pieces if piece.is_begun]
        fitting = _fitting(begun, request.text) if speech.about == about else []
        self._cut(speech, len(fitting))
        for piece in fitting:
            await piece.outcome.wait()
        return _done(fitting)

    def _drop(self) -> None:
        speech, self._speech = self._speech, None
        if speech is not None:
            self._cut(speech, 0)
        self._latest.drop()
        self._turn = None

    def _cut(self, speech: SpeculatedSpeech, length: int) -> None:
        """Drop all but the first pieces; cancel at once the work on one that is dropped."""
        dropped = speech.pieces[length:]
        del speech.pieces[length:]
        if any(piece.is_begun and not piece.outcome.is_settled for piece in dropped):
            self._latest.drop()
            self._turn = None
        for piece in dropped:
            piece.outcome.settle(None)


def _sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, however long: drafting translators take them whole."""
    return split_sentences(text, max_characters=sys.maxsize)


def _fitting(pieces: Sequence[Piece], text: str) -> list[Piece]:
    """Return the pieces that together are the first sentences of ``text``."""
    ends = set(_grown(_sentences(text)))
    grown = zip(pieces, _grown([piece.text for piece in pieces]), strict=True)
    return [
        piece
        for piece, _ in takewhile(lambda pair: text.startswith(pair[1]) and pair[1] in ends, grown)
    ]


def _grown(texts: Sequence[str]) -> Iterable[str]:
    return accumulate(texts, lambda before, text: f"{before} {text}")


def _after(texts: Sequence[str], text: str) -> str:
    return text[len(" ".join(texts)) :].lstrip()


def _next(speech: SpeculatedSpeech) -> Piece | None:
    """Return the next piece to translate; none follows one that failed."""
    done = len(_done(speech.pieces))
    following = speech.pieces[done : done + 1]
    return next((piece for piece in following if not piece.is_begun), None)


def _done(pieces: Sequence[Piece]) -> list[Made]:
    """Return the first pieces, as far as they are translated."""
    made = []
    for piece in pieces:
        if (translation := piece.outcome.result) is None:
            break
        made.append((piece.text, translation))
    return made


def _said(made: Sequence[Made], direction: Direction, speaker: str | None) -> list[Said]:
    return [Said(one.corrected or text, one.text, direction, speaker) for text, one in made]

"""Partials: hypotheses while speech goes on, as often as the engine can afford."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sessions_app.core.audio import to_samples, to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, Emit, Partial, Transcript
from sessions_app.engines.scheduler import Seat
from sessions_app.engines.scheduler_work import Choose
from sessions_app.pipeline.languages import LANGUAGES
from sessions_app.pipeline.recognition.agreement import Agreement
from sessions_app.pipeline.recognition.transcripts import judge
from sessions_app.pipeline.translation.drafts import Drafts

logger = logging.getLogger(__name__)

SHARE = 2.0
"""A session waits this many times as long as its last hypothesis took before the next one."""
FIRST_SECONDS = 0.8
"""How much sound makes the first hypothesis of an utterance due, whatever came before."""
NARROWING = 0.75
"""The factor by which the distance shrinks, at most, after a hypothesis that came quickly."""


class Cadence:
    """How much new sound must come before the next hypothesis.

    The distance grows at once when an answer was slow, including the wait for the engine, and
    shrinks step by step: so many sessions on a slow engine find a pace that it can keep.
    """

    def __init__(self, *, shortest_seconds: float = 0.5, longest_seconds: float = 3.0) -> None:
        self._shortest_seconds = shortest_seconds
        self._longest_seconds = longest_seconds
        self._seconds = shortest_seconds

    @property
    def samples(self) -> int:
        """Return after how many new samples the next hypothesis is due."""
        return to_samples(self._seconds)

    def took(self, seconds: float, *, wasted: bool = False) -> None:
        """Note that a hypothesis took ``seconds``; ``wasted``: it gave no result."""
        wanted = min(max(SHARE * seconds, self._shortest_seconds), self._longest_seconds)
        if wanted >= self._seconds:
            self._seconds = wanted
        elif not wasted:
            # without a result it may have been cut short, which does not prove a fast engine
            self._seconds = max(wanted, NARROWING * self._seconds)


@dataclass(slots=True)
class Speech:
    """An utterance that is still being spoken."""

    utterance_id: int
    samples: int
    pcm: Callable[[], bytes]
    taken_samples: int = 0
    """How many of its samples the last hypothesis was made from."""
    agreement: Agreement = field(default_factory=Agreement)
    revision: int = 0
    shown: tuple[str, str] = ("", "")
    translation: str = ""
    """Its last draft."""

    def take(self) -> bytes:
        """Return all its sound so far, for a hypothesis."""
        self.taken_samples = self.samples
        return self.pcm()


class Partials:
    """Sends partials, one hypothesis at a time, with translations if there are ``drafts``.

    ``language`` returns the language that is being spoken, or how it is found in the sound so far.
    ``note_stable`` is called with an utterance's id and language, and with the text of it that is
    stable and that is not.
    """

    def __init__(
        self,
        seat: Seat,
        language: Callable[[], str | Choose | None],
        emit: Emit,
        *,
        drafts: Drafts | None = None,
        note_stable: Callable[[int, str, str, str], None] | None = None,
    ) -> None:
        self._seat = seat
        self._language = language
        self._emit = emit
        self._cadence = Cadence()
        self._drafts = drafts
        self._note_stable = note_stable
        self._saying = asyncio.Lock()
        self._speech: Speech | None = None
        self._finished_id = 0
        self._is_running = False
        self._due = asyncio.Event()
        self._has_warned = False

    def hear(self, utterance_id: int, samples: int, pcm: Callable[[], bytes]) -> None:
        """Note that an utterance has ``samples`` samples by now, which ``pcm`` returns."""
        if utterance_id <= self._finished_id:
            return
        if self._speech is None or self._speech.utterance_id != utterance_id:
            self._speech = Speech(utterance_id, samples, pcm)
        self._speech.samples, self._speech.pcm = samples, pcm
        if self._is_due(self._speech):
            self._due.set()

    def has_said(self, utterance_id: int) -> bool:
        """Return whether an utterance that goes on has had a partial."""
        speech = self._speech
        return speech is not None and speech.utterance_id == utterance_id and speech.revision > 0

    def finish(self, utterance_id: int) -> None:
        """Send nothing more of an utterance: its final follows."""
        self._finished_id = max(utterance_id, self._finished_id)
        if self._speech is not None and self._speech.utterance_id <= utterance_id:
            self._speech = None
            self._seat.overtake()
            self.drop_draft()

    async def take(self, utterance_id: int, transcript: Transcript) -> None:
        """Take the words so far of an utterance that goes on, which somebody else has found."""
        speech = self._speech
        if self._is_running and speech is not None and speech.utterance_id == utterance_id:
            speech.taken_samples = speech.samples
            await self._say(speech, transcript)

    def drop_draft(self) -> None:
        """Make no draft of what was found so far: a translation of it is being made."""
        if self._drafts is not None:
            self._drafts.drop()

    async def run(self) -> None:
        """Send partials until cancelled. The session owns the task that runs this."""
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._drafts is not None:
                    tasks.create_task(self._drafts.run(), name="habla drafts")
                await self._listen()
        finally:
            self._is_running = False

    async def _listen(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            if self._speech is not None and self._is_due(self._speech):
                await self._follow(self._speech)

    def _is_due(self, speech: Speech) -> bool:
        wanted = self._cadence.samples
        if not speech.taken_samples:
            wanted = min(wanted, to_samples(FIRST_SECONDS))
        return speech.samples - speech.taken_samples >= wanted

    async def _follow(self, speech: Speech) -> None:
        clock = asyncio.get_running_loop().time
        began_at = clock()
        transcript = await self._hypothesis(speech)
        self._cadence.took(clock() - began_at, wasted=transcript is None)
        if transcript is not None and self._speech is speech:
            await self._say(speech, transcript)

    async def _hypothesis(self, speech: Speech) -> Transcript | None:
        try:
            return await self._seat.partial(speech.take, self._language())
        except EngineError as error:
            # the next one, or the final, replaces it
            level = logging.DEBUG if self._has_warned else logging.WARNING
            logger.log(level, "no partial of utterance %d: %s", speech.utterance_id, error)
            self._has_warned = True
            return None

    async def _say(self, speech: Speech, transcript: Transcript) -> None:
        if judge(transcript, to_seconds(speech.taken_samples)) is not None:
            return
        shown = speech.agreement.update(transcript.text)
        if shown != speech.shown:
            speech.shown = shown
            await self._revise(speech)
            self._draft(speech, transcript)
            if self._note_stable is not None and self._speech is speech:
                self._note_stable(speech.utterance_id, transcript.language, *shown)

    async def _revise(self, speech: Speech) -> None:
        # words and drafts come from two tasks: the lock keeps their revisions in order
        async with self._saying:
            if self._speech is speech:
                speech.revision += 1
                translation = speech.translation or None
                partial = Partial(speech.utterance_id, speech.revision, *speech.shown, translation)
                await self._emit(partial)

    def _draft(self, speech: Speech, transcript: Transcript) -> None:
        if self._drafts is None or self._speech is not speech:
            return
        if transcript.language not in LANGUAGES:
            return

        async def tell(words: str) -> None:
            if words != speech.translation:
                speech.translation = words
                await self._revise(speech)

        direction = Direction.of(transcript.language)
        self._drafts.ask(transcript.text, direction, speech.translation, tell)

"""An ended session, caught up on: what is due of it is found, cut, heard and translated."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from uuid import UUID

from sessions_app.core.errors import DecodeError, StoreError
from sessions_app.core.events import Manner, Mode
from sessions_app.live.catching_up.cutting import SOUND_GONE, cut_rest
from sessions_app.live.catching_up.due import examine_recording
from sessions_app.live.catching_up.late_interpreter import Interpretation, LateInterpreter
from sessions_app.live.catching_up.recorded_sound import RecordedSound
from sessions_app.live.generations import Generation
from sessions_app.pipeline.utterance import Utterance
from sessions_app.store import catch_up, late_words
from sessions_app.store.catch_up import Claim
from sessions_app.store.catch_up_facts import (
    LateExchange,
    LateRecording,
    LateSegment,
    LateSession,
    is_due,
)
from sessions_app.store.history import names_in
from sessions_app.store.recording_facts import manner_at, offset_at
from sessions_app.store.recordings import known_recordings

logger = logging.getLogger(__name__)

Turn = Callable[[Generation], Awaitable[None]]


class LateOutcome(Enum):
    """What became of one utterance."""

    DONE = auto()
    """It has its words, or its translation, or was judged to be nothing."""
    FAILED = auto()
    """An engine failed at it."""
    PASSED = auto()
    """There was nothing to be done any more."""


class CatchUp:
    """One ended session, claimed by this process. ``turn`` waits until no live session speaks."""

    def __init__(
        self,
        claimed: Claim,
        session: LateSession,
        generation: Generation,
        directory: str,
        turn: Turn,
    ) -> None:
        self._claim = claimed
        self._session = session
        self._generation = generation
        self._directory = directory
        self._turn = partial(turn, generation)
        self._interpreter = LateInterpreter(generation)

    async def run(self) -> AsyncGenerator[LateOutcome, None]:
        """Do what is due, and yield what became of each utterance.

        Raises:
            StoreError: the database does not answer.
            OSError: the disk cannot be read or written.
        """
        self._interpreter.open()
        try:
            for recording in await catch_up.recordings_due(self._session, self._directory):
                async with aclosing(self._work_on(recording)) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
            for waiting in await late_words.translations_due(self._session):
                await self._turn()
                yield await self._translate(waiting)
        finally:
            await self._interpreter.close()

    # --- a recording

    async def _work_on(self, recording: LateRecording) -> AsyncGenerator[LateOutcome, None]:
        sound = RecordedSound(recording)
        try:
            known = await self._examined(recording, sound)
            if known is None:  # deleted
                return
            if known.conversation_id is None:
                await catch_up.note_nowhere(self._claim, known.id)
                return
            if known.undecided_from is not None and not await self._cut(known, sound):
                yield LateOutcome.FAILED
            for segment in await late_words.segments_due(known.id):
                await self._turn()
                yield await self._hear(known, segment, sound)
            await catch_up.note_state(self._claim, known.id)
        finally:
            sound.close()

    async def _examined(
        self, recording: LateRecording, sound: RecordedSound
    ) -> LateRecording | None:
        if recording.is_examined:
            return recording
        found = examine_recording(
            self._session,
            recording,
            await catch_up.segments_cut_from(recording.id),
            await catch_up.spoken_in(self._session.id) if recording.is_salvaged else (),
            await sound.utterances(),
        )
        await catch_up.keep_examination(self._claim, recording.id, found)
        again = await catch_up.recordings_due(self._session, self._directory)
        return next((one for one in again if one.id == recording.id), None)

    async def _cut(self, recording: LateRecording, sound: RecordedSound) -> bool:
        """Cut the rest of a recording into utterances; return whether that is known to be done."""
        begin = recording.undecided_from or 0
        known = await catch_up.last_utterance_id(self._session.id)
        first_id = max([known, *await sound.utterances()]) + 1
        rest = await cut_rest(sound, begin, first_id, self._generation, self._turn)
        if rest.became == SOUND_GONE and not recording.is_here:
            return False
        is_kept = await catch_up.keep_rest(self._claim, recording.id, rest)
        if not is_kept and not await known_recordings([recording.id]):
            await sound.delete()  # what was written beside it since its files were deleted
        return True

    # --- an utterance

    async def _hear(
        self, recording: LateRecording, segment: LateSegment, sound: RecordedSound
    ) -> LateOutcome:
        manner = manner_at(recording.marks, segment.start_sample)
        if not self._knows(manner):
            return LateOutcome.FAILED
        if not await late_words.count_attempt(self._claim, segment):
            return LateOutcome.PASSED
        try:
            became = await self._interpret(recording, segment, manner, sound)
            return await self._keep(recording, segment, became)
        except (asyncio.CancelledError, OSError, StoreError):  # no fault of the utterance
            late_words.withdraw_attempt_soon(segment)
            raise
        except DecodeError as error:
            logger.warning("recording %s: an utterance is lost: %s", recording.id, error)
            is_last = recording.is_here
            await late_words.keep_failure(self._claim, segment, SOUND_GONE, is_last=is_last)
            return LateOutcome.PASSED if is_last else LateOutcome.FAILED

    def _knows(self, manner: Manner) -> bool:
        """Return whether an engine here can hear what was spoken in this manner."""
        transcriber = self._generation.engines.transcriber
        languages = transcriber.languages if transcriber is not None else frozenset[str]()
        source = manner.direction.source
        return source in languages if source is not None else bool(languages)

    async def _interpret(
        self, recording: LateRecording, segment: LateSegment, manner: Manner, sound: RecordedSound
    ) -> Interpretation:
        utterance = Utterance(
            segment.utterance_id,
            manner,
            pcm=await sound.utterance(segment),
            start_sample=segment.start_sample,
            end_sample=segment.end_sample,
            offset_samples=offset_at(recording.marks, segment.start_sample),
        )
        said = await late_words.said_before(self._session, recording, segment.start_sample)
        return await self._interpreter.interpret(
            utterance, said, await _names(recording.conversation_id)
        )

    async def _keep(
        self, recording: LateRecording, segment: LateSegment, became: Interpretation
    ) -> LateOutcome:
        failure = became.failure.code if became.failure is not None else "internal"
        if became.exchange is not None:
            said = replace(became.exchange, is_late=True)
            is_kept = await late_words.keep_words(self._claim, segment, said, recording.marks)
        elif became.reason or not is_due(failure):
            reason = became.reason or failure
            is_kept = await late_words.keep_judgement(self._claim, segment, reason)
        else:
            await late_words.keep_failure(self._claim, segment, failure, is_last=False)
            return LateOutcome.FAILED
        return LateOutcome.DONE if is_kept else LateOutcome.PASSED

    # --- a translation

    async def _translate(self, waiting: LateExchange) -> LateOutcome:
        said = waiting.said
        utterance = Utterance(
            said.utterance_id,
            Manner(said.direction, Mode(waiting.mode)),
            text=said.source,
            speaker=said.speaker,
        )
        context = await late_words.said_before_exchange(self._session, waiting)
        names = await _names(waiting.conversation_id)
        became = await self._interpreter.interpret(utterance, context, names)
        failure, made = became.failure, became.exchange
        # that a translator refused is final, as it is live
        if made is None or (failure is not None and not failure.fault):
            return LateOutcome.FAILED
        is_kept = await late_words.keep_translation(self._claim, waiting, made)
        return LateOutcome.DONE if is_kept else LateOutcome.PASSED


async def _names(conversation_id: UUID | None) -> Mapping[str, str]:
    if conversation_id is None:
        return {}
    return (await names_in([conversation_id])).get(conversation_id, {})

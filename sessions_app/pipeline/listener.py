"""From chunks to utterances: one listening period, from `start_listening` to its end."""

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sessions_app.core import counters
from sessions_app.core.audio import SAMPLE_BYTES, count_samples, to_seconds
from sessions_app.core.events import Manner, SpeechEnded, SpeechStarted, Transcript
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.endpointing.segmenter import (
    SegmentEnded,
    Segmenter,
    SegmentEvent,
    SegmentStarted,
)
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.sound import DetectedSound, Source
from sessions_app.pipeline.utterance import Utterance


@dataclass(frozen=True, slots=True)
class HeardBefore:
    """What of a container's sound another session has heard, on the container's own clock."""

    earliest_sample: int
    """Where the stream's first sound lies at the earliest, if its clock goes on."""
    end_sample: int
    """What comes before this was heard."""


@dataclass(frozen=True, slots=True)
class ListeningPlace:
    """Where a listening period begins; or goes on, after another process had it."""

    offset_samples: int = 0
    """Where it began on the session's clock."""
    first_sample: int = 0
    """How much of the stream was processed before: it is decoded only."""
    before: Account | None = None
    """The session's account when it began; None: it begins now."""
    heard_before: HeardBefore | None = None
    """What another session has heard of a stream that begins anew; None: nothing."""


class Listener:
    """Processes one stream: reports when speech begins and ends, and hands on each utterance.

    All lengths are counted in samples: a stream at ten times its speed gives the same utterances.
    ``cut`` is called with each utterance before it is handed on. ``origin`` marks what people did
    not say just now. ``place`` is where the period begins, or goes on.
    """

    def __init__(
        self,
        sound: Source,
        interpreter: Interpreter,
        session: SessionContext,
        *,
        place: ListeningPlace | None = None,
        cut: Callable[[Utterance], None] | None = None,
        origin: uuid.UUID | None = None,
    ) -> None:
        place = place or ListeningPlace()
        self._sound = sound
        self._interpreter = interpreter
        self._session = session
        self._emit = session.emit
        self._account = session.account
        self._cut = cut
        self._origin = origin
        self._before = place.before or session.account.copy()
        self._silence_before = session.account.silence
        self.offset_samples = place.offset_samples
        """Where the period begins on the session's clock."""
        self._earliest_sample = 0
        """If sound comes before this while some is skipped, the stream's clock began anew."""
        self._to_skip = place.first_sample
        if place.heard_before is not None:
            self._earliest_sample = place.heard_before.earliest_sample
            self._to_skip = place.heard_before.end_sample
        self._segmenter = Segmenter(interpreter.sentences.segmenting, self._to_skip)
        self._open: tuple[int, Manner] | None = None
        self._was_fed = False
        self._passed_samples = 0
        self.declared_samples = 0
        """How much of it is silence that the container's clock declared, and nothing analysed."""

    @property
    def heard_samples(self) -> int:
        """How much sound was decoded or skipped so far, and silence declared."""
        return self._segmenter.heard_samples + self._passed_samples

    @property
    def decoded_samples(self) -> int:
        """Where the stream stands, also while what was heard before is skipped."""
        return self.heard_samples - self._to_skip

    @property
    def decided_samples(self) -> int:
        """Up to which sample it is decided what is silence and what belongs to an utterance."""
        return self._segmenter.decided_samples

    @property
    def reached_sample(self) -> int:
        """The position on the session's clock that this reaches."""
        return self.offset_samples + self.heard_samples

    @property
    def account(self) -> Account:
        """What became of this period's sound so far."""
        return self._account.since(self._before)

    async def hear(self, chunk: bytes) -> None:
        """Process the next chunk; wait while the interpreter is full (back-pressure).

        Raises:
            DecodeError: the stream is broken; ``finish`` may still be called.
        """
        self._was_fed = True
        if self._to_skip:
            await self._skip(chunk)
            return
        await self._push(*await self._sound.decode(chunk))
        await self._hear_the_rest()

    async def finish(self, *, broken: bool = False) -> None:
        """End the period: flush the open segment, to the last sample.

        Raises:
            EngineError: the stream is broken at its end, or could not be analysed.
        """
        try:
            if self._was_fed and not broken:
                await self._push(*await self._sound.flush())
                await self._hear_the_rest()
            await self._tell(self._segmenter.flush())
            self._count_silence()
        finally:
            await self._sound.close()

    async def leap(self, samples: int) -> None:
        """Go on behind ``samples`` that will never come: what is open ends before them."""
        await self._tell(self._segmenter.skip(0))
        self._count_silence()
        self.offset_samples += samples

    async def pass_over(self, chunk: bytes) -> None:
        """Count the next chunk, and what is left of those before, without processing them.

        Raises:
            DecodeError: the stream is broken.
        """
        if chunk:
            self._pass(await self._sound.decode(chunk))
        while self._sound.has_more:
            self._pass(await self._sound.decode(b""))

    def _pass(self, judged: DetectedSound) -> None:
        self.miss(count_samples(judged.pcm) + judged.silence_samples)

    def miss(self, samples: int) -> None:
        """Count sound that is not processed any more."""
        self._account.received += samples
        self._passed_samples += samples

    async def close(self) -> None:
        """Release the stream without finishing it. May be called twice."""
        await self._sound.close()

    async def _skip(self, chunk: bytes) -> None:
        """Decode what was processed before, and process what follows it."""
        pcm, silence_samples = await self._sound.decode_only(chunk)
        while True:
            self._skip_no_more_if_new(pcm)
            fresh = pcm[min(self._to_skip, count_samples(pcm)) * SAMPLE_BYTES :]
            self._to_skip -= count_samples(pcm) - count_samples(fresh)
            skipped = min(self._to_skip, silence_samples)
            self._to_skip -= skipped
            await self._push(
                fresh, await self._sound.judge(fresh) if fresh else (), silence_samples - skipped
            )
            if not self._sound.has_more:
                return
            if not self._to_skip:
                await self._hear_the_rest()
                return
            pcm, silence_samples = await self._sound.decode_only(b"")

    def _skip_no_more_if_new(self, pcm: bytes) -> None:
        """Skip nothing more if this is other sound than what was heard before."""
        place = self._segmenter.heard_samples - self._to_skip
        first_sound = place + count_samples(pcm) - count_samples(pcm.lstrip(b"\0"))
        if pcm.strip(b"\0") and first_sound < self._earliest_sample:
            self._to_skip = 0
            self._segmenter = Segmenter(self._interpreter.sentences.segmenting, place)

    async def _hear_the_rest(self) -> None:
        """Process what did not fit into one piece of work; other sessions take turns in between."""
        while self._sound.has_more:
            await self._push(*await self._sound.decode(b""))

    async def _push(
        self, pcm: bytes, probabilities: Sequence[float], silence_samples: int = 0
    ) -> None:
        samples = count_samples(pcm) + silence_samples
        self._account.received += samples
        self.declared_samples += silence_samples
        counters.RECEIVED.inc(to_seconds(samples))
        boundaries = self._segmenter.push(pcm, probabilities)
        while self._segmenter.is_asking:
            self._count_silence()
            await self._tell(boundaries)
            await self._cut_sentences()
            boundaries = self._segmenter.go_on()
        if silence_samples:
            boundaries += self._segmenter.skip(silence_samples)
        self._count_silence()
        await self._tell(boundaries)
        if self._open is not None:
            self._follow(*self._open)

    async def _cut_sentences(self) -> None:
        """Cut what has ended off the open segment, sentence by sentence; the rest goes on."""
        if self._open is None:
            return
        asked = self._utterance(*self._open, self._segmenter.as_it_is())
        found = await self._interpreter.sentences.find(asked)
        if self._origin is None:
            self._segmenter.rarity = self._interpreter.sentences.rarity
        done = 0
        for sentence in found.finished:
            first, last = (asked.start_sample + sample for sample in sentence.gap)
            if not (boundaries := self._segmenter.cut(first, last)):
                break
            is_alike = self._open[1] == asked.manner
            await self._tell(boundaries, sentence.transcript if is_alike else None)
            done += 1
        if self._open is not None:
            self._follow(*self._open)
            await self._interpreter.note_words(self._open[0], found.rest_after(done))

    def _follow(self, utterance_id: int, manner: Manner) -> None:
        end_sample = self._segmenter.pause_sample
        if end_sample is not None:
            self._interpreter.pause(
                utterance_id,
                end_sample,
                lambda: self._utterance(utterance_id, manner, self._segmenter.as_if_ended()),
            )
            return
        self._interpreter.follow(
            utterance_id,
            manner,
            self._segmenter.open_samples,
            self._segmenter.open_pcm,
        )

    def _count_silence(self) -> None:
        self._account.silence = self._silence_before + self._segmenter.silent_samples

    async def _tell(
        self, boundaries: Sequence[SegmentEvent], heard: Transcript | None = None
    ) -> None:
        """Tell what began and ended; ``heard``: the words of what ended, if they are known."""
        left = deque(boundaries)
        try:
            while left:
                boundary = left.popleft()
                if isinstance(boundary, SegmentStarted):
                    await self._begin(boundary)
                else:
                    await self._end(boundary, heard)
        finally:
            self._cut_rest(left)

    def _cut_rest(self, boundaries: Iterable[SegmentEvent]) -> None:
        """Cut what will not be told any more, since the session was cut off."""
        for boundary in boundaries:
            if isinstance(boundary, SegmentStarted):
                self._open = (self._interpreter.next_id(), self._session.manner)
            elif self._cut is not None:
                self._cut(self._take_open(boundary))

    async def _begin(self, segment: SegmentStarted) -> None:
        self._open = (self._interpreter.next_id(), self._session.manner)
        at_seconds = to_seconds(segment.start_sample)
        await self._emit(SpeechStarted(self._open[0], at_seconds))

    async def _end(self, segment: SegmentEnded, heard: Transcript | None) -> None:
        utterance = replace(self._take_open(segment), heard=heard)
        self._interpreter.stop_partials(utterance.id)
        if self._cut is not None:
            self._cut(utterance)  # before a slow client is told, who may be waited for
        await self._emit(SpeechEnded(utterance.id, to_seconds(segment.end_sample)))
        await self._interpreter.put(utterance)

    def _take_open(self, segment: SegmentEnded) -> Utterance:
        utterance_id, manner = self._open or (self._interpreter.next_id(), self._session.manner)
        self._open = None
        return self._utterance(utterance_id, manner, segment)

    def _utterance(self, utterance_id: int, manner: Manner, segment: SegmentEnded) -> Utterance:
        return Utterance(
            utterance_id,
            manner,
            pcm=segment.pcm,
            start_sample=segment.start_sample,
            end_sample=segment.end_sample,
            offset_samples=self.offset_samples,
            too_short=segment.too_short,
            origin=self._origin,
        )

"""The rest of a recording, which its session did not come to, cut into utterances."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from itertools import count

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import EngineError
from sessions_app.core.events import DiscardReason
from sessions_app.live.catching_up.recorded_sound import RecordedSound
from sessions_app.pipeline.assembly import Equipment
from sessions_app.pipeline.endpointing.segmenter import SegmentEnded, Segmenter, SegmenterOptions
from sessions_app.pipeline.sound import DetectedSound, Source, open_sound
from sessions_app.store.catch_up_facts import UNFINISHED, CutRest
from sessions_app.store.late_account import SILENCE
from sessions_app.store.recording_facts import SegmentFacts

logger = logging.getLogger(__name__)

SOUND_GONE = "sound_gone"
"""Why sound counts as discarded that is not there any more, or cannot be decoded."""


async def cut_rest(
    sound: RecordedSound,
    from_sample: int,
    first_id: int,
    equipment: Equipment,
    turn: Callable[[], Awaitable[None]],
) -> CutRest:
    """Cut a recording into utterances from a sample on, and write the sound of each beside it.

    Their ids count from ``first_id``. ``turn`` is awaited before each second of sound.

    Raises:
        OSError: the disk does not take them, or the machine has no room.
    """
    detector = equipment.engines.detector.stream()
    source = await open_sound(Encoding.PCM_S16LE, detector, equipment.sound, equipment.decoders)
    cutter = _Cutter(sound, source, from_sample, first_id)
    try:
        async with aclosing(sound.blocks(from_sample)) as blocks:
            while (block := await _next(blocks)) is not None:
                await turn()
                await cutter.push(block)
        await cutter.finish()
    finally:
        await source.close()
    became = SILENCE if cutter.samples else SOUND_GONE
    size = await sound.size()
    return CutRest(from_sample, cutter.samples, tuple(cutter.found), size, became)


async def _next(blocks: AsyncGenerator[bytes, None]) -> bytes | None:
    """Return the next sound; None: there is no more, or it cannot be decoded any further."""
    try:
        return await anext(blocks, None)
    except EngineError as error:
        logger.warning("recorded sound is heard only as far as it can be decoded: %s", error)
        return None


class _Cutter:
    """Cuts what it is given into utterances, by their place in the recording."""

    def __init__(
        self, sound: RecordedSound, source: Source, from_sample: int, first_id: int
    ) -> None:
        self._sound = sound
        self._source = source
        self._from_sample = from_sample
        self._ids = count(first_id)
        self._segmenter = Segmenter(SegmenterOptions())
        self.found: list[SegmentFacts] = []

    @property
    def samples(self) -> int:
        """How much it was given so far."""
        return self._segmenter.heard_samples

    async def push(self, pcm: bytes) -> None:
        """Take the next sound."""
        await self._take(await self._source.decode(pcm))
        while self._source.has_more:
            await self._take(await self._source.decode(b""))

    async def finish(self) -> None:
        """End: what is open ends with the last sample."""
        await self._take(await self._source.flush())
        for boundary in self._segmenter.flush():
            if isinstance(boundary, SegmentEnded):
                await self._keep(boundary)

    async def _take(self, judged: DetectedSound) -> None:
        for boundary in self._segmenter.push(judged.pcm, judged.probabilities):
            if isinstance(boundary, SegmentEnded):
                await self._keep(boundary)

    async def _keep(self, segment: SegmentEnded) -> None:
        utterance_id = next(self._ids)
        await self._sound.keep(utterance_id, segment.pcm)
        start = self._from_sample + segment.start_sample
        reason = DiscardReason.TOO_SHORT if segment.too_short else UNFINISHED
        end = start + count_samples(segment.pcm)
        self.found.append(SegmentFacts(utterance_id, start, end, discarded=reason))

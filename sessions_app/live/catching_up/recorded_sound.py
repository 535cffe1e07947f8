"""Recorded sound, read again: from any sample on, and utterance by utterance."""

import asyncio
import wave
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sessions_app.core.audio import SAMPLE_BYTES, Encoding, count_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.recording import files
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.store.catch_up_facts import LateRecording, LateSegment

T = TypeVar("T")

GONE = "Its sound is not there any more."


class RecordedSound:
    """The files of one recording, read and written in a thread of their own. ``close`` ends it."""

    def __init__(self, recording: LateRecording) -> None:
        self._recording = recording
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="habla late")

    def close(self) -> None:
        """Read and write no more. May be called twice."""
        self._executor.shutdown(wait=False)

    async def utterances(self) -> frozenset[int]:
        """Return of which utterances the sound lies beside the recording."""
        return await self._do(partial(_utterances, self._recording.id))

    async def blocks(self, from_sample: int) -> AsyncGenerator[bytes, None]:
        """Yield the sound from a sample on, about a second at a time: 16 kHz mono s16le.

        Raises:
            EngineError: it cannot be decoded, or is gone.
            OSError: the machine has no room for that now.
        """
        path = files.sound_path(self._recording.id, self._recording.encoding)
        if path is None:
            raise DecodeError(GONE)
        blocks = decode_file(path)
        at = 0
        try:
            while (block := await self._do(lambda: next(blocks, None))) is not None:
                length = count_samples(block)
                skipped = min(max(0, from_sample - at), length)
                at += length
                if skipped < length:
                    yield block[skipped * SAMPLE_BYTES :]
        finally:
            # in its turn, since the thread may still be reading
            self._executor.submit(blocks.close)

    async def utterance(self, segment: LateSegment) -> bytes:
        """Return the sound of an utterance: 16 kHz mono s16le.

        Raises:
            EngineError: it cannot be decoded, or is gone.
            OSError: the machine has no room for that now.
        """
        path = files.segment_path(self._recording.id, segment.utterance_id)
        if path is not None:
            return await self._do(partial(_read, path))
        found = b""
        async with aclosing(self.blocks(segment.start_sample)) as blocks:
            async for block in blocks:
                found += block
                if count_samples(found) >= segment.samples:
                    break
        return found[: segment.samples * SAMPLE_BYTES]

    async def keep(self, utterance_id: int, pcm: bytes) -> None:
        """Write the sound of an utterance beside the recording.

        Raises:
            OSError: it was not written, or there is some already.
        """
        await self._do(partial(_keep, self._recording, utterance_id, pcm))

    async def delete(self) -> None:
        """Delete all files: the recording was deleted while it was being read."""
        await self._do(partial(files.delete_or_log, self._recording.id))

    async def size(self) -> int:
        """Return how many bytes all files of the recording take."""
        return await self._do(partial(files.total_bytes, self._recording.id))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _utterances(recording_id: UUID) -> frozenset[int]:
    found = (files.folder(recording_id) / "segments").glob("*.wav")
    return frozenset(int(path.stem) for path in found if path.stem.isdecimal())


def _read(path: Path) -> bytes:
    try:
        with wave.open(str(path), "rb") as file:
            return file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise DecodeError("Its sound is broken.") from error


def _keep(recording: LateRecording, utterance_id: int, pcm: bytes) -> None:
    encoding = Encoding(recording.encoding)
    path = files.new_sound_path(recording.id, encoding)
    RecordingFile(path, encoding).write_segment(utterance_id, pcm)

"""Reads a recording piece by piece, never all at once. Everything here blocks."""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from playback_app.store import PlaybackJob
from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, Encoding
from sessions_app.core.descriptors import EXHAUSTED, is_exhaustion
from sessions_app.core.errors import DecodeError
from sessions_app.models import RecordedSegment
from sessions_app.protocol import StartListening
from sessions_app.recording import files
from sessions_app.store.database.thread import on_database_thread

PIECE_SECONDS = 0.2
"""How much sound is fed at once: little enough to pause, stop and pace smoothly."""
SMALLEST_PIECE, LARGEST_PIECE = 256, 64 * 1024
"""In bytes, of a container, whose length in seconds may be unknown or wrong."""
LONGEST_SEGMENT_SECONDS = 120
"""Longer than any utterance."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stored utterance, and its place in its recording, in samples at 16 kHz."""

    path: Path | None
    start_sample: int
    end_sample: int


class Stream:
    """A recording's sound as it was sent: `open`, `read` it to its end, and `close` it."""

    def __init__(self, job: PlaybackJob) -> None:
        self._job = job
        self._file: BinaryIO | None = None
        self._is_closed = False
        self._piece_bytes = SMALLEST_PIECE
        self._left: int | None = None
        """How many bytes of sound are left, if that is known."""

    def open(self) -> StartListening:
        """Open it; return the command that says how to decode it.

        Raises:
            DecodeError: it is gone, or not what it should be.
        """
        path = files.sound_path(self._job.recording_id, self._job.encoding)
        if path is None:
            raise _gone()
        try:
            self._file = file = path.open("rb")
        except OSError as error:
            raise (_no_files() if is_exhaustion(error) else _gone()) from error
        if self._is_closed:  # closed meanwhile, by a caller that did not wait for this
            file.close()
        try:
            command = self._command(file)
            self._piece_bytes = self._size_of_piece(path, command)
        except (wave.Error, EOFError, OSError, ValueError) as error:
            raise DecodeError("The recording is broken.") from error
        return command

    def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            DecodeError: it cannot be read.
        """
        if self._file is None:
            raise RuntimeError("a stream that is not open cannot be read")
        try:
            piece = self._file.read(self._piece_bytes)
        except (OSError, ValueError) as error:
            raise DecodeError("The recording cannot be read.") from error
        if self._left is not None:
            piece = piece[: self._left]
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file. May be called twice, and while it is being opened."""
        self._is_closed = True
        if self._file is not None:
            self._file.close()

    def _command(self, file: BinaryIO) -> StartListening:
        encoding, rate = Encoding(self._job.encoding), SAMPLE_RATE
        if encoding is Encoding.PCM_S16LE:
            with wave.open(file, "rb") as header:
                rate = header.getframerate()
                if (header.getnchannels(), header.getsampwidth()) != (1, SAMPLE_BYTES):
                    raise wave.Error("not mono s16le")
                # what follows the samples in the file is not sound
                self._left = header.getnframes() * SAMPLE_BYTES
        return StartListening(type="start_listening", encoding=encoding, sample_rate=rate)

    def _size_of_piece(self, path: Path, command: StartListening) -> int:
        if command.encoding is Encoding.PCM_S16LE:
            return int(PIECE_SECONDS * command.sample_rate) * SAMPLE_BYTES
        seconds = max(self._job.duration_seconds, PIECE_SECONDS)
        size = int(path.stat().st_size / seconds * PIECE_SECONDS)
        return min(max(size, SMALLEST_PIECE), LARGEST_PIECE)


@on_database_thread
def segments_of(job: PlaybackJob) -> list[Segment]:
    """Return the stored utterances of a recording, in the order in which they were spoken."""
    rows = RecordedSegment.objects.filter(recording_id=job.recording_id)
    found = rows.values_list("utterance_id", "start_sample", "end_sample")
    return [
        Segment(files.segment_path(job.recording_id, utterance_id), start, end)
        for utterance_id, start, end in found.order_by("start_sample", "pk")
    ]


def read_segment(segment: Segment) -> bytes:
    """Return an utterance as 16 kHz mono s16le.

    Raises:
        DecodeError: it is gone, or not what it should be.
    """
    if segment.path is None:
        raise _gone()
    try:
        with wave.open(str(segment.path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if shape != (1, SAMPLE_BYTES, SAMPLE_RATE):
                raise wave.Error("not 16 kHz mono s16le")
            return file.readframes(LONGEST_SEGMENT_SECONDS * SAMPLE_RATE)
    except (wave.Error, EOFError, OSError) as error:
        if isinstance(error, OSError) and is_exhaustion(error):
            raise _no_files() from error
        raise DecodeError("A segment of the recording is broken.") from error


def _no_files() -> DecodeError:
    return DecodeError(EXHAUSTED, code="too_many_files")


def _gone() -> DecodeError:
    return DecodeError("The recording's sound is gone.", code="recording_gone")

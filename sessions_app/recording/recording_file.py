"""The files of one recording while they are written: beside their place, and whole once in it."""

import fcntl
import logging
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.containers.truncation import whole_bytes
from sessions_app.engines.containers.wav import HEADER_BYTES, wav_header
from sessions_app.engines.decoding import webm_filling
from sessions_app.recording.files import PART

logger = logging.getLogger(__name__)


class RecordingFile:
    """The sound of one recording, which grows until it is finished.

    Whoever records adds to ``taken_bytes`` what is to be written; all else belongs to the thread
    that writes. ``failed`` is for that thread to have called where recording is done; ``first`` it
    calls before it writes anything.
    """

    def __init__(
        self,
        path: Path,
        encoding: Encoding,
        sample_rate: int = SAMPLE_RATE,
        failed: Callable[[OSError], None] | None = None,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.failed = failed
        self._first = first
        self.taken_bytes = 0
        self.written_bytes = 0
        self.is_broken = False
        """Whether something could not be written; then nothing more is."""
        self._encoding = encoding
        self._sample_rate = sample_rate
        self._file: BinaryIO | None = None

    def write(self, sound: bytes) -> None:
        """Write the next of what the client sent. Blocks.

        Raises:
            OSError: it was not written, or not all of it.
        """
        _write_all(self._file or self._open(), sound)
        self.written_bytes += len(sound)

    def write_segment(self, utterance_id: int, pcm: bytes) -> None:
        """Write an utterance, 16 kHz mono s16le, as a WAV file of its own. Blocks.

        Raises:
            OSError: it was not written; nothing is left of it.
        """
        path = self.path.parent / "segments" / f"{utterance_id}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _part_of(path)
        try:
            with part.open("xb", buffering=0) as file:
                _write_all(cast("BinaryIO", file), wav_header(len(pcm)) + pcm)
                _settle(cast("BinaryIO", file), part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self.written_bytes += len(pcm)

    def finish(self, *, is_whole: bool) -> bool:
        """Put the sound in its place; return whether there is any. Blocks.

        May be called twice, and again after it has failed.

        ``is_whole``: whether its end was heard; what is half there at the end is left out if not.

        Raises:
            OSError: it stays where it was.
        """
        part = _part_of(self.path)
        file, self._file = self._file, None
        if file is not None:
            file.close()
        if not part.exists():
            return self.path.exists()
        if self.is_broken or not is_whole or self._encoding is Encoding.PCM_S16LE:
            mend(part, self._encoding, self._sample_rate)
        if not part.stat().st_size:
            part.unlink()
            return False
        fill_gaps(part, self._encoding)
        put_in_place(part, self.path)
        return True

    def _open(self) -> BinaryIO:
        self._first()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = file = cast("BinaryIO", _part_of(self.path).open("xb", buffering=0))
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if self._encoding is Encoding.PCM_S16LE:
            _write_all(file, wav_header(0, self._sample_rate))
        return file


@contextmanager
def held(part: Path) -> Iterator[bool]:
    """Hold a file that is not whole; give whether that can be: not while a process writes it.

    The kernel lets go of it however that process ends, and of one that is merely frozen it does
    not. May be entered by one process at a time.

    Raises:
        OSError: it is not there, or cannot be changed.
    """
    with part.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks: then the rows alone tell who may
            pass
        yield True


def mend(part: Path, encoding: Encoding, sample_rate: int = SAMPLE_RATE) -> None:
    """Make a file that was not finished playable: cut what is half there, say how long it is.

    Raises:
        OSError: it could not be changed.
    """
    with part.open("r+b") as file:
        if not part.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
            whole = whole_bytes(stream, encoding)
        file.truncate(whole)
        if encoding is Encoding.PCM_S16LE and whole > HEADER_BYTES:
            file.write(wav_header(whole - HEADER_BYTES, sample_rate))
        elif encoding is Encoding.PCM_S16LE:
            file.truncate(0)


def fill_gaps(part: Path, encoding: Encoding) -> None:
    """Put silence into a stream where its clock leaps, so that every player keeps that clock.

    A disk without room for it leaves the stream as it is.

    Raises:
        OSError: it cannot be read.
    """
    if encoding is not Encoding.WEBM_OPUS or not part.stat().st_size:
        return
    filled = part.with_name(f"filled{PART}")
    with (
        part.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream,
    ):
        gaps = webm_filling.find_gaps(stream)
        if not gaps:
            return
        try:
            with filled.open("wb") as target:
                for piece in webm_filling.filled(stream, gaps):
                    target.write(piece)
        except OSError as error:
            logger.warning("%s keeps its gaps: %s", part.parent.name, error)
            filled.unlink(missing_ok=True)
            return
    filled.rename(part)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file that is whole its name, once it is on the disk.

    Raises:
        OSError: it was not possible, or there is a file of that name.
    """
    with part.open("rb") as file:
        _settle(file, part, path)


def _settle(file: BinaryIO, part: Path, path: Path) -> None:
    os.fsync(file.fileno())
    if path.exists():
        raise FileExistsError(path)
    part.rename(path)


def _write_all(file: BinaryIO, sound: bytes) -> None:
    """Write all of it: what is not buffered may be written in part, as on a full disk."""
    left = memoryview(sound)
    while left:
        left = left[file.write(left) :]


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + PART)

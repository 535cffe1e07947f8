"""The files of one recording while they are written, renamed into place once they are complete."""

import fcntl
import logging
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import BinaryIO, cast

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.containers.truncation import whole_bytes
from sessions_app.engines.containers.wav import HEADER_BYTES, wav_header
from sessions_app.engines.decoding import webm_filling
from sessions_app.recording.files import PART

logger = logging.getLogger(__name__)

SYNC_SECONDS = 5.0
"""How often what was written is also brought to the disk, so that a power cut costs no more."""


class RecordingFile:
    """The sound of one recording, which grows until it is finished.

    The recorder counts in ``accepted_bytes`` what is to be written; everything else is used by the
    writer thread alone. That thread calls ``before_first_write`` before it writes anything, and has
    ``on_failure`` called in the recorder's event loop if writing fails.
    """

    def __init__(
        self,
        path: Path,
        encoding: Encoding,
        sample_rate: int = SAMPLE_RATE,
        on_failure: Callable[[OSError], None] | None = None,
        before_first_write: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.on_failure = on_failure
        self._before_first_write = before_first_write
        self.accepted_bytes = 0
        self.written_bytes = 0
        self.sound_bytes = 0
        """How much of the client's sound was written, which a killed process leaves."""
        self.is_broken = False
        """Whether a write has failed; after that nothing more is written."""
        self._encoding = encoding
        self._sample_rate = sample_rate
        self._file: BinaryIO | None = None
        self._synced_at = monotonic()

    def write(self, sound: bytes) -> None:
        """Write the next piece of the client's sound. Blocks.

        Raises:
            OSError: it was not written, or not all of it.
        """
        file = self._file or self._open()
        _write_all(file, sound)
        self.written_bytes += len(sound)
        self.sound_bytes += len(sound)
        if monotonic() - self._synced_at >= SYNC_SECONDS:
            os.fdatasync(file.fileno())
            self._synced_at = monotonic()

    def write_segment(self, utterance_id: int, pcm: bytes) -> None:
        """Write an utterance (16 kHz mono s16le) as a WAV file of its own. Blocks.

        Raises:
            OSError: it was not written, and no part of the file is left.
        """
        path = self.path.parent / "segments" / f"{utterance_id}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _part_of(path)
        try:
            with part.open("xb", buffering=0) as file:
                _write_all(cast("BinaryIO", file), wav_header(len(pcm)) + pcm)
                _rename_when_on_disk(cast("BinaryIO", file), part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self.written_bytes += len(pcm)

    def finish(self, *, is_whole: bool) -> bool:
        """Complete the sound file and give it its final name; return whether there is any sound.

        Blocks. May be called twice, and again after it has failed.

        ``is_whole``: whether the end of the stream was received; if not, an incomplete piece at the
        end is cut off.

        Raises:
            OSError: it keeps its temporary name.
        """
        part = _part_of(self.path)
        file, self._file = self._file, None
        if file is not None:
            file.close()
        if not part.exists():
            return self.path.exists()
        if self.is_broken or not is_whole or self._encoding is Encoding.PCM_S16LE:
            repair(part, self._encoding, self._sample_rate)
        if not part.stat().st_size:
            part.unlink()
            return False
        fill_gaps(part, self._encoding)
        rename_into_place(part, self.path)
        return True

    def reopen(self, *, may_be_empty: bool) -> bool:
        """Go on with the file that another process has left; return whether that is possible.

        Not where it is gone or complete, or a living process still writes it. Blocks.

        ``may_be_empty``: whether there may be none, since nothing was to be written yet.

        Raises:
            OSError: it cannot be read or written.
        """
        part = _part_of(self.path)
        try:
            file = cast("BinaryIO", part.open("r+b", buffering=0))
        except FileNotFoundError:
            return may_be_empty and not self.path.exists()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        except OSError:  # a file system without locks: then only the rows say who may write
            pass
        file.seek(0, os.SEEK_END)
        self._file = file
        self.sound_bytes = max(0, file.tell() - self.header_bytes)
        self.accepted_bytes = self.written_bytes = self.sound_bytes
        return True

    @property
    def header_bytes(self) -> int:
        """How many bytes stand in the file before what the client sent."""
        return HEADER_BYTES if self._encoding is Encoding.PCM_S16LE else 0

    def read(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes of what the client sent, from ``start`` on. Blocks.

        Raises:
            OSError: it cannot be read.
        """
        if self._file is None:  # nothing was written yet
            return b""
        with _part_of(self.path).open("rb") as file:
            file.seek(self.header_bytes + start)
            return file.read(size)

    def release(self) -> None:
        """Leave the file as it is, once it is on the disk (fsync). Blocks. May be called twice.

        Raises:
            OSError: it is not known whether all of it is on the disk.
        """
        file, self._file = self._file, None
        if file is not None:
            with file:
                os.fsync(file.fileno())

    def _open(self) -> BinaryIO:
        self._before_first_write()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = file = cast("BinaryIO", _part_of(self.path).open("xb", buffering=0))
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if self._encoding is Encoding.PCM_S16LE:
            _write_all(file, wav_header(0, self._sample_rate))
        return file


@contextmanager
def locked(part: Path) -> Iterator[bool]:
    """Lock an incomplete file; give whether that succeeded: not while a process writes it.

    The kernel releases the lock of a process however that process ends, and keeps it while the
    process is merely frozen.

    Raises:
        OSError: the file does not exist, or cannot be changed.
    """
    with part.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks: then only the rows say who may write
            pass
        yield True


def repair(part: Path, encoding: Encoding, sample_rate: int = SAMPLE_RATE) -> None:
    """Make an unfinished file playable: cut off an incomplete end, write its length in its header.

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
    """Insert silence where the stream's timestamps jump, so that all readers keep its timeline.

    Where the disk has no room for that, the stream stays as it is.

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
                for piece in webm_filling.fill_gaps_of_webm(stream, gaps):
                    target.write(piece)
        except OSError as error:
            logger.warning(
                "recording %s: its gaps could not be filled: %s", part.parent.name, error
            )
            filled.unlink(missing_ok=True)
            return
    filled.rename(part)


def rename_into_place(part: Path, path: Path) -> None:
    """Give a complete file its final name, once its content is on the disk (fsync).

    Raises:
        OSError: it was not possible, or there is a file of that name already.
    """
    with part.open("rb") as file:
        _rename_when_on_disk(file, part, path)


def _rename_when_on_disk(file: BinaryIO, part: Path, path: Path) -> None:
    os.fsync(file.fileno())
    if path.exists():
        raise FileExistsError(path)
    part.rename(path)


def _write_all(file: BinaryIO, sound: bytes) -> None:
    """Write all of ``sound``: one unbuffered write may take only a part, as on a full disk."""
    left = memoryview(sound)
    while left:
        left = left[file.write(left) :]


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + PART)

"""Whole files of anybody's, decoded in a process of their own. Everything here blocks."""

import errno
import math
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sessions_app.audio import count_samples, to_samples
from sessions_app.engines.decoder_process import HEADER_BYTES, command, environment
from sessions_app.errors import DecodeError, EngineError

ANSWER_SECONDS = 60.0
"""How long a second of a file may take; a few milliseconds are usual, and a start 0.2 s."""
MAX_ANSWER_BYTES = 64_000
FILE = "file"
LEAST_BYTES_PER_SECOND = 16
"""Fewest bytes that a second of a file honestly takes: silence has 127 as AAC, 135 as FLAC ..."""
FREE_SECONDS = 3600
"""... and what any file may hold. A megabyte of WAV, one sample a second, would have 11 days."""
SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
"""What says nothing of a file, but of the machine: it may be read another time."""


def decode_file(path: str | Path) -> Iterator[bytes]:
    """Yield the sound of any media file as 16 kHz mono s16le PCM, a second at a time.

    What is damaged in the file is left out. The file is opened when the first block is asked for.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
        EngineError: it takes more time or memory, or has more sound, than one of its size may.
        OSError: the machine has no room to try it; the file may be well.
    """
    with _answers(path) as answers:
        left = to_samples(FREE_SECONDS + Path(path).stat().st_size / LEAST_BYTES_PER_SECOND)
        for kind, content in answers:
            if kind == b"P":
                left -= count_samples(content)
                if left < 0:
                    raise EngineError("This file claims to hold more sound than its size allows.")
                yield content


def duration_seconds(path: str | Path) -> float | None:
    """Return how long a media file says that it is; None: it does not say, as live recordings.

    Raises:
        DecodeError: it cannot be read, or there is no sound in it.
        EngineError: it takes more time, or more memory, than a file of its size may.
        OSError: the machine has no room to try it; the file may be well.
    """
    with _answers(path) as answers:
        _, content = next(answers)
        return float(content) if content else None


@contextmanager
def _answers(path: str | Path) -> Iterator[Iterator[tuple[bytes, bytes]]]:
    """Have a process decode ``path``, and give its answers; it ends with the block."""
    with _opened(path) as file:
        process = subprocess.Popen(
            command(FILE),
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            process_group=0,
        )
    with process:
        try:
            yield _read_all(process.stdout)
        finally:
            process.kill()


def _opened(path: str | Path) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        if error.errno in SHORT:
            raise
        raise DecodeError("This file cannot be read as sound.") from error


def _read_all(source: IO[bytes] | None) -> Iterator[tuple[bytes, bytes]]:
    if source is None:
        raise RuntimeError("a process without standard output answers nothing")
    kind = b""
    while kind != b"L":
        header = _read(source, HEADER_BYTES)
        kind, length = header[:1], int.from_bytes(header[1:], "big")
        if length > MAX_ANSWER_BYTES:
            raise _lost()
        content = _read(source, length)
        if kind == b"X":
            raise DecodeError(content.decode(errors="replace"))
        yield kind, content


def _read(source: IO[bytes], size: int) -> bytes:
    """Return ``size`` bytes, read within ANSWER_SECONDS."""
    deadline = time.monotonic() + ANSWER_SECONDS
    taken = b""
    while len(taken) < size:
        left = max(0.0, deadline - time.monotonic())
        more = os.read(source.fileno(), size - len(taken)) if _is_ready(source, left) else b""
        if not more:
            raise _lost()
        taken += more
    return taken


def _is_ready(source: IO[bytes], seconds: float) -> bool:
    waiting = select.poll()  # not `select`: that takes no descriptor beyond 1,023
    waiting.register(source, select.POLLIN)
    return bool(waiting.poll(math.ceil(seconds * 1000)))


def _lost() -> EngineError:
    return EngineError("This file takes more time or memory to decode than one of its size may.")

"""Whole files from any source, decoded in a separate process. Everything here blocks."""

import errno
import json
import math
import os
import select
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sessions_app.core.audio import count_samples, to_samples
from sessions_app.core.errors import DecodeError, EngineError
from sessions_app.engines.decoding.expansion import seconds_of_file
from sessions_app.engines.decoding.media_facts import Facts, Track
from sessions_app.engines.decoding.process import HEADER_BYTES, command, environment

ANSWER_SECONDS = 60.0
"""How long a second of a file may take; usually a few milliseconds, and 0.2 s to start."""
MAX_ANSWER_BYTES = 64_000
FILE = "file"
SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
"""Errors that say nothing about a file but about the machine: it may be readable later."""


def decode_file(path: str | Path, track: int | None = None) -> Generator[bytes, None, None]:
    """Yield the sound of any media file as 16 kHz mono s16le PCM, a second at a time.

    Damaged parts of the file are left out; gaps in its clock are filled with silence. The file is
    opened when the first block is asked for. ``track`` counts those of sound from 1; None: the
    default track.

    Raises:
        DecodeError: it cannot be read, there is no sound in it, or no such track.
        EngineError: it takes more time or memory, or has more sound, than one of its size may.
        OSError: the machine has no room to try it; the file may be well.
    """
    with _answers(path, track) as answers:
        left = to_samples(seconds_of_file(Path(path).stat().st_size))
        for kind, content in answers:
            if kind == b"P":
                left -= count_samples(content)
                if left < 0:
                    raise EngineError("This file claims to hold more sound than its size allows.")
                yield content


def read_facts(path: str | Path, track: int | None = None) -> Facts:
    """Return what a media file says about its sound.

    Raises:
        DecodeError: it cannot be read, there is no sound in it, or no such track.
        EngineError: it takes more time, or more memory, than a file of its size may.
        OSError: the machine has no room to try it; the file may be well.
    """
    with _answers(path, track) as answers:
        _, content = next(answers)
        facts = json.loads(content)
        return Facts(facts["seconds"], facts["track"], tuple(Track(**t) for t in facts["tracks"]))


@contextmanager
def _answers(path: str | Path, track: int | None) -> Iterator[Iterator[tuple[bytes, bytes]]]:
    """Have a process decode ``path``, and provide its answers; it ends with the block."""
    with _opened(path) as file:
        process = subprocess.Popen(
            command(FILE, *(() if track is None else (str(track),))),
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
    waiting = select.poll()  # not `select`, which accepts no descriptor above 1,023
    waiting.register(source, select.POLLIN)
    return bool(waiting.poll(math.ceil(seconds * 1000)))


def _lost() -> EngineError:
    return EngineError("This file takes more time or memory to decode than one of its size may.")

"""Thirty minutes of a two-hour file through `manage.py transcribe`, as fast as possible."""

import asyncio
import itertools
import json
import os
import re
import sys
import tempfile
import wave
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, sentences
from benches.quality.streams import Stream, stream_of
from benches.quality.tools import Tools
from benches.serving import ROOT
from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE

FILE_SECONDS = 7_200.0
HEARD_SECONDS = 1_800.0
EARLY_SECONDS = 300.0
"""After how many seconds everything that is needed is in memory."""
PAUSES = (0.7, 1.2, 0.9, 2.0, 0.6)
TURN = 8
"""How many sentences one speaker says before the other speaks."""
SILENCE_LIMIT_SECONDS = 120.0
"""How long it may print nothing."""
TIME = re.compile(r"\[(\d+):(\d\d):(\d\d)\] ")
INTERRUPTED = 130


async def measure(tools: Tools) -> list[Measured]:
    """Return its real-time factor and its memory."""
    with tempfile.TemporaryDirectory(prefix="habla-quality-") as directory:
        path = Path(directory) / "two-hours.wav"
        await asyncio.to_thread(_write, path, _conversation())
        process = await _transcribe(path, tools.weights, Path(directory) / "data")
        try:
            return await _watch(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _watch(process: Process) -> list[Measured]:
    began_at, early = monotonic(), float("nan")
    words = 0
    async for at, line in _lines(process):
        words += len(line.split())
        if at >= EARLY_SECONDS and early != early:
            early = _megabytes(process.pid, "VmRSS:")
        if at >= HEARD_SECONDS:
            break
    else:
        raise RuntimeError(f"it ended too early, with exit code {await process.wait()}")
    took, peak = monotonic() - began_at, _megabytes(process.pid, "VmHWM:")
    late = _megabytes(process.pid, "VmRSS:")
    process.terminate()
    async with asyncio.timeout(SILENCE_LIMIT_SECONDS):
        code = await process.wait()
    return [
        Measured(
            "real-time factor, engines' loading included",
            took / HEARD_SECONDS,
            "",
            0.1,
            needs_quiet=True,
        ),
        Measured("words heard", words, "", 200, more_is_better=True),
        Measured("peak memory", peak, "MB", 60),
        Measured(
            f"memory after {HEARD_SECONDS:g} s over that after {EARLY_SECONDS:g} s",
            late - early,
            "MB",
            30,
        ),
        Measured(f"exit code once it is stopped, beside {INTERRUPTED}", code - INTERRUPTED, "", 0),
    ]


async def _lines(process: Process) -> AsyncIterator[tuple[float, str]]:
    if process.stdout is None:
        return
    while True:
        async with asyncio.timeout(SILENCE_LIMIT_SECONDS):
            line = (await process.stdout.readline()).decode()
        if not line:
            return
        if found := TIME.match(line):
            hours, minutes, seconds = map(int, found.groups())
            yield 3_600.0 * hours + 60 * minutes + seconds, line[found.end() :]


async def _transcribe(path: Path, weights: Path, data: Path) -> Process:
    choice = {"BACKEND": "faster-whisper", "OPTIONS": {"model": str(weights)}}
    environment = os.environ | {
        "HABLA_DATA_DIR": str(data),
        "HABLA_TRANSCRIBER": json.dumps(choice),
        "HABLA_TRANSLATOR": "auto",
        "HABLA_LLM_URL": "off",
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "manage.py", "transcribe", str(path)]
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )


def _conversation() -> Iterator[Stream]:
    """Yield turns of two speakers, for ever."""
    spoken = {language: itertools.cycle(sentences(language, 10_000)) for language in VOICES}
    for number in itertools.count():
        language = list(VOICES)[number % len(VOICES)]
        yield stream_of(itertools.islice(spoken[language], TURN), PAUSES, seed=number)


def _write(path: Path, turns: Iterator[Stream]) -> None:
    left = int(FILE_SECONDS * SAMPLE_RATE) * SAMPLE_BYTES
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE)
        while left > 0:
            pcm = next(turns).pcm[:left]
            file.writeframesraw(pcm)
            left -= len(pcm)


def _megabytes(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")

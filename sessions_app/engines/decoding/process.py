"""One process that decodes one live stream, seen from its owner: started, asked, ended."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sessions_app.core.descriptors import is_exhaustion
from sessions_app.core.errors import DecodeError, EngineError
from sessions_app.engines.decoding.starvation import is_starved

logger = logging.getLogger(__name__)

START_SECONDS = 15.0
"""How much longer the first answer may take; usually a fifth of a second."""
ANSWER_SECONDS = 5.0
"""How long one chunk may take, less than a drain does; usually a millisecond."""
MOST_SECONDS = 60.0
"""How long it may take if the machine gives it no processor time: it has low priority."""
LATE_SECONDS = 1.0
"""A wait that ends so much later than it should was held up with this process: the answer may lie
there unread."""
CLOSE_SECONDS = 0.9
"""How long a killed process may take to be gone."""
MAX_ANSWER_BYTES = 64_000
"""The largest answer: two seconds of sound, as the worker splits it."""
MAX_REASON_CHARACTERS = 200
ROOT = Path(__file__).resolve().parents[3]
LOST = "The sound could not be decoded: it took too long, or too much memory."
HEADER_BYTES = 5
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME", "SYSTEMROOT")


class DecoderProcess:
    """A process for one stream; whatever happens to it, no other stream is affected.

    ``ended`` is called once, when it is closed.
    """

    def __init__(self, container: str, ended: Callable[["DecoderProcess"], None]) -> None:
        self._container = container
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._patience = START_SECONDS + ANSWER_SECONDS
        self._header = b""
        self.has_more = False
        """Whether more PCM of what was handed over follows; ``decode(b"")`` returns it."""
        self.silence_samples = 0
        """How much silence, only counted, follows what the last call returned."""

    async def start(self) -> None:
        """Start the process, without waiting until it is ready.

        Raises:
            EngineError: the machine has no room for it.
            OSError: no more files can be opened.
        """
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command(self._container),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment(),
                # not a session of its own: the kernel would divide time between sessions
                # (autogroup), and niceness would only count within one
                process_group=0,
            )
        except OSError as error:
            if is_exhaustion(error):  # reported as what it is
                raise
            raise EngineError("This machine has no room to decode one more stream.") from error

    async def decode(self, chunk: bytes) -> bytes:
        """Take the next chunk; return up to two seconds of 16 kHz mono s16le PCM.

        Raises:
            DecodeError: the stream is broken, or its process was lost; only ``close`` may follow.
        """
        return await self._converse(None if self.has_more else _message(b"D", chunk))

    async def flush(self) -> bytes:
        """Take the stream as ended; return the PCM that was still inside.

        Raises:
            DecodeError: it is broken, or its process was lost.
        """
        return await self._converse(_message(b"E", b""))

    async def close(self) -> None:
        """Kill the process. May be called twice, and in any state."""
        self._kill()
        self._ended(self)
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await process.wait()
        except TimeoutError:
            logger.warning("process %d, a decoder, was killed and is not gone yet", process.pid)

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()

    async def _converse(self, question: bytes | None) -> bytes:
        """Send ``question``, if any, and return the answer; on failure the process is ended."""
        answered = False
        try:
            kind, content = await self._answer_to(question)
            answered = kind in (b"P", b"S", b"L")
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            pid = self._process.pid if self._process else 0
            logger.warning("process %d, a decoder, was lost or ended: %r", pid, error)
            raise DecodeError(LOST) from error
        finally:
            if not answered:
                self._kill()
        if not answered:
            reason = content[:MAX_REASON_CHARACTERS].decode(errors="replace")
            raise DecodeError(reason if kind == b"X" else LOST)
        self.has_more = kind != b"L"
        self._patience = ANSWER_SECONDS
        self.silence_samples = int.from_bytes(content, "big") if kind == b"S" else 0
        return b"" if kind == b"S" else content

    async def _answer_to(self, question: bytes | None) -> tuple[bytes, bytes]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError("it is closed")
        if question is not None:
            process.stdin.write(question)
        give_up_at = time.monotonic() + MOST_SECONDS
        while True:
            due_at = time.monotonic() + self._patience
            try:
                async with asyncio.timeout(self._patience):
                    await process.stdin.drain()
                    return await self._read(process.stdout)
            except TimeoutError:
                late_seconds = time.monotonic() - due_at
                if late_seconds > LATE_SECONDS:
                    give_up_at += late_seconds
                    continue
                has_time = time.monotonic() < give_up_at
                if not (has_time and await is_starved(process.pid)):
                    raise

    async def _read(self, answers: asyncio.StreamReader) -> tuple[bytes, bytes]:
        """Return the next answer; after a cancellation it may be called again."""
        self._header = self._header or await answers.readexactly(HEADER_BYTES)
        length = int.from_bytes(self._header[1:], "big")
        if length > MAX_ANSWER_BYTES:
            raise ValueError("its answer is too large")
        content = await answers.readexactly(length)
        header, self._header = self._header, b""
        return header[:1], content


def command(what: str, *more: str) -> list[str]:
    """Return the command of a process that decodes ``what``: a container's name, or ``file``.

    ``more`` is what else it must know: for a file, the number of the track.
    """
    program = ("-m", "sessions_app.engines.decoding.worker")
    return [sys.executable, *program, str(os.getpid()), what, *more]


def environment() -> dict[str, str]:
    """Return the environment of such a process: without our secrets, and with one heap."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "big") + content

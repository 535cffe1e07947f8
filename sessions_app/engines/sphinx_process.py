"""One worker process of pocketsphinx, from its owner's side: started, asked, ended."""

import asyncio
import json
import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sessions_app.audio import count_samples, to_seconds
from sessions_app.errors import EngineError, EngineUnavailableError

LENGTH = struct.Struct(">I")
START_SECONDS = 30.0
"""Half a second is usual; a machine that swaps may need long."""
END_SECONDS = 5.0
"""How long a killed process may take to be gone."""
PATIENCE_SECONDS = 15.0
PATIENCE_PER_SECOND = 5.0
"""How long an answer may take: so long, and so much more per second of sound (0.1-0.7 is usual)."""
ROOT = Path(__file__).resolve().parents[2]


class WorkerLostError(Exception):
    """The process is gone, or could not be understood; another one may do better."""


class SphinxProcess:
    """A process that is started when it is first asked, and again when it has ended.

    One question at a time. A question that is cancelled ends the process: its answer could be
    taken for the next one's.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process, if none is running, and wait until it is ready.

        Raises:
            EngineUnavailableError: it does not start here.
        """
        if self._process is not None:
            return
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sessions_app.engines.sphinx_worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        try:
            said = await self._converse(None, START_SECONDS)
        except WorkerLostError as error:
            raise _unavailable() from error
        if "error" in said:
            await self.end()
            raise _unavailable() from WorkerLostError(said["error"])

    async def hear(self, pcm: bytes, *, final: bool) -> list[tuple[str, float]]:
        """Return the words in ``pcm`` (16 kHz mono s16le), each with its posterior probability.

        ``final`` takes up to twice the time where there is noise.

        Raises:
            EngineError: it could make nothing of this piece.
            WorkerLostError: the process died, or took too long and was ended.
        """
        await self.start()
        patience = PATIENCE_SECONDS + PATIENCE_PER_SECOND * to_seconds(count_samples(pcm))
        said = await self._converse((b"F" if final else b"P") + pcm, patience)
        if "error" in said:
            raise EngineError("pocketsphinx failed at this piece.") from WorkerLostError(
                said["error"]
            )
        return [(word, posterior) for word, posterior in said["words"]]

    async def end(self) -> None:
        """End the process at once. May be called twice, and before the start."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        async with asyncio.timeout(END_SECONDS):
            await process.wait()

    async def _converse(self, question: bytes | None, patience: float) -> Mapping[str, Any]:
        """Put ``question``, if there is one, and return the answer; else the process has ended."""
        answered = False
        try:
            async with asyncio.timeout(patience):
                answer = await self._exchange(question)
            answered = True
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            raise WorkerLostError("The process of pocketsphinx was lost.") from error
        finally:
            if not answered:
                await self.end()
        return answer

    async def _exchange(self, question: bytes | None) -> Mapping[str, Any]:
        reader, writer = _channels(self._process)
        if question is not None:
            writer.write(LENGTH.pack(len(question)) + question)
            await writer.drain()
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        answer: Mapping[str, Any] = json.loads(await reader.readexactly(length))
        return answer


def _channels(
    process: asyncio.subprocess.Process | None,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if process is None or process.stdout is None or process.stdin is None:
        raise EOFError
    return process.stdout, process.stdin


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    # its sums are small: threads would only get in the way of the other processes
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _unavailable() -> EngineUnavailableError:
    return EngineUnavailableError(
        "pocketsphinx does not start. Install the requirements again "
        "(`pip install -r requirements.txt`), or set HABLA_TRANSCRIBER to another engine."
    )

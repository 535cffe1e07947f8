"""WhisperLiveKit, in a virtual environment of its own: installed, served and stopped."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from benches.quality.cache import UnavailableError, cache
from benches.serving import free_port

VERSION = "0.2.26"
NEEDED_BYTES = 12 * 10**9
"""It installs PyTorch, including everything for graphics cards."""
INSTALL_SECONDS = 2_400.0
START_SECONDS = 240.0
STOP_SECONDS = 10.0
OPTIONS = (
    *("--backend", "faster-whisper", "--backend-policy", "localagreement"),
    *("--pcm-input", "--warmup-file", ""),
)
"""The policy that can use the same weights; the other needs those of PyTorch."""


def installed() -> Path:
    """Return the directory of its programs, installed if need be. Blocks.

    Raises:
        UnavailableError: it cannot be installed here.
    """
    venv = cache() / "peer" / VERSION
    done = venv / ".installed"
    if done.exists():
        return venv / "bin"
    if shutil.disk_usage(cache()).free < NEEDED_BYTES:
        raise UnavailableError(f"it needs {NEEDED_BYTES // 10**9} GB of disk.")
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip += ["--no-cache-dir", "--disable-pip-version-check", f"whisperlivekit=={VERSION}"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(venv)], pip):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        except subprocess.SubprocessError as error:
            shutil.rmtree(venv, ignore_errors=True)
            raise UnavailableError("it cannot be installed: no index, or no build.") from error
    done.touch()
    return venv / "bin"


@contextlib.asynccontextmanager
async def serving(weights: Path, language: str) -> AsyncIterator[int]:
    """Serve it with ``weights``; yield its port.

    Raises:
        UnavailableError: it cannot be installed, or does not start.
    """
    programs = await asyncio.to_thread(installed)
    port = free_port()
    command = [str(programs / "whisperlivekit-server"), "--host", "127.0.0.1", "--port", str(port)]
    command += [*OPTIONS, "--model_dir", str(weights), "--lan", language]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_it_listens(process, port)
        yield port
    finally:
        await _stop(process)


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.5)
    raise UnavailableError("it does not start here.")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()

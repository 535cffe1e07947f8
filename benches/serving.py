"""Server processes to measure, each on one core: Habla as it is served, and the baseline."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benches.engines import PROBE_VARIABLE

CORES = sorted(os.sched_getaffinity(0))
"""The cores that this process may use before it restricts itself to one."""
ROOT = Path(__file__).resolve().parent.parent
THREADS_VARIABLE = "HABLA_BENCH_DETECTOR_THREADS"
PROBE = "probe"
START_SECONDS = 40.0
STOP_SECONDS = 25.0
FAKES = {
    "HABLA_TRANSCRIBER": "benches.engines.InstantTranscriber",
    "HABLA_TRANSLATOR": "fake",
    "HABLA_DETECTOR": "fake",
}
"""Engines that take no time."""


SESSION_FIELD, CPU_FIELDS = 3, slice(11, 13)
"""Of /proc/PID/stat behind the name: the session, and user and system time (man 5 proc)."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: asyncio.subprocess.Process
    port: int
    directory: Path
    """Its data directory."""

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self.process.pid

    @property
    def probe(self) -> Path:
        """Return the file in which its detector records what it has judged."""
        return self.directory / PROBE

    @property
    def database(self) -> Path:
        """Return where its database is."""
        return self.directory / "habla.sqlite3"

    @property
    def resident_megabytes(self) -> float:
        """Return the memory it holds, in MB."""
        return self._megabytes("VmRSS:")

    @property
    def peak_megabytes(self) -> float:
        """Return the most memory that it has held since ``forget_peak``, in MB."""
        return self._megabytes("VmHWM:")

    def forget_peak(self) -> None:
        """Reset the peak to what it holds now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def _megabytes(self, field: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        return float("nan")

    @property
    def cpu_seconds(self) -> float:
        """Return what it and its children have used so far, on whatever core."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[SESSION_FIELD]) == self.pid:
                    ticks += sum(map(int, fields[CPU_FIELDS]))
        return ticks / os.sysconf("SC_CLK_TCK")


def core_busy_seconds() -> float:
    """Return how long the servers' core has been busy since the machine started."""
    for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{CORES[0]}":
            user, nice, system, _idle, _waiting, interrupt, soft_interrupt, *_ = map(int, ticks)
            busy = user + nice + system + interrupt + soft_interrupt
            return busy / os.sysconf("SC_CLK_TCK")
    return float("nan")


def keep_to_second_core() -> None:
    """Leave the first core to the servers, where there are two."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, set(CORES[1:]))


@contextlib.asynccontextmanager
async def habla(
    settings: Mapping[str, str], ready_path: str = "/readyz", cores: Sequence[int] = CORES[:1]
) -> AsyncIterator[Server]:
    """Serve Habla on the first core, or on ``cores``, in a data directory of its own.

    Ready is when ``ready_path`` answers 200.
    """
    with tempfile.TemporaryDirectory(prefix="habla-bench-") as directory:
        environment = _environment(Path(directory)) | dict(settings)
        environment |= {"HABLA_DATA_DIR": directory, "LOG_LEVEL": "WARNING"}
        await _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], environment)
        port = free_port()
        command = [sys.executable, "manage.py", "serve", "--port", str(port), "--no-console"]
        async with _process(
            command, environment, port, Path(directory), ready_path, cores
        ) as server:
            yield server


@contextlib.asynccontextmanager
async def baseline(detector_threads: int = 0) -> AsyncIterator[Server]:
    """Serve the baseline on the first core; its detector has that many threads, 0: the default.

    By default onnxruntime makes a thread for each core of the machine and pins it there.
    """
    with tempfile.TemporaryDirectory(prefix="habla-bench-") as directory:
        port = free_port()
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port)]
        command += ["-v", "0", "benches.baseline:application"]
        environment = _environment(Path(directory)) | {THREADS_VARIABLE: str(detector_threads)}
        async with _process(command, environment, port, Path(directory), None) as server:
            yield server


def _environment(directory: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "HABLA_MAX_SESSIONS": "2000",
        "HABLA_REHEARSAL_SECONDS": "0",
        PROBE_VARIABLE: str(directory / PROBE),
    }


async def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment)
    async with asyncio.timeout(START_SECONDS):
        if await process.wait() != 0:
            raise RuntimeError(f"{command[1]} {command[2]} failed")


@contextlib.asynccontextmanager
async def _process(
    command: Sequence[str],
    environment: Mapping[str, str],
    port: int,
    directory: Path,
    ready_path: str | None,
    cores: Sequence[int] = CORES[:1],
) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", ",".join(map(str, cores)), *command),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _until_ready(process, port, ready_path)
        yield Server(process, port, directory)
    finally:
        await _stop(process)


async def _until_ready(
    process: asyncio.subprocess.Process, port: int, ready_path: str | None
) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            with contextlib.suppress(OSError, httpx.TransportError):
                if await _is_ready(port, ready_path):
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError("the server ended before it was ready")


async def _is_ready(port: int, ready_path: str | None) -> bool:
    if ready_path is None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{ready_path}")
    return answer.status_code == httpx.codes.OK


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

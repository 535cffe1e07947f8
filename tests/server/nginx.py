"""A real nginx, in a directory of its own, with the configuration from docs/operations.md."""

import asyncio
import os
import re
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
START_SECONDS = 20.0
AROUND = """
{user}
worker_processes 2;
daemon off;
pid nginx.pid;
error_log error.log info;
events {{ worker_connections 256; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {blocks}
}}
"""
"""What a distribution's nginx.conf contains."""


def documented(holding: str) -> str:
    """Return the block of docs/operations.md that holds a word."""
    page = (ROOT / "docs" / "operations.md").read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (block,) = (each for each in blocks if holding in each)
    return str(block)


@asynccontextmanager
async def nginx(directory: Path, blocks: str, port: int) -> AsyncIterator[Path]:
    """Run nginx with ``blocks`` in its http block; yield its log, when it listens on ``port``."""
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(AROUND.format(user=user, blocks=blocks))
    arguments = ["-p", f"{directory}/", "-c", "nginx.conf", "-e", "error.log"]
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), *arguments, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _listens(port):
                assert process.returncode is None, (directory / "error.log").read_text()
        yield directory / "error.log"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)  # at once, including its workers
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def certificate(directory: Path) -> tuple[Path, Path]:
    """Create a certificate for ``localhost`` and its key; return their paths."""
    paths = directory / "habla.pem", directory / "habla.key"
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *(
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ),
        *("-out", str(paths[0]), "-keyout", str(paths[1])),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    assert await process.wait() == 0
    return paths

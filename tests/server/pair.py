"""Two real servers on one database, and REST requests to them."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import Running, running
from tests.server.visitor import Visitor
from tests.sounds import say, silence

TALK = say("hola mundo") + silence(6)


@asynccontextmanager
async def pair(
    tmp_path: Path, *, is_shared: bool = True, **choices: str
) -> AsyncIterator[tuple[Running, Running]]:
    """Serve twice, with a data directory each; wait until both are known.

    ``is_shared``: whether recordings lie in one directory.
    """
    recordings = tmp_path / "recordings"
    recordings.mkdir(exist_ok=True)
    async with AsyncExitStack() as servers:
        both = []
        for name in ("one", "other"):
            data_dir = tmp_path / name
            data_dir.mkdir(exist_ok=True)
            if is_shared and not (data_dir / "recordings").exists():
                (data_dir / "recordings").symlink_to(recordings, target_is_directory=True)
            server = running(data_dir, **choices)  # type: ignore[arg-type]
            both.append(await servers.enter_async_context(server))
        one, other = both
        async with asyncio.timeout(10):
            while len((await status(other))["servers"]) < len(both):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield one, other


async def ask(server: Running, method: str, path: str, **fields: Any) -> Any:
    """Return the JSON answer of a REST route."""
    code, body = await answer(server, method, path, **fields)
    if code >= HTTPStatus.BAD_REQUEST:
        pytest.fail(f"{server.address}{path}: {code} {body.decode()}")
    return json.loads(body)


async def answer(server: Running, method: str, path: str, **fields: Any) -> tuple[int, bytes]:
    """Return the status and the JSON answer of a REST route."""
    address = f"{server.address}/api{path}"
    return await asyncio.to_thread(_answer, address, method, fields, server.key)


def _answer(address: str, method: str, fields: dict[str, Any], key: str) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    body = json.dumps(fields).encode() if method == "POST" else None
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    asked = urllib.request.Request(address, body, headers, method=method)
    try:
        with opener.open(asked, timeout=15) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


async def status(server: Running) -> Any:
    return await ask(server, "GET", "/status")


async def state(server: Running, session_id: str) -> str:
    return str((await ask(server, "GET", f"/sessions/{session_id}"))["state"])


def id_of(guest: Visitor) -> str:
    return str(guest.told("ready")[0]["session_id"])


async def record(guest: Visitor) -> str:
    await guest.listen(TALK)
    await guest.say("stop_listening")
    await guest.until("listening_stopped")
    return str(guest.told("listening_started")[-1]["recording"])


def logged(what: str, *servers: Running) -> int:
    """Return how often the servers together logged something."""
    return sum(server.log.count(what) for server in servers)

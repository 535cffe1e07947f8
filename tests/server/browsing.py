"""A browser tab without the browser: it keeps cookies, and sends forms as pages do."""

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.patience import PATIENCE_SECONDS
from tests.server.running import ROOT, environment, manage
from tests.server.visitor import Visitor

PASSWORD = "correct horse battery"


async def make_users(data_dir: Path, *names: str, password: str = PASSWORD) -> None:
    """Create superusers in the database of a data directory, by a process of its own."""
    script = (
        "from django.contrib.auth.hashers import make_password\n"
        "from django.contrib.auth.models import User\n"
        f"password = make_password({password!r})\n"
        f"for name in {names!r}:\n"
        "    User.objects.create_superuser(name)\n"
        "User.objects.update(password=password)\n"
    )
    code, output = await manage("shell", "-c", script, env=environment(data_dir))
    assert code == 0, output


async def change_password(data_dir: Path, name: str, *passwords: str) -> tuple[int, str]:
    """Run `manage.py changepassword`, which asks for a password; return exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",  # by itself it would ask a terminal
        "manage.py",
        "changepassword",
        name,
        cwd=ROOT,
        env=environment(data_dir),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said = "".join(f"{password}\n{password}\n" for password in passwords)
    async with asyncio.timeout(60):
        output, _ = await process.communicate(said.encode())
    return process.returncode or 0, output.decode()


def rows(data_dir: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the result of a query on the SQLite database of a data directory."""
    with closing(sqlite3.connect(os.fspath(data_dir / "habla.sqlite3"))) as database:
        return database.execute(query).fetchall()


class Tab:
    """Visits one server."""

    def __init__(self, address: str, client: httpx.AsyncClient) -> None:
        self.address = address
        self.client = client

    @property
    def cookies(self) -> str:
        """Return the Cookie header for a WebSocket."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies.jar)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def send(self, path: str, page: str = "", **fields: str) -> httpx.Response:
        """Send the form that is on ``page``, or on ``path`` itself."""
        html = (await self.client.get(page or path)).text
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
        token = found[1] if found else ""
        return await self.client.post(path, data={**fields, "csrfmiddlewaretoken": token})

    async def log_in(
        self, name: str, password: str = PASSWORD, path: str = "/login/"
    ) -> httpx.Response:
        return await self.send(path, username=name, password=password)

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[Visitor]:
        """Open the WebSocket with this tab's cookies; wait for ``ready``."""
        url = f"{self.address.replace('http', 'ws')}/ws/session/"
        async with connect(url, proxy=None, additional_headers={"Cookie": self.cookies}) as socket:
            guest = Visitor(socket)
            await guest.until("ready")
            yield guest


@asynccontextmanager
async def tab(address: str, **headers: str) -> AsyncIterator[Tab]:
    """Open a tab at a server's address; ``headers`` go with each request."""
    async with httpx.AsyncClient(
        base_url=address, trust_env=False, timeout=PATIENCE_SECONDS, headers=headers
    ) as client:
        yield Tab(address, client)

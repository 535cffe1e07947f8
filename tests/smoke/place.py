"""The server that is walked through, as a stranger reaches it: by HTTP, WebSocket and commands."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from subprocess import DEVNULL, PIPE, STDOUT
from typing import Any
from urllib.parse import urljoin

import httpx
from websockets.asyncio.client import connect

from tests.patience import PATIENCE_SECONDS
from tests.server.visitor import Visitor

CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class SmokeError(Exception):
    """Something does not work as it must; the message says what."""


class NotTriedError(Exception):
    """A step cannot be taken here; the message says why."""


@dataclass(slots=True)
class Place:
    """Where a server is, and who asks there.

    ``address`` ends with a slash: that of the page. ``key`` is the owner's, where one is needed.
    ``command`` begins each management command at the server: ``docker compose exec habla habla``.
    """

    address: str
    key: str = ""
    command: Sequence[str] = ()
    env: Mapping[str, str] | None = None
    """The environment of the commands; None: this one's."""
    directory: str | None = None
    """Where they run."""
    is_trusted: bool = False
    """Whether its certificate is taken as it is."""
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.address = self.address.rstrip("/") + "/"
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self.http = httpx.AsyncClient(
            headers=headers,
            verify=not self.is_trusted,
            trust_env=False,
            timeout=PATIENCE_SECONDS,
            follow_redirects=True,
        )

    async def log_in(self, user: str, password: str) -> None:
        """Log in by the page's own form.

        Raises:
            SmokeError: the login was refused.
        """
        address = urljoin(self.address, "login/")
        found = CSRF_FIELD.search((await self.http.get(address)).text)
        if found is None:
            raise SmokeError(f"{address} shows no login")
        fields = {"username": user, "password": password, "csrfmiddlewaretoken": found[1]}
        answer = await self.http.post(address, data=fields, headers={"Referer": address})
        if "sessionid" not in self.http.cookies and answer.status_code != httpx.codes.OK:
            raise SmokeError(f"the login of {user} was answered with {answer.status_code}")

    async def get(self, path: str) -> httpx.Response:
        """Get what is at a path below the address.

        Raises:
            SmokeError: it is not answered with 200.
        """
        address = urljoin(self.address, path)
        try:
            answer = await self.http.get(address)
        except httpx.HTTPError as error:
            raise SmokeError(f"{address} does not answer: {error}") from error
        if answer.status_code != httpx.codes.OK:
            raise SmokeError(f"{address} answers with {answer.status_code}")
        return answer

    async def json(self, path: str) -> Any:
        """Get JSON that is at a path.

        Raises:
            SmokeError: it is not answered with 200.
        """
        return (await self.get(path)).json()

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Visitor]:
        """Connect to a session, as a page does; wait until it is ready."""
        headers = {"Origin": self.address.split("//")[0] + "//" + self.address.split("/")[2]}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if cookies := "; ".join(f"{c.name}={c.value}" for c in self.http.cookies.jar):
            headers["Cookie"] = cookies
        address = urljoin(self.address, "ws/session/?direction=auto")
        tls = None
        if address.startswith("https"):
            tls = ssl.create_default_context()
            if self.is_trusted:
                tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        async with connect(
            address.replace("http", "ws", 1), additional_headers=headers, ssl=tls, proxy=None
        ) as socket:
            visitor = Visitor(socket)
            await visitor.until("ready")
            yield visitor

    async def run(self, *arguments: str) -> str:
        """Run a management command at the server; return what it prints.

        Raises:
            SmokeError: it fails.
        """
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *arguments,
            cwd=self.directory,
            env=self.env,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            said, _ = await process.communicate()
        if process.returncode:
            raise SmokeError(f"`{arguments[0]}` ended with {process.returncode}: {said.decode()}")
        return said.decode()

    async def session_ids(self) -> set[str]:
        """Return which sessions live at the server."""
        return {one["id"] for one in (await self.json("api/status"))["sessions"]}

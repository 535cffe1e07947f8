"""nginx in front of two processes, configured as in docs/operations.md: nothing said is lost."""

import asyncio
import json
import shutil
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.patience import PATIENCE_SECONDS
from tests.server.nginx import PROGRAM, certificate, documented, free_port, nginx
from tests.server.postgres import find_program
from tests.server.redis import Redis
from tests.server.running import Running, environment, manage, running
from tests.sounds import say, silence

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed"),
    pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="Redis is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]
NAME, PASSWORD = "ana", "la contraseña de Ana 7"
MAKE_USER = (
    "from django.contrib.auth.models import User;"
    f"User.objects.create_user({NAME!r}, password={PASSWORD!r})"
)
SPEAKERS = 6
SOUND = say("hola mundo") + silence(1)


@dataclass
class Front:
    """The proxy in front of the processes, and a user's login there."""

    origin: str
    tls: ssl.SSLContext
    browser: httpx.AsyncClient

    @property
    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{each.name}={each.value}" for each in self.browser.cookies.jar)
        return {"Cookie": cookies, "Origin": self.origin}

    async def log_in(self) -> None:
        page = await self.browser.get("/login/")
        assert page.status_code == 200
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        fields = {"username": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token}
        said = await self.browser.post("/login/", data=fields, headers={"Origin": self.origin})
        assert said.status_code == 302, said.text

    async def ask(self, method: str, path: str) -> httpx.Response:
        csrf = next(each.value for each in self.browser.cookies.jar if "csrf" in each.name)
        headers = {"Origin": self.origin, "X-CSRFToken": str(csrf)}
        return await self.browser.request(method, f"/api{path}", headers=headers)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[ClientConnection]:
        where = f"{self.origin.replace('https', 'wss')}/ws/session/"
        async with connect(
            where, ssl=self.tls, additional_headers=self.headers, proxy=None
        ) as socket:
            await until(socket, "ready")
            yield socket


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (message := json.loads(await socket.recv()))["type"] != kind:
            pass
        return dict(message)


@dataclass
class Speaker:
    """Says numbered words, one after another, and reconnects when its connection ends."""

    front: Front
    name: str
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    come_back: int = 0
    is_over: bool = False

    async def run(self) -> None:
        while not self.is_over:
            try:
                async with self.front.socket() as socket:
                    while not self.is_over:
                        await self._say(socket)
            except ConnectionClosed:
                self.come_back += 1

    async def _say(self, socket: ClientConnection) -> None:
        words = f"{self.name} {len(self.said)}"
        await socket.send(json.dumps({"type": "text_input", "text": words}))
        self.said.append(words)
        self.heard.append((await until(socket, "translation"))["source"])


@asynccontextmanager
async def fronted(
    tmp_path: Path, ports: tuple[int, int], **instead_of: str
) -> AsyncIterator[Front]:
    """Run nginx as documented, except for ports, paths and what ``instead_of`` names."""
    directory, port = tmp_path / "nginx", free_port()
    directory.mkdir()
    pem, key = await certificate(directory)
    blocks = documented("upstream habla_sound")
    for what, instead in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "127.0.0.1:8001": f"127.0.0.1:{ports[0]}",
        "127.0.0.1:8002": f"127.0.0.1:{ports[1]}",
        "/etc/ssl/habla.pem": str(pem),
        "/etc/ssl/habla.key": str(key),
        **instead_of,
    }.items():
        assert what in blocks
        blocks = blocks.replace(what, instead)
    tls = ssl.create_default_context(cafile=str(pem))
    origin = f"https://localhost:{port}"
    async with (
        nginx(directory, blocks, port),
        httpx.AsyncClient(base_url=origin, verify=tls, trust_env=False, timeout=20) as browser,
    ):
        yield Front(origin, tls, browser)


@pytest.fixture
def told(database: str, broker: Redis) -> dict[str, str]:
    """Return the environment of both processes as documented."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": broker.url,
        "SECRET_KEY": "common to both, and long enough for Django's taste: 0123456789",
        "HABLA_OWNER": "off",
        "ALLOWED_HOSTS": "localhost",
        "COOKIES_SECURE": "on",
        "HABLA_TRUSTED_PROXIES": "127.0.0.1",
    }


async def test_what_is_said_through_nginx_is_kept_whoever_quits_or_is_killed(
    told: dict[str, str], tmp_path: Path
) -> None:
    ports = free_port(), free_port()
    dirs = tmp_path / "one", tmp_path / "other"
    for each in dirs:
        each.mkdir()
    await manage("shell", "--verbosity=0", "-c", MAKE_USER, env=environment(dirs[0], **told))
    async with fronted(tmp_path, ports) as front:
        env = told | {"CSRF_TRUSTED_ORIGINS": front.origin}

        def served(which: int) -> Any:
            return running(dirs[which], port=ports[which], **env)  # type: ignore[arg-type]

        async with served(0) as one, served(1) as other, asyncio.TaskGroup() as talking:
            await front.log_in()
            recording = await record(front)
            speakers = [Speaker(front, f"{NAME} {number}") for number in range(SPEAKERS)]
            tasks = [talking.create_task(speaker.run()) for speaker in speakers]
            await all_go_on(speakers)
            shared = [await live(front, server) for server in (one, other)]
            assert (sum(shared), min(shared) > 1) == (SPEAKERS, True)
            one.signal()
            assert await one.ended() == 0
            await all_go_on(speakers)
            assert await live(front, other) == SPEAKERS
            assert sum(speaker.come_back for speaker in speakers) == shared[0]
            async with served(0) as again:
                for _ in range(6):
                    sound = await front.ask("GET", f"/recordings/{recording}/audio")
                    assert (sound.status_code, sound.content[44:]) == (200, SOUND)
                await other.kill()
                await all_go_on(speakers)
                assert await live(front, again) == SPEAKERS
                for speaker in speakers:
                    speaker.is_over = True
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.wait(tasks)
                await kept_is_what_was_heard(front, speakers)
                assert (await front.ask("DELETE", f"/recordings/{recording}")).status_code == 204
                assert (await front.browser.get("/readyz")).status_code == 200
                again.signal()
                assert await again.ended() == 0


@pytest.mark.long
async def test_one_that_is_frozen_keeps_nobody_waiting_for_long(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    dirs = tmp_path / "one", tmp_path / "other"
    env = {"HABLA_OWNER": "off", "ALLOWED_HOSTS": "localhost", "HABLA_TRUSTED_PROXIES": "127.0.0.1"}
    for each in dirs:
        each.mkdir()
        await manage("migrate", "--verbosity=0", env=environment(each))
    sooner = {"proxy_read_timeout 30s": "proxy_read_timeout 5s"}  # the test is over before any ping
    async with fronted(tmp_path, ports, **sooner) as front:
        env |= {"CSRF_TRUSTED_ORIGINS": front.origin}
        async with (
            running(dirs[0], port=ports[0], has_engines=False, **env),  # type: ignore[arg-type]
            running(dirs[1], port=ports[1], has_engines=False, **env) as other,  # type: ignore[arg-type]
        ):
            other.signal(signal.SIGSTOP)
            try:
                assert await asyncio.gather(*(refused(front) for _ in range(4))) == [4401] * 4
                began = asyncio.get_running_loop().time()
                assert await refused(front) == 4401
                assert asyncio.get_running_loop().time() - began < 5
            finally:
                other.signal(signal.SIGCONT)


async def refused(front: Front) -> int | None:
    """Connect without a login; return the close code."""
    where = f"{front.origin.replace('https', 'wss')}/ws/session/"
    headers = {"Origin": front.origin}
    async with connect(
        where, ssl=front.tls, additional_headers=headers, proxy=None, open_timeout=PATIENCE_SECONDS
    ) as socket:
        await socket.wait_closed()
        return socket.close_code


async def record(front: Front) -> str:
    """Say something that is recorded; return the recording's id."""
    async with front.socket() as socket:
        await socket.send(json.dumps({"type": "start_listening", "encoding": "pcm-s16le"}))
        recording = (await until(socket, "listening_started"))["recording"]
        for start in range(0, len(SOUND), 3200):
            await socket.send(SOUND[start : start + 3200])
        await socket.send(json.dumps({"type": "stop_listening"}))
        await until(socket, "listening_stopped")
        return str(recording)


async def all_go_on(speakers: list[Speaker]) -> None:
    """Wait until everybody has got two more results."""
    wanted = [len(speaker.heard) + 2 for speaker in speakers]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(len(s.heard) < most for s, most in zip(speakers, wanted, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def live(front: Front, server: Running) -> int:
    status = (await front.ask("GET", "/status")).json()
    rows = [row for row in status["servers"] if row["boot"] == server.boot]
    return sum(len(row["sessions"]) for row in rows)


async def kept_is_what_was_heard(front: Front, speakers: list[Speaker]) -> None:
    kept: list[str] = []
    for session in await items(front, "/sessions"):
        kept += [
            one["source"] for one in await items(front, f"/sessions/{session['id']}/exchanges")
        ]
    heard = [words for speaker in speakers for words in speaker.heard]
    assert len(heard) == len(set(heard))
    said = {words for speaker in speakers for words in speaker.said}
    assert all(len(one.said) - len(one.heard) <= one.come_back for one in speakers)
    assert set(heard) - set(kept) == set()
    assert set(kept) - said == {"hola mundo"}
    assert len(kept) == len(set(kept))


async def items(front: Front, path: str) -> list[dict[str, Any]]:
    answer = (await front.ask("GET", f"{path}?limit=500")).json()
    assert answer["count"] == len(answer["items"])
    return list(answer["items"])

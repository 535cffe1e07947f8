"""The proxies of docs/operations.md in front of a server, as they stand there."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.patience import PATIENCE_SECONDS
from tests.server.browsing import Tab
from tests.server.nginx import PROGRAM as NGINX
from tests.server.nginx import certificate, documented, free_port, nginx
from tests.server.proxies import CADDY, in_front
from tests.server.running import running
from tests.server.visitor import Visitor
from tests.sounds import say, silence

CADDY_AROUND = """
{
    admin off
    skip_install_trust
    auto_https disable_redirects
}
"""
"""What the test says besides: Caddy shall change nothing on this machine."""
Front = Callable[[Path, int, int], AbstractAsyncContextManager[Path]]


@asynccontextmanager
async def caddy(directory: Path, port: int, behind: int) -> AsyncIterator[Path]:
    """Run Caddy as documented on ``port``; yield the certificate that is to be trusted."""
    block = documented("tls internal").replace("house.local", f"localhost:{port}")
    text = CADDY_AROUND + block.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")

    def build(place: Path, *_: object) -> list[str]:
        (place / "Caddyfile").write_text(text)
        home = [f"{name}={place}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
        run = [str(CADDY), "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"]
        return ["env", *home, *run]

    with in_front(build, directory, behind, is_another=False, port=port):
        yield directory / "caddy" / "pki" / "authorities" / "local" / "root.crt"


@asynccontextmanager
async def documented_nginx(directory: Path, port: int, behind: int) -> AsyncIterator[Path]:
    """Run nginx as documented on ``port``; yield the certificate that is to be trusted."""
    shown, key = await certificate(directory)
    block = documented("proxy_pass http://127.0.0.1:8000;")
    for before, after in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("habla.example.org", "localhost"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("Host $host;", "Host $http_host;"),  # with the port, which is not 443 here
        ("/etc/ssl/habla.pem", str(shown)),
        ("/etc/ssl/habla.key", str(key)),
    ):
        assert before in block
        block = block.replace(before, after)
    async with nginx(directory, block, port):
        yield shown


@pytest.mark.parametrize(
    "front",
    [
        pytest.param(caddy, marks=pytest.mark.skipif(CADDY is None, reason="no caddy")),
        pytest.param(documented_nginx, marks=pytest.mark.skipif(NGINX is None, reason="no nginx")),
    ],
)
async def test_behind_a_documented_proxy_one_logs_in_and_speaks(
    peopled_dir: Path, tmp_path: Path, front: Front
) -> None:
    port = free_port()
    origin = f"https://localhost:{port}"
    told: dict[str, Any] = {
        "HABLA_OWNER": "off",
        "ALLOWED_HOSTS": "localhost",
        "CSRF_TRUSTED_ORIGINS": origin,
        "COOKIES_SECURE": "on",
        "HABLA_TRUSTED_PROXIES": "127.0.0.1",
    }
    (tmp_path / "proxy").mkdir()
    async with running(peopled_dir, **told) as server:
        behind = int(server.address.rpartition(":")[2])
        async with front(tmp_path / "proxy", port, behind) as authority:
            context = ssl.create_default_context(cafile=authority)
            async with httpx.AsyncClient(
                base_url=origin,
                verify=context,
                trust_env=False,
                timeout=PATIENCE_SECONDS,
                headers={"Origin": origin},
            ) as client:
                assert f'href="{origin}/"' in (await client.get("/phone/")).text
                tab = Tab(origin, client)
                assert (await tab.log_in("eva")).status_code == 302
                headers = {"Cookie": tab.cookies, "Origin": origin}
                address = f"wss://localhost:{port}/ws/session/"
                async with connect(
                    address, ssl=context, proxy=None, additional_headers=headers
                ) as wss:
                    guest = Visitor(wss)
                    await guest.until("ready")
                    await guest.listen(say("hola mundo") + silence(1))
                    assert (await guest.until("translation"))["translated"] == "hello world"

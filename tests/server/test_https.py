"""Https that ends in the serving process: who trusts it, who does not, and who is the owner."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from sessions_app.config.addresses import own_addresses
from sessions_app.core.certificates.authority import Authority, make_authority
from sessions_app.core.certificates.own import AUTHORITY, DIRECTORY
from tests.server.browsing import Tab
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor
from tests.sounds import say, silence

GUIDE = "On a phone open "
HTTPS = ("--https", "--plain-port=0", "--host=0.0.0.0")


def trusting(data_dir: Path) -> ssl.SSLContext:
    """Return how a device connects that trusts the authority of ``data_dir``."""
    return ssl.create_default_context(cafile=data_dir / DIRECTORY / AUTHORITY)


def ports(server: Running) -> tuple[int, int]:
    """Return the port for https, and the one that redirects."""
    guide = next(line for line in server.said if line.startswith(GUIDE))
    https_port = urlsplit(server.address).port
    plain_port = urlsplit(guide.removeprefix(GUIDE)).port
    assert https_port is not None
    assert plain_port is not None
    return https_port, plain_port


async def line_of(server: Running, text: str) -> str:
    """Return the line with ``text`` that the server has said, or says now."""
    said = [line for line in server.said if text in line]
    return said[0] if said else await server.until_said(text)


@asynccontextmanager
async def serving(data_dir: Path, *, has_console: bool = False) -> AsyncIterator[Running]:
    async with running(data_dir, options=HTTPS, has_console=has_console) as server:
        await line_of(server, GUIDE)
        yield server


async def test_who_trusts_the_authority_speaks_and_who_does_not_is_led_there(
    data_dir: Path,
) -> None:
    async with serving(data_dir) as server:
        https_port, plain_port = ports(server)
        at_home = f"https://127.0.0.1:{https_port}"
        context = trusting(data_dir)
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=60) as client:
            await it_is_the_owner_only_on_this_machine(client, https_port, context)
            await a_page_without_https_opens_no_socket(https_port, context)
            await the_plain_port_redirects(client, https_port, plain_port)
            await cookies_are_for_https_only(client, at_home)
        async with connect(f"wss://127.0.0.1:{https_port}/ws/session/", ssl=context) as wss:
            guest = Visitor(wss)
            await guest.until("ready")
            await guest.listen(say("hola mundo") + silence(1))
            assert (await guest.until("translation"))["translated"] == "hello world"
            before = server.log
            with pytest.raises(ssl.SSLCertVerificationError):
                await connect(f"wss://127.0.0.1:{https_port}/ws/session/", ssl=True)
            async with httpx.AsyncClient(trust_env=False, timeout=60) as stranger:
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await stranger.get(at_home)
            assert server.log == before
            server.signal()
            await guest.until("going_away")
        assert await server.ended() == 0
        for port in (https_port, plain_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)


async def it_is_the_owner_only_on_this_machine(
    client: httpx.AsyncClient, port: int, context: ssl.SSLContext
) -> None:
    """An address of the network is never the owner's, even from a process of the owner's."""
    assert (await client.get(f"https://localhost:{port}/api/status")).status_code == HTTPStatus.OK
    for address in own_addresses(with_ipv6=False):
        there = f"https://{address}:{port}"
        for host in (f"{address}:{port}", f"localhost:{port}"):
            answer = await client.get(f"{there}/api/status", headers={"Host": host})
            assert (host, answer.status_code) == (host, HTTPStatus.UNAUTHORIZED)
        async with connect(f"wss://{address}:{port}/ws/session/", ssl=context) as wss:
            with pytest.raises(ConnectionClosed):
                await Visitor(wss).until("ready")
            assert wss.close_code == 4401


async def a_page_without_https_opens_no_socket(port: int, context: ssl.SSLContext) -> None:
    """Anybody on the way could have made it."""
    origin = {"Origin": f"http://127.0.0.1:{port}"}
    address = f"wss://127.0.0.1:{port}/ws/session/"
    async with connect(address, ssl=context, additional_headers=origin) as wss:
        with pytest.raises(ConnectionClosed):
            await Visitor(wss).until("ready")
        assert wss.close_code == 4403


async def the_plain_port_redirects(
    client: httpx.AsyncClient, https_port: int, plain_port: int
) -> None:
    plain = f"http://127.0.0.1:{plain_port}"
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, f"{plain}/history/?q=uno%20dos")
        assert answer.status_code == HTTPStatus.TEMPORARY_REDIRECT
        there = f"https://127.0.0.1:{https_port}/history/?q=uno%20dos"
        assert (answer.headers["Location"], answer.cookies) == (there, httpx.Cookies())
    foreign = await client.get(f"{plain}/", headers={"Host": "evil.example"})
    assert foreign.status_code == HTTPStatus.BAD_REQUEST
    assert (await client.get(f"{plain}/healthz")).text == "ok\n"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    answer = await client.get(f"{plain}/ws/session/", headers=upgrade)
    there = f"wss://127.0.0.1:{https_port}/ws/session/"
    assert (answer.status_code, answer.headers["Location"]) == (307, there)


async def cookies_are_for_https_only(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.get(f"{address}/login/")
    cookies = answer.headers.get_list("Set-Cookie")
    assert cookies
    assert [one for one in cookies if not one.startswith("__Host-") or "; Secure" not in one] == []
    assert "Strict-Transport-Security" not in answer.headers  # the authority is the house's own


def write(pair: Path, authority: Authority, days_ago: int) -> None:
    """Write a certificate into the file that the settings name."""
    issued = authority.issue(["localhost"], datetime.now(UTC) - timedelta(days=days_ago))
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair.write_bytes(key + issued.chain[0].public_bytes(Encoding.PEM))


async def test_a_certificate_of_the_settings_is_replaced_without_ending_a_connection(
    data_dir: Path, tmp_path: Path
) -> None:
    authority = make_authority("elsewhere", ["localhost"], datetime.now(UTC))
    pair = tmp_path / "pair.pem"
    write(pair, authority, days_ago=0)
    context = ssl.create_default_context(cadata=authority.pem.decode())
    options = ("--https", "--plain-port=0")
    async with running(
        data_dir, options=options, has_console=True, HABLA_CERTIFICATE=str(pair)
    ) as server:
        address = server.socket_address.replace("127.0.0.1", "localhost")
        async with connect(address, ssl=context) as wss:
            guest = Visitor(wss)
            await guest.until("ready")
            first = wss.transport.get_extra_info("peercert")
            write(pair, authority, days_ago=3)
            await server.type("reload_settings\n")
            await server.until_said("No setting has changed.")
            await guest.type_and_hear("hola")
            async with connect(address, ssl=context) as other:
                await Visitor(other).until("ready")
                assert other.transport.get_extra_info("peercert") != first
            pair.write_text("half of it")
            await server.type("reload_settings\n")
            await server.until_said("No setting has changed.")
            await guest.type_and_hear("adiós")
        assert "the certificate stays as it is" in server.log
        server.signal()
        assert await server.ended() == 0
    assert not (data_dir / DIRECTORY).exists()


async def test_a_taken_port_is_told_in_plain_words(data_dir: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        number = other.getsockname()[1]
        options = ("--https", "--port=0", f"--plain-port={number}")
        code, output = await manage("serve", *options, env=environment(data_dir))
    assert code == 2
    assert f"Another program has port {number}: stop it, or choose another --plain-port." in output
    assert "Traceback" not in output


async def test_the_first_account_is_made_by_the_link_on_the_console(data_dir: Path) -> None:
    async with serving(data_dir, has_console=True) as server:
        link = (await line_of(server, "/first-account/")).partition("hour: ")[2].split()[0]
        path = urlsplit(link).path
        address = f"https://localhost:{urlsplit(link).port}"
        async with httpx.AsyncClient(
            base_url=address,
            verify=trusting(data_dir),
            trust_env=False,
            timeout=60,
            headers={"Origin": address},
        ) as client:
            password = "correct horse battery"
            made = await Tab(address, client).send(
                path, username="eva", password=password, again=password
            )
            assert (made.status_code, made.headers["Location"]) == (HTTPStatus.FOUND, "/")
            assert (await client.get("/admin/")).status_code == HTTPStatus.OK
            assert (await client.get(path)).status_code == HTTPStatus.GONE
        await server.type("account_link\n")
        await server.until_said("There is an account already")
        assert path.split("/")[2] not in server.log

"""Requests that no browser sends: each is refused plainly, with hardly a log line."""

import asyncio
import json
import re
from pathlib import Path

from tests.server.running import running
from tests.server.wire import exchange, last, wire

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+Z (INFO|WARNING|ERROR) ")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", KEY)


def upgrade(path: str, *headers: str, without: str = "", host: str | None = "127.0.0.1") -> bytes:
    """Return the handshake of a WebSocket, with more headers, or without one."""
    kept = [line for line in UPGRADE if not without or not line.startswith(without)]
    lines = [f"GET {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *kept, *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin1")


REFUSED = {
    400: [
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        last("GET http://127.0.0.1/login/"),
        last("GET http://evil.example/login/"),
        last("OPTIONS *"),
        last("CONNECT evil.example:443"),
        last("GET /login/#fragment"),
        last("GET /\x80"),
        last("GET /login/?next=\xa0"),
        last("GET /\xff"),
        last("GET /login/", "A\x00b: c"),
        last("GET /login/", "Name: a\x00b"),
        last("GET /login/", "Name: a\x0bb"),
        last("GET /login/", "No colon"),
        last("GET /login/", host="evil.example"),
        last("GET /api/status", host="evil.example"),
        last("GET /login/", host="a b"),
        last("GET /login/", host="[::1"),
        last("GET /login/", host="\xe9"),
        last("GET /login/", "Host: 127.0.0.1"),
        last("GET /login/", host=None),
        last("GET /login/?next=%00"),
        last("GET /watch/%00/"),
        last("POST /login/", "Content-Type: application/x-www-form-urlencoded; charset=rot13"),
        last("POST /login/", "Content-Type: multipart/form-data"),
        last("POST /login/", "Content-Length: x"),
        last("POST /login/", "Content-Length: -1"),
        last("POST /login/", "Content-Length: 1", "Content-Length: 2"),
        last("POST /login/", "Content-Length: 1", "Transfer-Encoding: chunked"),
        last("POST /login/", "Transfer-Encoding: gzip"),
        last("POST /login/", "Transfer-Encoding: chunked") + b"xyz\r\n",
        last("POST /login/", "Transfer-Encoding: chunked") + b"-1\r\n",
        last("POST /login/", "Transfer-Encoding: chunked") + b"1\r\nxyz",
        upgrade("/ws/session/", without="Sec-WebSocket-Key"),
        upgrade("/ws/session/", without="Sec-WebSocket-Version"),
        upgrade("/ws/session/", without="Connection"),
        upgrade("/ws/session/", "Sec-WebSocket-Version: 12"),
        upgrade("/ws/session/", "Sec-WebSocket-Version: x", without="Sec-WebSocket-Version"),
        upgrade("/ws/session/", KEY),
        upgrade("/ws/session/", "Sec-WebSocket-Key: short", without="Sec-WebSocket-Key"),
        upgrade("/ws/session/", "Sec-WebSocket-Protocol: a, a"),
        upgrade("/ws/session/", "Sec-WebSocket-Protocol: \xe9"),
        upgrade("/ws/session/", "Origin: not an origin"),
        upgrade("/ws/session/", "Origin: http://[::1"),
        upgrade("/ws/session/", "Content-Length: 5") + b"hello",
        upgrade("/ws/session/", host=None),
        upgrade("/ws/session/", host="127.0.0.1:x"),
        upgrade("//evil.example/ws/session/"),
        upgrade("/ws/session/;x"),
        upgrade("http://127.0.0.1/ws/session/"),
        upgrade("/ws/session/").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    404: [
        last("GET /nowhere"),
        last("GET /api/nowhere"),
        last("GET /%2e%2e/%2e%2e/etc/passwd"),
        last("GET /static/%2e%2e/%2e%2e/manage.py"),
        last("GET /%zz%ff%c3"),
        last("GET /watch/a%0d%0aINFO%20forged/"),
        last("GET /watch/%1b[31m%e2%80%ae/"),
        upgrade("/ws/"),
        upgrade("/ws/nowhere/"),
        upgrade("/"),
        upgrade("/ws/session/more/"),
        upgrade("/ws/session/%0d%0aINFO"),
        upgrade("/ws/%ff/"),
    ],
    405: [last("POST /ws/session/", *UPGRADE[:1])],
    403: [
        last("BREW /healthz"),
        last("POST /login/", "Content-Type: \xff/\xff", "Content-Length: 3") + b"a=b",
        last("POST /login/", "Cookie: \xff=\xff; a; =; ;;", "Referer: http://[", "Origin: null"),
    ],
    200: [
        last("GET /login/", "Accept-Language: " + "x-" * 300, "Cookie: habla_language=\xff"),
        last("GET /login/", "Accept-Encoding: \xff", "If-Modified-Since: yesterday"),
        last("GET /login/", "Daphne-Root-Path: /\xe9"),
    ],
}


async def test_each_is_answered_in_plain_words_and_the_log_stays_a_log(data_dir: Path) -> None:
    async with running(data_dir, LOG_FORMAT="json", HABLA_OWNER="off") as server:
        wrong = []
        for status, requests in REFUSED.items():
            for request in requests:
                answer = await exchange(server.address, request)
                if answer.statuses[-1:] != [status] or b"Traceback" in answer.raw:
                    wrong.append((request, status, answer.statuses))
        assert wrong == []
        assert (await exchange(server.address, last("GET /healthz"))).status == 200
        server.signal()
        assert await server.ended() == 0
        records = [json.loads(line) for line in server.log.splitlines()]
    assert [each for each in records if each["levelname"] == "ERROR" and "exc_info" in each] == []
    assert [each for each in records if each["name"].startswith("daphne")] == []


async def test_a_flood_of_wrong_requests_is_a_few_lines_that_forge_nothing_and_tell_no_secret(
    data_dir: Path,
) -> None:
    secret = "Zm9vYmFyYmF6cXV4"
    form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 3")
    kinds = [
        last("GET /a%0a2026-01-01%20ERROR%20forged%1b[2J%e2%80%ae/"),
        last(f"POST /watch/{secret}/", *form) + b"a=b",
        last(f"GET /nowhere?key={secret}"),
        last("GET /login/", host="evil.example"),
        upgrade(f"/ws/watched/{secret}/"),
        b"nonsense\r\n\r\n",
    ]
    async with running(data_dir, HABLA_OWNER="off") as server:

        async def send(request: bytes) -> None:
            await exchange(server.address, request)

        for request in kinds:
            for _ in range(5):
                await asyncio.gather(*(send(request) for _ in range(10)))
        server.signal()
        assert await server.ended() == 0
        lines = server.log.splitlines()
    assert len(lines) < 120
    assert [
        line for line in lines if not re.match(r"\d{4}-\d\d-\d\d .* (INFO|WARNING|ERROR) ", line)
    ] == []
    log = server.log
    assert secret not in log
    assert "\x1b" not in log
    assert "\u202e" not in log
    assert "/a\\n2026-01-01 ERROR forged\\x1b[2J\\u202e/" in log


async def test_no_header_of_a_client_changes_what_an_address_means(data_dir: Path) -> None:
    async with running(data_dir, HABLA_OWNER="off") as server:
        for name in (
            "Daphne-Root-Path",
            "daphne-root-path",
            "X-Script-Name",
            "Script-Name",
            "X-Forwarded-Prefix",
            "X-Original-URL",
            "X-Original-URI",
            "X-Rewrite-URL",
            "X-HTTP-Method-Override",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
        ):
            told = last("GET /open/login/", f"{name}: /open")
            assert (name, (await exchange(server.address, told)).status) == (name, 404)
            hidden = last("GET /login/", f"{name}: /open")
            answer = await exchange(server.address, hidden)
            assert (name, answer.status) == (name, 200)
            assert b"/open" not in answer.body
            socket = upgrade("/open/ws/session/", f"{name}: /open")
            assert (await exchange(server.address, socket)).status == 404
            async with wire(server.address) as connection:
                await connection.send(upgrade("/ws/session/", f"{name}: /open"))
                assert (await connection.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")

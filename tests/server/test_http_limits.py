"""No client can use up so much by HTTP that another one would notice."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

import pytest

from sessions_app.transport.limits import MAX_BODY_BYTES, MAX_HEADERS, MAX_SMALL_CHUNKS
from tests.server.running import Running, running
from tests.server.visitor import Visitor, visitor
from tests.server.wire import Answer, exchange, head, last, wire

PIECE = bytes(256 * 1024)
FLOOD_BYTES = 150_000_000
GROWTH_BYTES = 30_000_000
"""How much a process may grow while it refuses hundreds of megabytes."""
PATHS = ("/healthz", "/login/", "/api/playbacks", "/api/recordings/x/ground_truth", "/static/x")


@pytest.fixture
async def server(data_dir: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """Return a server with a temporary directory of its own."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    async with running(data_dir, TMPDIR=str(temporary)) as server:
        yield server
    assert list(temporary.iterdir()) == []


def memory_of(server: Running) -> int:
    """Return the peak memory of the process so far, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def chunked(size: int) -> Iterator[bytes]:
    """Return a body in chunks, without its end."""
    for _ in range(size // len(PIECE)):
        yield b"%x\r\n%b\r\n" % (len(PIECE), PIECE)


TYPING_SECONDS = 0.25
"""Pause between typed texts: five per second are allowed in the long run."""


@asynccontextmanager
async def undisturbed(server: Running) -> AsyncIterator[Visitor]:
    """Run a neighbour who types meanwhile, and must be answered within a second each time."""
    async with visitor(server.socket_address) as guest:
        is_over = False

        async def talk() -> float:
            slowest = 0.0
            while not is_over:
                began = asyncio.get_running_loop().time()
                await guest.type_and_hear("hola mundo")
                slowest = max(slowest, asyncio.get_running_loop().time() - began)
                await asyncio.sleep(TYPING_SECONDS)
            return slowest

        talking = asyncio.create_task(talk())
        yield guest
        is_over = True
        assert await talking < 3.0  # on a busy machine; the flood itself takes longer


async def test_a_length_that_is_too_large_is_refused_before_the_body_is_read(
    server: Running,
) -> None:
    lengths = (MAX_BODY_BYTES + 1, 20_000_000_000, 10**30)
    for path, length in product(PATHS, lengths):
        answer = await exchange(server.address, head(f"POST {path}", f"Content-Length: {length}"))
        assert (path, answer.statuses) == (path, [413])
        assert answer.headers["connection"] == "close"
        is_json = answer.headers["content-type"].startswith("application/json")
        assert is_json == path.startswith("/api/")
    assert (await exchange(server.address, last("GET /healthz"))).status == 200


async def test_the_largest_body_that_fits_is_taken_and_one_byte_more_is_not(
    server: Running,
) -> None:
    sizes: tuple[tuple[int, set[int]], ...] = ((MAX_BODY_BYTES, set()), (MAX_BODY_BYTES + 1, {413}))
    for method, (size, refusal) in product(("POST", "PUT", "GET", "DELETE"), sizes):
        length = f"Content-Length: {size}"
        by_length = await exchange(server.address, last(f"{method} /healthz", length), bytes(size))
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, bytes(size))
        by_chunks = await exchange(
            server.address, last(f"{method} /healthz", "Transfer-Encoding: chunked"), body
        )
        for answer in (by_length, by_chunks):
            assert len(answer.statuses) == 1
            assert set(answer.statuses) & {413} == refusal


async def test_floods_take_no_memory_no_disk_and_nobodys_time(server: Running) -> None:
    by_length = [PIECE] * (FLOOD_BYTES // len(PIECE))

    async def flood(path: str, framing: str, body: Iterable[bytes]) -> None:
        async with wire(server.address) as connection:
            await connection.send(head(f"POST {path}", framing))
            await connection.send_all(body)

    async with undisturbed(server):
        before = memory_of(server)
        async with asyncio.TaskGroup() as group:
            for path in ("/healthz", "/login/", "/api/status"):
                group.create_task(flood(path, f"Content-Length: {FLOOD_BYTES}", by_length))
                group.create_task(flood(path, "Transfer-Encoding: chunked", chunked(FLOOD_BYTES)))
        assert memory_of(server) - before < GROWTH_BYTES


async def test_bodies_in_very_many_chunks_take_nobodys_time(server: Running) -> None:
    beginning = last("POST /login/", "Transfer-Encoding: chunked")
    few = [b"1\r\nx\r\n" * MAX_SMALL_CHUNKS, b"0\r\n\r\n"]
    assert (await exchange(server.address, beginning, *few)).statuses == [403]
    many = [b"1\r\nx\r\n" * 10_000] * 40
    async with undisturbed(server), asyncio.TaskGroup() as group:
        floods = [group.create_task(exchange(server.address, beginning, *many)) for _ in range(12)]
    assert {tuple(flood.result().statuses) for flood in floods} == {(413,)}


FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/login/", FORM, b"a=" + b"%41" * 330_000, 403),
        ("/api/playbacks", JSON, b"[" + b"{}," * 330_000 + b"{}]", 400),
        ("/api/playbacks", JSON, b"[" + b'{"a":1},' * 110_000 + b"{}]", 400),
    ],
)
async def test_bodies_that_are_read_into_much_more_are_read_one_after_another(
    server: Running, path: str, kind: str, body: bytes, status: int
) -> None:
    before = memory_of(server)
    request = last(f"POST {path}", kind, f"Content-Length: {len(body)}") + body
    answers = await asyncio.gather(*(exchange(server.address, request) for _ in range(12)))
    assert {tuple(answer.statuses) for answer in answers} == {(status,)}
    # of one of them, twice, and the bodies themselves
    assert memory_of(server) - before < 2 * 80_000_000 + 12 * 2 * MAX_BODY_BYTES


async def test_who_sends_before_reading_still_sees_the_answer(server: Running) -> None:
    size = 3 * MAX_BODY_BYTES
    for framing, body in (
        (f"Content-Length: {size}", iter([bytes(size)])),
        ("Transfer-Encoding: chunked", chunked(size)),
    ):
        async with wire(server.address) as connection:
            await connection.send(head("POST /login/", framing))
            assert await connection.send_all(body)
            assert (await connection.until_closed()).statuses == [413]


async def test_many_bodies_together_take_a_bounded_memory_and_a_login_still_comes_in(
    server: Running,
) -> None:
    before = memory_of(server)

    async def hold(is_held: asyncio.Event, may_end: asyncio.Event) -> Answer | None:
        async with wire(server.address) as connection:
            await connection.send(head("POST /healthz", f"Content-Length: {MAX_BODY_BYTES}"))
            await connection.send(bytes(MAX_BODY_BYTES - 1))
            is_held.set()
            await may_end.wait()
            await connection.send(b"x")
            return await connection.until_closed()

    may_end = asyncio.Event()
    marks = [asyncio.Event() for _ in range(100)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hold(mark, may_end)) for mark in marks]
        for mark in marks:
            await mark.wait()
        login = await exchange(
            server.address, last("POST /login/", "Content-Length: 9"), b"username="
        )
        grown = memory_of(server) - before
        for task in tasks:
            task.cancel()
    assert login.status == 403  # no CSRF token, but the body was read
    assert grown < 80_000_000


async def test_who_is_too_slow_is_told_and_leaves(data_dir: Path) -> None:
    async with running(data_dir, DJANGO_SETTINGS_MODULE="tests.server.short_limits") as server:

        async def trickle(beginning: bytes, drop: bytes) -> Answer:
            async with wire(server.address) as connection:
                await connection.send(beginning)
                answer = asyncio.create_task(connection.until_closed())
                while not answer.done():
                    await connection.send(drop)
                    await asyncio.wait({answer}, timeout=0.2)
                return answer.result()

        beginnings = {
            "request line": (b"GET /", b"x"),
            "headers": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"x: y\r\n"),
            "body": (head("POST /login/", "Content-Length: 1000"), b"x"),
            "chunks": (head("POST /login/", "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
        }
        answers = await asyncio.gather(*(trickle(*pair) for pair in beginnings.values()))
        assert [answer.statuses for answer in answers] == [[408]] * len(beginnings)
        assert (await exchange(server.address, last("GET /healthz"))).status == 200


async def test_who_asks_first_is_told_to_go_on_only_where_the_body_will_be_read(
    server: Running,
) -> None:
    expect = "Expect: 100-continue"
    async with wire(server.address) as connection:
        await connection.send(last("POST /login/", expect, "Content-Length: 5"))
        assert (await connection.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await connection.send(b"a=b&c")
        assert (await connection.until_closed()).status == 403
    too_large = head("POST /login/", expect, f"Content-Length: {2 * MAX_BODY_BYTES}")
    assert (await exchange(server.address, too_large)).statuses == [413]
    other = head("POST /login/", "Expect: the-unexpected", "Content-Length: 5")
    assert (await exchange(server.address, other)).statuses == [417]


async def test_requests_before_one_that_is_refused_are_answered_and_none_after_it(
    server: Running,
) -> None:
    small = head("POST /healthz", "Content-Length: 3") + b"abc"
    large = head("POST /healthz", f"Content-Length: {MAX_BODY_BYTES + 1}")
    answer = await exchange(server.address, small, head("GET /healthz") + large + head("GET /x"))
    assert answer.statuses == [403, 200, 413]
    assert b"ok\n" in answer.raw


async def test_a_head_is_bounded(server: Running) -> None:
    long = "x" * 20_000
    headers = [f"X-{number}: y" for number in range(MAX_HEADERS + 1)]
    refused = {
        414: [head(f"GET /{long}"), head(f"GET /?{long}"), b"x" * 40_000],
        431: [
            head("GET /", f"X: {long}"),
            head("GET /", f"{long}: x"),
            head("GET /", *headers),
            head("GET /", *(f"X: {'y' * 400}" for _ in range(50))),
        ],
    }
    for status, requests in refused.items():
        for request in requests:
            answer = await exchange(server.address, request)
            assert (request[:30], answer.statuses) == (request[:30], [status])


async def test_who_asks_on_and_on_and_reads_nothing_holds_nothing(server: Running) -> None:
    picture = "/static/admin/js/vendor/jquery/jquery.js"
    before = memory_of(server)
    async with wire(server.address) as connection:
        pieces = [head(f"GET {picture}") * 100] * 1000
        sending = asyncio.create_task(connection.send_all(pieces))
        async with undisturbed(server):
            await asyncio.wait({sending}, timeout=5)
        assert not sending.done()
        sending.cancel()
        await asyncio.wait({sending})
    assert memory_of(server) - before < GROWTH_BYTES

"""Tests of responses that are sent piece by piece, through the whole ASGI application."""

import asyncio
import warnings
from typing import Any

from asgiref.testing import ApplicationCommunicator

from habla_project.asgi import application
from tests.patience import PATIENCE_SECONDS

SMALL = "/static/admin/css/base.css"
LARGE = "/static/admin/js/vendor/jquery/jquery.js"


def asked_for(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ["127.0.0.1", 1],
    }


async def answer_to(path: str) -> tuple[int, list[bytes]]:
    """Return the status of an answer, and its body as it was sent."""
    request: Any = ApplicationCommunicator(application, asked_for(path))  # type: ignore[no-untyped-call]
    await request.send_input({"type": "http.request"})
    begun = await request.receive_output(PATIENCE_SECONDS)
    pieces: list[bytes] = []
    has_more = True
    while has_more:
        message = await request.receive_output(PATIENCE_SECONDS)
        pieces.append(message.get("body", b""))
        has_more = message.get("more_body", False)
    await request.wait(PATIENCE_SECONDS)
    return begun["status"], [piece for piece in pieces if piece]


async def test_a_static_file_is_never_in_memory_as_a_whole() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Django warns when it has to read all of a stream
        status, pieces = await answer_to(LARGE)
    assert status == 200
    assert len(pieces) > 3
    assert max(map(len, pieces)) <= 64 * 1024


async def test_many_at_once_are_all_served_in_their_turn() -> None:
    answers = await asyncio.gather(*(answer_to(SMALL) for _ in range(40)))
    assert {status for status, _ in answers} == {200}
    assert len({b"".join(pieces) for _, pieces in answers}) == 1

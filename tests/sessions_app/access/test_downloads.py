"""A response whose client has left meanwhile is closed at once, not whenever Python collects it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from habla_project.asgi import application
from sessions_app.access.downloads import Download
from sessions_app.transport.streaming import in_pieces
from tests.house import eventually
from tests.patience import PATIENCE_SECONDS

opened: list[IO[bytes]] = []
has_begun, may_go_on = threading.Event(), threading.Event()


@login_not_required
def late(request: HttpRequest) -> StreamingHttpResponse:
    """Return a file once the test allows it."""
    has_begun.set()
    may_go_on.wait(PATIENCE_SECONDS)
    opened.append(Path(__file__).open("rb"))  # noqa: SIM115 -- whoever sends it closes it
    return StreamingHttpResponse(in_pieces(request, opened[-1]))


urlpatterns = [path("late/", late)]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def request_for_it() -> Iterator[Any]:
    """Return a request to a slow view."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/late/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ["127.0.0.1", 1],
    }
    yield ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    for file in opened:
        file.close()
    opened.clear()
    has_begun.clear()
    may_go_on.clear()


async def test_what_a_client_that_has_left_asked_for_is_closed(request_for_it: Any) -> None:
    await request_for_it.send_input({"type": "http.request"})
    await asyncio.to_thread(has_begun.wait, PATIENCE_SECONDS)
    await request_for_it.send_input({"type": "http.disconnect"})
    may_go_on.set()
    await request_for_it.wait(PATIENCE_SECONDS)
    await eventually(lambda: [file.closed for file in opened] == [True])


async def test_what_was_sent_is_closed(request_for_it: Any) -> None:
    may_go_on.set()
    await request_for_it.send_input({"type": "http.request"})
    has_more = True
    while has_more:
        message = await request_for_it.receive_output(PATIENCE_SECONDS)
        has_more = message["type"] == "http.response.start" or message.get("more_body", False)
    await request_for_it.wait(PATIENCE_SECONDS)
    await eventually(lambda: [file.closed for file in opened] == [True])


async def test_what_cannot_be_closed_keeps_nothing_else_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise OSError

    closed = threading.Event()
    download = Download(lambda: None)
    download.add_closer(broken)
    download.add_closer(closed.set)
    download.close()
    assert await asyncio.to_thread(closed.wait, PATIENCE_SECONDS)
    assert "could not be closed" in caplog.text

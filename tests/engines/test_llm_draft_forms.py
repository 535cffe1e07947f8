"""Drafts are requested in a form that the server accepts, like finals."""

from http import HTTPStatus
from typing import Any

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, TranslationRequest
from tests.engines.chat import llm_at
from tests.tiny.fakechat import FakeChat

HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)
REFUSED = (HTTPStatus.BAD_REQUEST, {"error": "stream is not supported"})


class Told(list[str]):
    """What was shown of a draft."""

    async def note(self, text: str) -> None:
        self.append(text)


@pytest.mark.parametrize("refusal", [HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR])
async def test_a_draft_whose_form_is_refused_is_asked_for_in_the_next(refusal: HTTPStatus) -> None:
    with FakeChat(formats=("bare",), refusal=refusal) as server:
        async with llm_at(server) as llm:
            for _ in range(2):
                told = Told()
                await llm.draft(HELLO, told.note)
                assert told == ["hello", "hello world"]
    assert [sorted(body) for body in server.asked[1:]] == [["messages", "model", "stream"]] * 2
    assert len(server.asked) == 3


class Whole(FakeChat):
    """A server that does not stream: it refuses to, or answers as a whole nevertheless."""

    refuses = True

    def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
        answer = super().prepare(path, body, connection)
        if answer is not None or body is None or not body.get("stream"):
            return answer
        if self.refuses:
            return REFUSED
        message = {"role": "assistant", "content": "hello world"}
        return HTTPStatus.OK, {"choices": [{"index": 0, "message": message}]}


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_server_that_streams_nothing_tells_its_draft_as_a_whole(refuses: bool) -> None:
    with Whole() as server:
        server.refuses = refuses
        server.troubles = ["hello world"] * 2  # the whole answer is shown as text
        async with llm_at(server) as llm:
            for _ in range(2):
                told = Told()
                await llm.draft(HELLO, told.note)
                assert told == ["hello world"]


async def test_a_draft_that_is_refused_in_every_form_fails() -> None:
    with FakeChat(formats=("none",)) as server:
        async with llm_at(server) as llm:
            with pytest.raises(EngineError, match="refused"):
                await llm.draft(HELLO, Told().note)

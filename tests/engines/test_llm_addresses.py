"""The address of a language model: people leave out /v1, or copy too much."""

from http import HTTPStatus
from typing import Any

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.server_address import api_addresses
from tests.engines.chat import llm_at
from tests.tiny.fakechat import FakeChat
from tests.tiny.fakemodels import FakeModels

HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("", "/v1"),
        ("/", "/v1"),
        ("/v1/", "/v1"),
        ("/v1/chat/completions", "/v1"),
        ("/v1/models", "/v1"),
        ("/api", "/v1"),
        ("/openai", "/openai/v1"),
        ("/here", "/here"),
    ],
)
async def test_an_address_without_v1_is_tried_with_it_and_the_message_says_so(
    path: str, base: str
) -> None:
    with FakeModels(base=base) as server:
        for model in ("", "parrot"):
            llm = LlmTranslator(server.address + path, model=model)
            await llm.load()
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"
            is_right = path.removesuffix("/").endswith(base) or path.startswith("/v1/")
            told = llm.remote_model.why or ""
            assert ("/v1" in told and "HABLA_LLM_URL" in told) is not is_right
            await llm.aclose()


async def test_a_server_without_a_list_of_models_is_found_by_the_model_that_was_chosen() -> None:
    class Listless(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            return super().prepare(path if body else "/none", body, connection)

    with Listless() as server:
        llm = LlmTranslator(server.address, model="parrot")
        await llm.load()
        await llm.remote_model.loaded()
        assert (await llm.translate(HELLO)).text == "hello world"
        assert "lacks /v1" in str(llm.remote_model.why)
        await llm.aclose()


async def test_a_list_that_is_elsewhere_than_the_chat_does_not_mislead() -> None:
    class Split(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            where = "/v1/models" if path == "/models" else path
            return super().prepare(where, body, connection)

    with Split() as server:
        llm = LlmTranslator(server.address)
        await llm.load()
        await llm.remote_model.loaded()
        assert (await llm.translate(HELLO)).text == "hello world"
        await llm.aclose()


async def test_an_address_at_which_nothing_is_says_that_v1_was_tried() -> None:
    with FakeModels(base="/elsewhere") as server:
        llm = LlmTranslator(server.address)
        await llm.load()
        await llm.remote_model.loaded()
        assert "with /v1 at its end or without" in str(llm.remote_model.why)
        with pytest.raises(EngineError, match="/v1"):
            await llm.translate(HELLO)
        await llm.aclose()


async def test_a_right_address_is_asked_as_it_was_given() -> None:
    with FakeChat() as server:
        async with llm_at(server) as llm:
            assert llm.remote_model.why is None


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://gpu:11434/v1", ["http://gpu:11434/v1"]),
        ("http://gpu:11434", ["http://gpu:11434", "http://gpu:11434/v1"]),
        ("http://gpu/v1/chat/completions/", ["http://gpu/v1"]),
        ("http://gpu/api", ["http://gpu/api", "http://gpu/api/v1", "http://gpu/v1"]),
        (
            "https://gpu/gemini/openai",
            ["https://gpu/gemini/openai", "https://gpu/gemini/openai/v1"],
        ),
        ("https://gpu/api/paas/v4", ["https://gpu/api/paas/v4"]),
    ],
)
def test_where_an_interface_may_be(url: str, addresses: list[str]) -> None:
    assert api_addresses(url) == addresses


async def test_where_both_addresses_fail_alike_none_is_said_to_lack_anything() -> None:
    class Strange(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            if body is None:
                models = {"data": [{"id": "parrot"}]}
                return HTTPStatus.OK, models
            return HTTPStatus.OK, {"error": {"code": 429}}

    with Strange() as server:
        llm = LlmTranslator(server.address)
        await llm.load()
        await llm.remote_model.loaded()
        assert "strange answer" in str(llm.remote_model.why)
        assert "lacks" not in str(llm.remote_model.why)
        await llm.aclose()

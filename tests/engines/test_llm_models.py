"""Which model is used: what the server says decides, and then trying."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.llm.client import ChatClient, RequestRefusedError, UnfitModelError
from sessions_app.engines.llm.models import ServedModel, read_models
from sessions_app.engines.llm.translator import LlmTranslator
from tests.engines.chat import llm_at
from tests.tiny.fakemodels import FakeModels

HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)
LISTED = ("bge-m3:latest", "all-minilm:latest", "parrot")
OLLAMA = {
    "bge-m3:latest": {"capabilities": ["embedding"]},
    "all-minilm:latest": {"capabilities": ["embedding"]},
    "parrot": {"capabilities": ["completion", "tools"]},
}
LM_STUDIO = [
    {"id": "bge-m3:latest", "type": "embeddings", "state": "loaded"},
    {"id": "all-minilm:latest", "type": "llm", "state": "not-loaded"},
    {"id": "parrot", "type": "vlm", "state": "loaded"},
]
LM_STUDIO_1 = [
    {"key": "bge-m3:latest", "type": "embedding", "loaded_instances": []},
    {"key": "all-minilm:latest", "type": "embedding", "loaded_instances": []},
    {"key": "parrot", "type": "llm", "loaded_instances": []},
]


@pytest.mark.parametrize("profile", ["", "ollama", "other"])
async def test_ollama_says_which_model_can_chat(profile: str) -> None:
    with FakeModels(LISTED, api={"/api/show": OLLAMA}, chatting=("parrot",)) as server:
        async with llm_at(server, profile=profile) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"
    assert (server.greeted, server.asked[0]["model"]) == (["parrot"], "parrot")
    chats = [path for path in server.paths if path.endswith("/chat/completions")]
    assert len(chats) == 2  # to have it loaded, and the sentence: none was tried in vain


@pytest.mark.parametrize(
    "api",
    [{"/api/v0/models": {"data": LM_STUDIO}}, {"/api/v1/models": {"models": LM_STUDIO_1}}],
)
@pytest.mark.parametrize("profile", ["", "lm-studio"])
async def test_lm_studio_says_which_model_can_chat_and_is_loaded(
    profile: str, api: dict[str, Any]
) -> None:
    with FakeModels(LISTED, api=api) as server:
        async with llm_at(server, profile=profile) as llm:
            await llm.translate(HELLO)
    assert [body["model"] for body in server.asked] == ["parrot"]


@pytest.mark.parametrize(("template", "is_able"), [("{{ messages }}", True), ("", False)])
async def test_llama_cpp_says_whether_its_model_can_chat(template: str, is_able: bool) -> None:
    api = {"/props": {"chat_template": template}}
    with FakeModels(api=api) as server:
        async with llm_at(server, profile="llama-cpp") as llm:
            assert (llm.remote_model.why is None) is is_able
    assert server.greeted == (["parrot"] if is_able else [])


async def test_a_server_below_a_path_is_asked_and_shown_the_key_below_it_only() -> None:
    with FakeModels(LISTED, api={"/gpu1/api/show": OLLAMA}, base="/gpu1/v1") as server:
        llm = LlmTranslator(f"{server.address}/gpu1/v1", key="mine")
        await llm.load()
        await llm.remote_model.loaded()
        await llm.aclose()
    assert server.greeted == ["parrot"]
    assert [path for path in server.paths if not path.startswith("/gpu1/")] == []


async def test_where_the_server_says_nothing_each_is_tried_until_one_chats() -> None:
    with FakeModels(LISTED, chatting=("parrot",)) as server:
        async with llm_at(server) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"
            assert llm.remote_model.why is None
    assert [body["model"] for body in server.asked] == ["parrot"]


async def test_a_model_that_stops_chatting_is_left_for_the_next_with_the_same_sentence() -> None:
    with FakeModels(("first", "second")) as server:
        async with llm_at(server) as llm:
            await llm.translate(HELLO)
            server.chatting = ("second",)
            assert (await llm.translate(HELLO)).text == "hello world"
    assert [body["model"] for body in server.asked] == ["first", "second"]


async def test_a_model_that_was_chosen_and_cannot_chat_is_told_and_no_other_taken() -> None:
    with FakeModels(LISTED, chatting=("parrot",)) as server:
        async with llm_at(server, model="bge-m3:latest") as llm:
            assert "The model bge-m3:latest is not there, or cannot chat" in str(
                llm.remote_model.why
            )
            with pytest.raises(EngineError, match="cannot chat"):
                await llm.translate(HELLO)
    assert server.asked == []


@pytest.mark.parametrize("api", [{}, {"/api/show": dict.fromkeys(LISTED, OLLAMA["bge-m3:latest"])}])
async def test_a_server_whose_models_all_only_embed_is_no_language_model(
    api: dict[str, Any],
) -> None:
    with FakeModels(LISTED, chatting=(), api=api) as server:
        llm = LlmTranslator(server.url, must_answer=True)
        with pytest.raises(EngineUnavailableError, match="no model that can chat"):
            await llm.load()
        async with llm_at(server) as configured:
            assert "no model that can chat" in str(configured.remote_model.why)
            server.chatting = ("parrot",)
            server.api = {}
            assert (await configured.translate(HELLO)).text == "hello world"
            assert configured.remote_model.why is None


REFUSALS = {
    "the bge-m3 model does not support chat": True,
    "This server does not support completions. Start it without `--embeddings`": True,
    "This model isn't a chat model: it is an embedding model": True,
    "The tokenizer has no chat template": True,
    "does not support chat_template_kwargs": False,
    "Unrecognized request argument supplied: chat_template_kwargs": False,
    "this model does not support chat template arguments": False,
    "'response_format.type' must be another": False,
    "the request exceeds the available context size": False,
}


@pytest.mark.parametrize(("message", "is_of_model"), REFUSALS.items())
async def test_a_refusal_of_the_model_is_told_from_one_of_the_form(
    message: str, is_of_model: bool
) -> None:
    answer = (HTTPStatus.BAD_REQUEST, {"error": {"message": message}})

    class Refusing(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            is_plain = body is None or body.keys() <= {"model", "messages", "max_tokens"}
            return super().prepare(path, body, connection) if is_plain else answer

    with Refusing() as server:
        async with llm_at(server) as llm:
            # whatever it says of them, the form is left out before the model is
            assert (await llm.translate(HELLO)).text == "hello world"
            client = ChatClient(server.url)
            client.open()
            with pytest.raises(RequestRefusedError) as told:
                await client.ask("POST", f"{client.url}/chat/completions", {"strange": True})
            await client.aclose()
    assert isinstance(told.value, UnfitModelError) is is_of_model


async def test_a_server_that_fails_to_load_a_model_is_not_waited_for() -> None:
    failure = (HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "error loading model: out of memory"})

    class Failing(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            is_large = body is not None and body["model"] == "large"
            return failure if is_large else super().prepare(path, body, connection)

    with Failing(("large", "small")) as server:
        async with llm_at(server, retries=0) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"
    assert server.greeted == ["small"]


async def test_an_interface_that_hangs_keeps_nobody_from_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions_app.engines.llm.models.LOOK_SECONDS", 0.2)

    class Hanging(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            if path.startswith("/api/"):
                self.wait(connection)
            return super().prepare(path, body, connection)

    with Hanging(("parrot", "owl")) as server:
        async with llm_at(server) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"


@pytest.mark.parametrize(
    ("item", "can_chat", "is_loaded"),
    [
        ({"id": "a"}, None, False),
        ({"id": "text-embedding-a"}, False, False),
        ({"id": "a", "type": "embeddings"}, False, False),
        ({"id": "a", "type": "llm", "state": "loaded"}, True, True),
        ({"id": "a", "task": "automatic-speech-recognition"}, False, False),
        ({"id": "a", "task": "image-text-to-text"}, True, False),
        ({"id": "a", "capabilities": {"completion_chat": True}}, True, False),
        ({"id": "a", "capabilities": {"completion_chat": False}}, False, False),
        ({"id": "a", "capabilities": {"vision": True}}, None, False),
        ({"id": "a", "capabilities": ["embedding"], "type": 7}, False, False),
        ({"id": "a", "capabilities": ["completion"], "status": {"value": "loaded"}}, True, True),
        ({"id": "a", "capabilities": [], "type": ["llm"], "status": "loaded"}, None, False),
    ],
)
def test_what_a_list_tells_of_a_model_is_understood(
    item: dict[str, Any], can_chat: bool | None, is_loaded: bool
) -> None:
    body = json.dumps({"data": [item, {"id": 7}, "a", {}]}).encode()
    assert read_models(body) == [ServedModel(item["id"], can_chat, is_loaded)]


async def test_a_server_that_refuses_even_a_greeting_is_not_said_to_have_no_model() -> None:
    class Refusing(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            answer = (HTTPStatus.BAD_REQUEST, {"error": "exceeds the available context size"})
            return super().prepare(path, body, connection) if body is None else answer

    with Refusing() as server:
        llm = LlmTranslator(server.address)
        await llm.load()
        await llm.remote_model.loaded()
        assert "refuses whatever it is asked" in str(llm.remote_model.why)
        await llm.aclose()


async def test_what_does_something_else_by_its_name_is_tried_last() -> None:
    others = ("bge-reranker-v2-m3", "whisper-large-v3", "clip-vit-base", "all-minilm:l6-v2", "flux")
    with FakeModels((*others, "parrot"), chatting=("parrot",)) as server:
        async with llm_at(server) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"
    assert server.greeted == ["parrot"]
    assert len([path for path in server.paths if path.endswith("completions")]) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_model_that_fails_is_left_for_one_that_is_well(status: int) -> None:
    class OneFails(FakeModels):
        def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
            if body is not None and body.get("model") == "ill":
                return HTTPStatus(status), {"error": "no backend"}
            return super().prepare(path, body, connection)

    with OneFails(("ill", "parrot")) as server:
        async with llm_at(server, retries=0) as llm:
            assert (await llm.translate(HELLO)).text == "hello world"
    assert [body["model"] for body in server.asked] == ["parrot"]

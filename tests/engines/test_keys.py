"""Which key goes to which server: each to its own, and to no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.engines.keys import headers_for, problem_of, without_foreign_key
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.lmstudio.api import LmStudioApi
from sessions_app.engines.loading import load_engines
from sessions_app.engines.models.downloads import download
from sessions_app.engines.server_profiles import PROFILES, Profile, is_in_the_cloud, profile_of
from sessions_app.engines.speech.openai_audio import OpenAiTranscriber
from tests.sounds import say
from tests.tiny.fakechat import FakeChat
from tests.tiny.fakeears import FakeEars
from tests.tiny.fakehub import FakeHub

OPENAI_KEY = "sk-of-openai"
HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)
FAKE = EngineChoice("fake")


@pytest.fixture(autouse=True)
def openai_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{OPENAI_KEY}\n")


@contextmanager
def redirecting_to(url: str) -> Iterator[str]:
    """Serve nothing but redirects to ``url``, and yield the address, up to /v1."""

    class Answer(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep silent."""

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(HTTPStatus.TEMPORARY_REDIRECT)
            self.send_header("Location", f"{url}{self.path.removeprefix('/v1')}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://api.openai.com",
        "https://api.openai.com/",
        "https://api.openai.com:443/v1",
        "HTTPS://API.OPENAI.COM/v1",
        "https://eu.api.openai.com/v1",
        "https://us.api.openai.com/v1",
    ],
)
def test_openai_itself_is_sent_its_key(url: str) -> None:
    assert headers_for(url) == {"authorization": f"Bearer {OPENAI_KEY}"}
    assert headers_for(url, "mine") == {"authorization": "Bearer mine"}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.openai.com/v1",
        "http://api.openai.com:443/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com./v1",
        "https://api.openai.com.example.org/v1",
        "https://api.openai.com@example.org/v1",
        "https://example.org@api.openai.com/v1",
        "https://eva:secret@api.openai.com/v1",
        "https://api.openai.com\\@example.org/v1",
        "https://example.org\\@api.openai.com/v1",
        "https://example.org#api.openai.com/v1",
        "https://example.org/https://api.openai.com/v1",
        "https://notapi.openai.com/v1",
        "https://xapi.openai.com/v1",
        "https://api-openai.com/v1",
        "https://openai.com/v1",
        "https://evil.api.openai.com/v1",
        "https://api.openai.com%2eexample.org/v1",
        "https://ap\u0131.openai.com/v1",
        "https://api.openai.com\n.example.org/v1",
        " https://api.openai.com/v1",
        "https:api.openai.com/v1",
        "https:///api.openai.com/v1",
        "http\u017f://api.openai.com/v1",
        "https://localhost/v1",
        "https://127.0.0.1/v1",
        "https://[::1]/v1",
        "https://gpu1/v1",
        "http://localhost:8000/v1",
        "http://gpu1:8000/v1",
        "",
    ],
)
def test_nobody_else_is_sent_openais_key(url: str) -> None:
    assert headers_for(url) == {}


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("https://example.org/v1", True),
        ("http://127.0.0.1:1234/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://[::1]:1234/v1", True),
        ("http://192.168.1.20:8000/v1", True),
        ("http://10.0.0.7/v1", True),
        ("http://[fd00::7]/v1", True),
        ("http://100.101.102.103/v1", True),
        ("http://gpu1:8000/v1", True),
        ("http://gpu1.local:8000/v1", True),
        ("http://gpu1.lan/v1", True),
        ("", True),
        ("http://example.org/v1", False),
        ("http://api.openai.com/v1", False),
        ("HTTP://example.org/v1", False),
        ("http://8.8.8.8/v1", False),
        ("http://134744072/v1", False),
        ("http://0x08080808/v1", False),
        ("http://[2001:4860:4860::8888]/v1", False),
        ("http://[::ffff:8.8.8.8]/v1", False),
        ("http://gpu1.local.example.org/v1", False),
        ("http://localhost.example.org/v1", False),
        ("http://localhost@example.org/v1", False),
    ],
)
def test_a_key_crosses_the_internet_encrypted_only(url: str, is_right: bool) -> None:
    assert (problem_of(url, "mine") == "") is is_right
    if not is_right:
        with pytest.raises(EngineUnavailableError, match="https://"):
            headers_for(url, "mine")


@pytest.mark.parametrize("key", ["clave-señorial", "two words", "a\nb", "a\r\nx-evil: 1", "a\0b"])
def test_a_key_that_no_header_can_hold_is_named_and_not_repeated(key: str) -> None:
    with pytest.raises(EngineUnavailableError, match="no accents") as refusal:
        headers_for("https://example.org/v1", key)
    assert key not in str(refusal.value)
    with pytest.raises(EngineUnavailableError, match="no accents"):
        OpenAiTranscriber("https://example.org/v1", key=key)
    with pytest.raises(EngineUnavailableError, match="no accents"):
        LlmTranslator("https://example.org/v1", key=key)


@pytest.mark.parametrize(
    ("given", "chosen", "key"),
    [
        ({"url": "http://a/v1", "key": "a"}, {"model": "owl"}, "a"),
        ({"url": "http://a/v1", "key": "a"}, {"url": "http://a/v1"}, "a"),
        ({"url": "http://a/v1", "key": "a"}, {"profile": "vllm"}, "a"),
        ({"url": "http://a/v1", "key": "a"}, {"url": "http://b/v1"}, None),
        ({"url": "http://a/v1", "key": "a"}, {"url": "http://b/v1", "key": "b"}, "b"),
        ({"profile": "openai", "key": "a"}, {"profile": "openai"}, "a"),
        ({"profile": "openai", "key": "a"}, {"profile": "lm-studio"}, None),
        ({"profile": "openai", "key": "a"}, {"url": "http://b/v1"}, None),
        ({"key": "a"}, {"url": "http://b/v1"}, None),
        (None, {"url": "http://b/v1"}, None),
    ],
)
def test_a_key_follows_to_no_other_address(
    given: dict[str, str] | None, chosen: dict[str, str], key: str | None
) -> None:
    options = without_foreign_key(given, chosen)
    assert options.get("key") == key
    assert {name: options[name] for name in chosen} == chosen


async def test_the_environments_key_does_not_reach_the_server_of_the_options() -> None:
    with FakeChat() as server:
        env = {"url": "http://127.0.0.1:1/v1", "key": "of-the-environment"}
        choice = EngineChoice("llm", {"url": server.url})
        engines = await load_engines(EngineSettings(FAKE, choice, FAKE, Path(), env))
        await engines.translator.translate(HELLO)
        await engines.aclose()
        assert (len(server.asked), set(server.keys)) == (1, {None})


async def test_a_server_that_was_merely_found_is_sent_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeChat() as server:
        for name in ("lm-studio", "ollama", "llama-cpp"):
            monkeypatch.setitem(PROFILES, name, Profile(name, server.url))
        found, named = LlmTranslator(key="mine"), LlmTranslator(profile="ollama", key="mine")
        for llm, keys in ((found, {None}), (named, {"Bearer mine"})):
            await llm.load()
            await llm.translate(HELLO)
            await llm.aclose()
            assert set(server.keys) == keys
            server.keys.clear()


@pytest.mark.parametrize("key", ["", "mine"])
async def test_servers_of_speech_are_sent_their_own_key_or_none(key: str) -> None:
    with FakeEars() as ears:
        transcriber = OpenAiTranscriber([ears.url, "https://localhost:1/v1"], key=key)
        await transcriber.load()
        heard = await transcriber.transcribe(say("hola"), language="es", final=True)
        await transcriber.aclose()
        assert (heard.text, ears.keys) == ("hola", [f"Bearer {key}" if key else None])


async def test_a_redirect_takes_no_key_anywhere() -> None:
    with FakeChat() as chat, FakeEars() as ears:
        with redirecting_to(chat.url) as url:
            llm = LlmTranslator(url, model="parrot", key="mine", retries=0)
            await llm.load()
            with pytest.raises(EngineError):
                await llm.translate(HELLO)
            await llm.aclose()
            studio = LmStudioApi(url, "mine")
            with pytest.raises(EngineError):
                await studio.loaded()
            await studio.aclose()
        with redirecting_to(ears.url) as url:
            transcriber = OpenAiTranscriber(url, key="mine")
            await transcriber.load()
            with pytest.raises(EngineError):
                await transcriber.transcribe(say("hola"), language="es", final=True)
            await transcriber.aclose()
        assert (chat.connections, ears.connections) == (0, 0)


async def test_no_proxy_is_shown_what_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeChat() as proxy, FakeChat() as chat, FakeEars() as ears:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        transcriber = OpenAiTranscriber(ears.url, key="mine")
        llm = LlmTranslator(chat.url, key="mine")
        for engine in (transcriber, llm):
            await engine.load()
        await transcriber.transcribe(say("hola"), language="es", final=True)
        await llm.translate(HELLO)
        for engine in (transcriber, llm):
            await engine.aclose()
        assert (proxy.connections, ears.keys, len(chat.asked)) == (0, ["Bearer mine"], 1)


async def test_another_hub_than_hugging_face_is_not_sent_its_token(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_hugging_face")
    await download("opus-mt-es-en", tmp_path)
    assert set(fake_hub.keys) == {None}


@pytest.mark.parametrize(
    ("url", "profile", "is_cloud"),
    [
        ("https://localhost/v1", "other", False),
        ("https://127.0.0.1:443/v1", "other", False),
        ("https://api.openai.com:443/v1", "openai", True),
        ("http://api.openai.com/v1", "other", True),
        ("http://127.0.0.1:x/v1", "other", False),
        ("http://134744072/v1", "other", True),
        ("http://[::ffff:127.0.0.1]:1234/v1", "lm-studio", False),
        ("http://2130706433:1234/v1", "lm-studio", False),
    ],
)
def test_an_address_is_what_it_leads_to(url: str, profile: str, is_cloud: bool) -> None:
    assert (profile_of(url).name, is_in_the_cloud(url)) == (profile, is_cloud)

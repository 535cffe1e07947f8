"""Which translator is chosen, and which comes next in the chain, with a language model."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import Direction, EngineInfo, TranslationRequest
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.engines.loading import load_engines
from sessions_app.engines.server_profiles import PROFILES, is_in_the_cloud, profile_of
from tests.tiny.fakechat import FakeChat

FAKE = EngineChoice("fake")
HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


@pytest.fixture
def with_opus(tmp_path: Path, opus_directories: dict[str, Path]) -> Path:
    """Return a directory of models that holds both of OPUS-MT."""
    for name, directory in opus_directories.items():
        (tmp_path / f"opus-mt-{name}").symlink_to(directory)
    return tmp_path


def settings(models_dir: Path, translator: str, llm: Mapping[str, Any] | None) -> EngineSettings:
    return EngineSettings(FAKE, EngineChoice(translator), FAKE, models_dir, llm)


@pytest.mark.parametrize("translator", ["auto", "llm"])
async def test_a_language_model_that_is_configured_goes_first(
    translator: str, server: FakeChat, with_opus: Path
) -> None:
    engines = await load_engines(settings(with_opus, translator, {"url": server.url}))
    assert engines.infos["translator"] == EngineInfo("llm, opus-mt", ("en", "es"))
    assert (await engines.translator.translate(HELLO)).engine == "llm"
    await engines.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("translator", ["auto", "llm"])
async def test_while_it_fails_the_next_one_speaks_and_says_so(
    translator: str, server: FakeChat, with_opus: Path
) -> None:
    options = {"url": server.url, "retries": 0}
    engines = await load_engines(settings(with_opus, translator, options))
    server.troubles = [HTTPStatus.SERVICE_UNAVAILABLE] * 9
    answers = [await engines.translator.translate(HELLO) for _ in range(5)]
    assert [(a.text, a.engine) for a in answers] == [("hello world", "opus-mt")] * 5
    assert len(server.asked) == 3
    await engines.aclose()


@pytest.mark.slow
async def test_what_people_are_told_of_it_is_true_when_they_are_told(
    server: FakeChat, with_opus: Path
) -> None:
    options = {"url": server.url, "retries": 0}
    engines = await load_engines(settings(with_opus, "llm", options))
    assert [engines.infos["translator"].why] == [None]
    server.troubles = [HTTPStatus.SERVICE_UNAVAILABLE] * 3
    for _ in range(3):
        await engines.translator.translate(HELLO)
    told = "The language model failed lately, and is left alone: "
    assert [engines.infos["translator"].why] == [f"{told}The language model's server failed."]
    await engines.aclose()


@pytest.mark.parametrize("translator", ["auto", "llm"])
async def test_one_that_does_not_answer_yet_is_told_and_waited_for(
    translator: str, free_port: int, with_opus: Path
) -> None:
    url = f"http://127.0.0.1:{free_port}/v1"
    engines = await load_engines(settings(with_opus, translator, {"url": url, "retries": 0}))
    info = engines.infos["translator"]
    assert info.name == "llm, opus-mt"
    assert f"No language model answers at 127.0.0.1:{free_port}" in (info.why or "")
    assert (await engines.translator.translate(HELLO)).engine == "opus-mt"
    with FakeChat(port=free_port):
        assert (await engines.translator.translate(HELLO)).engine == "llm"
    await engines.aclose()


@pytest.mark.slow
async def test_one_that_nobody_configured_is_found_on_this_machine(
    server: FakeChat, with_opus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(PROFILES["lm-studio"], url=server.url)
    monkeypatch.setitem(PROFILES, "lm-studio", here)
    engines = await load_engines(settings(with_opus, "auto", {}))
    assert engines.infos["translator"].name == "llm, opus-mt"
    assert (await engines.translator.translate(HELLO)).engine == "llm"
    await engines.aclose()


async def test_where_none_is_configured_or_found_nothing_is_said_of_it(
    with_opus: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lm-studio", "ollama", "llama-cpp"):
        nowhere = replace(PROFILES[name], url=f"http://127.0.0.1:{free_port}/v1")
        monkeypatch.setitem(PROFILES, name, nowhere)
    engines = await load_engines(settings(with_opus, "auto", {}))
    assert engines.infos["translator"] == EngineInfo("opus-mt", ("en", "es"))
    await engines.aclose()


async def test_a_local_translator_that_was_chosen_has_nothing_behind_it(
    server: FakeChat, with_opus: Path
) -> None:
    engines = await load_engines(settings(with_opus, "opus-mt", {"url": server.url}))
    assert (await engines.translator.translate(HELLO)).engine == "opus-mt"
    assert (engines.infos["translator"].name, server.connections) == ("opus-mt", 0)
    await engines.aclose()


@pytest.mark.slow
async def test_options_of_the_choice_win_over_the_settings(
    server: FakeChat, with_opus: Path
) -> None:
    choice = EngineChoice("llm", {"model": "owl"})
    wanted = replace(
        settings(with_opus, "llm", {"url": server.url, "model": "parrot"}), translator=choice
    )
    engines = await load_engines(wanted)
    await engines.translator.translate(HELLO)
    assert [body["model"] for body in server.asked] == ["owl"]
    await engines.aclose()


async def test_a_choice_that_cannot_be_right_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="OPTIONS"):
        await load_engines(settings(tmp_path, "llm", {"url": "chat.example.org"}))


def test_a_key_is_not_shown_with_the_settings(tmp_path: Path) -> None:
    shown = repr(settings(tmp_path, "llm", {"key": "sk-secret"}))
    assert "secret" not in shown + repr(EngineChoice("llm", {"key": "sk-secret"}))


@pytest.mark.parametrize(
    ("url", "profile", "is_cloud"),
    [
        ("http://localhost:1234/v1", "lm-studio", False),
        ("http://127.0.0.1:11434/v1", "ollama", False),
        ("http://[::1]:8080/v1", "llama-cpp", False),
        ("https://api.openai.com/v1", "openai", True),
        ("http://192.168.1.20:1234/v1", "other", False),
        ("http://gpu:8000/v1", "other", False),
        ("http://gpu.local:8000/v1", "other", False),
        ("https://example.org/v1", "other", True),
        ("http://8.8.8.8/v1", "other", True),
    ],
)
def test_an_address_tells_what_is_there_and_whether_it_is_in_the_house(
    url: str, profile: str, is_cloud: bool
) -> None:
    assert (profile_of(url).name, is_in_the_cloud(url)) == (profile, is_cloud)

"""LM Studio is managed where it is the translator on this machine, and reported while down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.engines.choices import parse_choice
from sessions_app.engines.lmstudio.states import Timing
from sessions_app.engines.loading import EngineChoice, EngineSettings
from sessions_app.live.registry import Registry
from sessions_app.server.lmstudio_service import LmStudioService, find_executable, wanted_options
from tests.engines.lmstudio import FakeLms
from tests.house import eventually

HERE = "http://127.0.0.1:1234/v1"
QUICK = Timing(look=0.05, probe=0.3, backoff=0.1)


@pytest.fixture
def lms(tmp_path: Path, free_port: int) -> Iterator[FakeLms]:
    fake = FakeLms(tmp_path, free_port)
    yield fake
    left = fake.processes()
    fake.kill()
    assert left == []


@pytest.mark.parametrize(
    ("translator", "llm", "is_wanted"),
    [
        ("llm", {"profile": "lm-studio"}, True),
        ("llm", {"url": HERE}, True),
        ("llm", {"url": "http://localhost:9999/v1", "profile": "lm-studio"}, True),
        ('{"BACKEND": "llm", "OPTIONS": {"profile": "lm-studio"}}', None, True),
        ("auto", {"profile": "lm-studio"}, True),
        ("auto", {}, False),
        ("auto", None, False),
        ("llm", {}, False),
        ("llm", {"url": "http://127.0.0.1:11434/v1"}, False),
        ("llm", {"url": HERE, "profile": "other"}, False),
        ("llm", {"url": "http://gpu.example.org:1234/v1", "profile": "lm-studio"}, False),
        ("apertium", {"profile": "lm-studio"}, False),
    ],
)
def test_it_is_wanted_where_it_was_chosen(
    translator: str, llm: dict[str, str] | None, is_wanted: bool
) -> None:
    nothing = EngineChoice("none")
    choice = parse_choice(translator, variable="HABLA_TRANSLATOR")
    engines = EngineSettings(nothing, choice, nothing, Path("models"), llm)
    assert (wanted_options(engines) is not None) is is_wanted


def test_its_command_is_looked_for_on_the_path_and_in_its_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_executable("") is None
    usual = tmp_path / ".lmstudio/bin/lms"
    for path in (usual, tmp_path / "bin/lms"):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o700)
        assert find_executable("") == str(path)
    assert find_executable("/opt/lms") == "/opt/lms"
    assert find_executable("OFF") is None


@pytest.mark.slow
async def test_readiness_knows_while_it_is_down_and_when_it_is_up_again(
    lms: FakeLms, settings: Any
) -> None:
    settings.HABLA = settings.HABLA | {
        "TRANSLATOR": "llm",
        "LLM_URL": lms.url,
        "LLM_PROFILE": "lm-studio",
        "LMS_EXECUTABLE": lms.executable,
    }
    lms.plan(start_crashes=True)
    registry = Registry()
    keeper = LmStudioService(registry, QUICK)
    keeper.begin(conf.read())
    await eventually(lambda: "lms server start" in registry.troubles().get("LM Studio", ""))
    lms.plan()
    await eventually(lambda: registry.troubles() == {})
    assert [step async for step in keeper.end()] == [
        ("LM Studio's monitor", True),
        ("LM Studio", True),
        ("LM Studio's client", True),
    ]


async def test_where_it_is_not_wanted_nothing_is_kept_and_nothing_ended(settings: Any) -> None:
    keeper = LmStudioService(Registry())
    keeper.begin(conf.read())
    assert keeper.seconds == 0
    assert [step async for step in keeper.end()] == []

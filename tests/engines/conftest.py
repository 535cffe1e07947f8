"""Tiny models and spoken sentences that the tests of engines share, made once per run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from sessions_app.engines.scheduler import Scheduler
from tests.engines.staged import Stage
from tests.tiny.fakehub import FakeHub
from tests.tiny.opusmt import make_opus_mt
from tests.tiny.pinned import pin
from tests.tiny.whisper import make_whisper

HEARD = "and so my fellow americans ask not"


@pytest.fixture
async def scheduler(stage: Stage) -> AsyncIterator[Scheduler]:
    """Return a scheduler of the module's own ``stage``; check that it leaves no task behind."""
    scheduler = Scheduler(stage)
    yield scheduler
    await scheduler.aclose()
    assert [task for task in asyncio.all_tasks() if "habla" in task.get_name()] == []


@pytest.fixture(scope="session")
def opus_directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the directories of two tiny OPUS-MT models, by direction: ``es-en``, ``en-es``."""
    models = tmp_path_factory.mktemp("opus")
    return {name: make_opus_mt(models / name, name) for name in ("es-en", "en-es")}


@pytest.fixture(scope="session")
def whisper_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a tiny Whisper that returns HEARD, in English."""
    return make_whisper(tmp_path_factory.mktemp("whisper"), HEARD, "en")


@pytest.fixture(scope="session")
def spanish_whisper_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a tiny Whisper that returns "hola mundo", in Spanish."""
    return make_whisper(tmp_path_factory.mktemp("whisper"), "hola mundo", "es")


@pytest.fixture
def fake_hub(
    opus_directories: dict[str, Path], whisper_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeHub]:
    """Return a hub on localhost that holds OPUS-MT es-en and the small Whisper, both tiny."""
    repositories = {
        "michaelfeil/ct2fast-opus-mt-es-en": opus_directories["es-en"],
        "Systran/faster-whisper-small": whisper_directory,
    }
    pin(monkeypatch, "opus-mt-es-en", opus_directories["es-en"])
    pin(monkeypatch, "whisper-small", whisper_directory)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    with FakeHub(repositories) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
    huggingface_hub.close_session()

"""Which Whisper is chosen, and the message where there is none."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import EngineInfo
from sessions_app.engines.automatic import best_transcriber
from sessions_app.engines.choices import EngineChoice
from sessions_app.engines.loading import EngineSettings, load_engines
from sessions_app.engines.models.catalogue import best_whisper
from tests.engines.test_loading import put_whisper
from tests.tiny.whisper import make_whisper

FAKE = EngineChoice("fake")


@pytest.fixture
def fakes(tmp_path: Path) -> EngineSettings:
    return EngineSettings(transcriber=FAKE, translator=FAKE, detector=FAKE, models_dir=tmp_path)


async def test_auto_listens_by_whisper_base_as_soon_as_it_is_there(
    fakes: EngineSettings, whisper_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = replace(fakes, transcriber=EngineChoice("auto"))
    engines = await load_engines(auto)
    info = engines.infos["transcriber"]
    assert (engines.transcriber, info.name, info.is_none) == (None, "none", True)
    assert "It is fetched in the background; manage.py fetch_models whisper-base" in str(info.why)
    await engines.aclose()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    engines = await load_engines(auto)
    assert "HABLA_MODELS_FROM may name a directory" in str(engines.infos["transcriber"].why)
    await engines.aclose()
    shutil.copytree(whisper_directory, fakes.models_dir / "whisper-base")
    engines = await load_engines(auto)
    assert engines.infos["transcriber"] == EngineInfo("faster-whisper", ("en", "es"))
    await engines.aclose()


async def test_auto_passes_over_a_whisper_that_is_damaged(fakes: EngineSettings) -> None:
    put_whisper(fakes.models_dir, "whisper-small")
    engines = await load_engines(replace(fakes, transcriber=EngineChoice("auto")))
    info = engines.infos["transcriber"]
    assert (info.name, info.is_none) == ("none", True)
    assert "does not run here. Fetch it again" in str(info.why)
    await engines.aclose()


async def test_whisper_without_a_model_is_the_largest_on_the_disk(
    fakes: EngineSettings, whisper_directory: Path
) -> None:
    shutil.copytree(whisper_directory, fakes.models_dir / "whisper-tiny")
    told: list[str] = []
    settings = replace(fakes, transcriber=EngineChoice("faster-whisper"))
    engines = await load_engines(settings, lambda step, fraction: told.append(step))
    assert "loading whisper-tiny" in told
    await engines.aclose()


def test_the_best_whisper_is_the_largest(tmp_path: Path) -> None:
    assert best_whisper(tmp_path) is None
    put_whisper(tmp_path, "whisper-tiny")
    assert best_whisper(tmp_path) == "whisper-tiny"
    put_whisper(tmp_path, "whisper-small")
    put_whisper(tmp_path, "whisper-base")
    assert best_whisper(tmp_path) == "whisper-small"


async def test_auto_takes_typed_text_only_where_nothing_can_listen(tmp_path: Path) -> None:
    async def refuse(kind: str, choice: EngineChoice) -> object:
        raise EngineUnavailableError(f"The {kind} {choice.backend} is not here.")

    transcriber, info = await best_transcriber(refuse, tmp_path)
    assert transcriber is None
    assert (info.name, info.is_none) == ("none", True)
    assert "Whisper is not on this machine yet. Only typed text" in (info.why or "")


async def test_a_whisper_of_ones_own_that_knows_english_only_is_told(
    fakes: EngineSettings, tmp_path: Path
) -> None:
    own = make_whisper(tmp_path / "own", "hello", "en", english_only=True)
    choice = EngineChoice("faster-whisper", {"model": str(own)})
    engines = await load_engines(replace(fakes, transcriber=choice))
    info = engines.infos["transcriber"]
    assert (info.name, info.languages) == ("faster-whisper", ("en",))
    assert "no Spanish" in (info.why or "")
    await engines.aclose()


async def test_a_chosen_whisper_that_cannot_be_fetched_is_an_error_and_no_fallback(
    fakes: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    settings = replace(fakes, transcriber=EngineChoice("faster-whisper", {"model": "small"}))
    with pytest.raises(EngineUnavailableError, match="fetch_models whisper-small"):
        await load_engines(settings)

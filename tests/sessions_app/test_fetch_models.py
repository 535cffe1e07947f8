"""`fetch_models` brings models, says where they are, and says plainly why it could not."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from django.core.management import CommandError, call_command

from sessions_app.engines import hub
from tests.tiny.fakehub import FakeHub
from tests.tiny.opusmt import make_opus_mt


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
        assert hub.is_on_disk(name, data_dir / "models") == directory


def test_one_that_fails_does_not_keep_the_others_away(fake_hub: FakeHub, data_dir: Path) -> None:
    with pytest.raises(CommandError, match=r"Not fetched: whisper-tiny\.") as failure:
        fetch("tiny", "opus-mt-es-en")
    assert failure.value.returncode == 1
    assert hub.is_on_disk("opus-mt-es-en", data_dir / "models")


def test_without_a_network_it_says_so_and_how_to_go_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match=r"The hub does not answer.*HF_ENDPOINT") as failure:
        fetch()
    assert str(failure.value).startswith("Not fetched: whisper-small, opus-mt-es-en, opus-mt-en-es")
    assert "://" not in str(failure.value)


def test_without_a_network_what_is_there_is_enough(
    fake_hub: FakeHub, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch("opus-mt-es-en")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "! opus-mt-es-en" in fetch("opus-mt-es-en")


def test_a_name_that_is_none_is_answered_with_those_that_are(data_dir: Path) -> None:
    with pytest.raises(CommandError, match="whisper-small"):
        fetch("hughe")


def test_a_list_says_what_there_is_and_what_is_here(fake_hub: FakeHub, data_dir: Path) -> None:
    fetch("opus-mt-es-en")
    lines = {line[2:].split()[0]: line for line in fetch("--list").splitlines()}
    assert hub.MODELS.keys() <= lines.keys()
    assert " here " in lines["opus-mt-es-en"]
    assert " 80 MB " in lines["opus-mt-en-es"]
    assert lines["whisper-small"].startswith("*")

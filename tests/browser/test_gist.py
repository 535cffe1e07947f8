"""What rules translated is marked as the gist, and the owner can download a better translator."""

import shutil
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, Serve
from tests.tiny.fakehub import FakeHub
from tests.tiny.opusmt import make_opus_mt

COMES_MS = 40_000
SPANISH = "La casa es roja."
pytestmark = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def test_the_owner_fetches_what_is_better_from_a_card(
    browser: Browser,
    open_page: OpenPage,
    serve: Serve,
    complaints: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints.append("403 (Forbidden)")  # without the owner's key
    models = {name: make_opus_mt(tmp_path / "opus" / name, name) for name in ("es-en", "en-es")}
    served = {f"michaelfeil/ct2fast-opus-mt-{name}": path for name, path in models.items()}
    with FakeHub(served) as hub:
        hub.broken["/"] = HTTPStatus.SERVICE_UNAVAILABLE
        server = serve(
            HABLA_TRANSLATOR="auto",
            HABLA_LLM_URL="off",
            HF_ENDPOINT=hub.url,
            NO_PROXY="127.0.0.1",
            DJANGO_SETTINGS_MODULE="tests.server.tiny_models",
            TINY_OPUS=str(tmp_path / "opus"),
        )
        page = open_page(browser, at=server.address)
        say(page, SPANISH)
        card = page.locator("#finals .gist").first
        expect(card.locator(".translated")).to_have_text("The house is red.")
        expect(card.locator(".translated")).to_have_css("font-weight", "400")
        expect(card.locator(".for-gist")).to_contain_text("For the gist")
        better = card.get_by_role("button", name="Fetch OPUS-MT")
        better.click()
        refused = page.locator('[data-code="not_fetched"]')
        expect(refused).to_contain_text("owner's key")
        page.goto(f"{server.address}/?key={server.key}")
        hub.broken.clear()
        better.click()
        expect(better).to_be_hidden()
        expect(page.locator("#engines summary")).to_contain_text("opus-mt", timeout=COMES_MS)
        say(page, "hola mundo")
        last = page.locator("#finals > li").last
        expect(last.locator(".translated")).to_have_text("hello world")
        expect(last.locator(".translated")).to_have_css("font-weight", "600")
        expect(last.locator(".for-gist")).to_have_count(0)
        page.goto(f"{server.address}/history/")
        page.locator("main .list a").first.click()
        expect(page.locator(".gist .for-gist")).to_have_count(1)


def test_where_nothing_better_is_on_offer_there_is_no_button(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    server = serve(HABLA_TRANSLATOR="apertium")
    page = open_page(browser, at=server.address)
    say(page, SPANISH)
    expect(page.locator("#finals .gist .for-gist")).to_contain_text("For the gist")
    # not even for the owner, who chose it
    expect(page.locator("#finals .better")).to_have_count(0)

"""On a new machine the page shows the download of Whisper, and uses it once it is there."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenPage, Serve
from tests.tiny.fakeindex import index_of, make_wheels
from tests.tiny.whisper import make_whisper

COMES_MS = 40_000


def test_a_page_that_nobody_hears_gets_whisper_by_itself(
    browser: Browser,
    open_page: OpenPage,
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make_whisper(tmp_path / "tiny", "hola mundo", "es")
    packages = tmp_path / "packages"
    make_wheels(packages, model)
    with index_of(packages, monkeypatch) as index:
        index.gate.clear()
        server = serve(
            HABLA_TRANSCRIBER="auto",
            DJANGO_SETTINGS_MODULE="tests.server.tiny_models",
            TINY_BASE=str(model),
            TINY_WHEELS=str(tmp_path / "the same"),
        )
        page = open_page(browser, at=server.address)
        coming = page.locator('[data-code="fetching"]')
        expect(coming).to_contain_text("asking the package index", timeout=COMES_MS)
        deaf = page.locator('[data-code="no_transcriber"]')
        expect(deaf).to_contain_text("Only typed text is translated")
        page.locator("#text").fill("hola")
        page.locator("#text").press("Enter")
        expect(page.locator("#finals .translated")).to_have_text("hello")
        index.gate.set()
        expect(page.locator("#engines summary")).to_contain_text("faster-whisper", timeout=COMES_MS)
        expect(deaf).to_have_count(0)
        expect(coming).to_have_count(0)
        # the same conversation, complete
        expect(page.locator("#finals .translated")).to_have_text("hello")
        page.locator("#text").fill("gracias")
        page.locator("#text").press("Enter")
        expect(page.locator("#finals .translated").last).to_have_text("thanks")

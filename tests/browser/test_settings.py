"""The owner changes the translator on a page, and the next sentence is translated by it."""

from playwright.sync_api import Browser, expect

from tests.browser.chromium import SERVER_GONE
from tests.browser.conftest import OpenPage, Serve
from tests.tiny.fakechat import FakeChat


def test_a_translator_that_is_changed_while_the_server_runs_translates_what_comes_next(
    browser: Browser, open_page: OpenPage, serve: Serve, complaints: list[str]
) -> None:
    complaints += ["403 (Forbidden)", *SERVER_GONE]  # the former without the owner's key
    with FakeChat() as chat:
        server = serve()
        live = open_page(browser, at=server.address)
        live.locator("#text").fill("hola")
        live.locator("#text").press("Enter")
        expect(live.locator("#finals .translated")).to_have_text("hello")
        page = open_page(browser, "/settings/", at=server.address)
        expect(page.get_by_text("manage.py status")).to_be_visible()
        page.goto(f"{server.address}/?key={server.key}")
        expect(page).to_have_url(f"{server.address}/")
        page.goto(f"{server.address}/history/")
        page.get_by_role("link", name="Settings").click()
        page.get_by_label("Translator").select_option("llm")
        page.get_by_label("Address").fill(chat.url)
        page.get_by_label("Key:").fill("s3cret")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(page.get_by_label("Key:")).to_have_value("")
        assert chat.asked == []
        live.locator('[data-code="engines_changed"]').get_by_role("button", name="Reload").click()
        expect(live.locator("#engines")).to_contain_text("llm")
        live.locator("#text").fill("hola mundo")
        live.locator("#text").press("Enter")
        expect(live.locator("#finals .translated").last).to_have_text("hello world")
        assert set(chat.keys) == {"Bearer s3cret"}
        server.end()

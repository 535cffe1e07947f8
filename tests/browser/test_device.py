"""What the page uses of the device: a screen that stays on, and sharing."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage

LOCKS = """
    window.locks = [];
    const request = WakeLock.prototype.request;
    WakeLock.prototype.request = async function (kind) {
        const lock = await request.call(this, kind);
        window.locks.push(lock);
        return lock;
    };
"""
"""Records the browser's own wake locks as they are acquired."""
SHARING = """
    navigator.share = async (what) => {
        window.shared = what.text;
        if ("%s") throw new DOMException("", "%s");
    };
"""
"""A device that shares, or fails in some way: Chromium on Linux has no sharing of its own."""


def type_something(page: Page) -> None:
    field = page.get_by_label("Type instead of speaking")
    field.fill("la casa")
    field.press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("the house")


def share(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#menu summary").click()
    page.get_by_role("button", name="Share").click()


def test_the_screen_stays_on_while_somebody_listens_and_no_longer(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=LOCKS)
    expect(page.locator("#state")).to_have_text("Ready")
    assert page.evaluate("window.locks.length") == 0
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.wait_for_function("window.locks.length === 1")
    assert page.evaluate("[window.locks[0].type, window.locks[0].released]") == ["screen", False]
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Ready")
    page.wait_for_function("window.locks[0].released")
    assert page.evaluate("window.locks.length") == 1


def test_a_device_that_cannot_share_offers_to_copy_instead(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    assert page.evaluate("typeof navigator.share") == "undefined"
    page.locator("#menu summary").click()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Share")).to_be_hidden()


@pytest.mark.parametrize("error", ["", "AbortError"])
def test_what_is_shared_or_not_after_all_is_not_copied(
    browser: Browser, open_page: OpenPage, error: str
) -> None:
    page = open_page(browser, script=SHARING % (error, error))
    type_something(page)
    share(page)
    page.wait_for_function("window.shared !== undefined")
    assert page.evaluate("window.shared").endswith("la casa\nthe house")
    expect(page.locator("#hint")).not_to_contain_text("Copied")


def test_where_sharing_is_refused_the_words_are_copied(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=SHARING % ("NotAllowedError", "NotAllowedError"))
    type_something(page)
    share(page)
    expect(page.locator("#hint")).to_contain_text("Copied")
    assert "la casa\nthe house" in page.evaluate("navigator.clipboard.readText()")

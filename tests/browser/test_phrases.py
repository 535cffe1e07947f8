"""What is worth noticing in a sentence stands below it, in the reader's language."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage

SAID = "Ayer Juan metió la pata"
ABOUT = {
    "en": "(literally “to put one's leg in” · Spain, Latin America · informal)",
    "es": "(literalmente «to put one's leg in» · España, Latinoamérica · informal)",
}
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_count(1)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_an_idiom_is_explained_on_its_card_and_in_the_history(
    browser: Browser, open_page: OpenPage, locale: str
) -> None:
    page = open_page(browser, locale=locale)
    say(page, SAID)
    live = page.locator("#finals .phrase")
    expect(live.locator("b")).to_have_text("metió la pata")
    expect(live.locator("small")).to_have_text(ABOUT[locale])
    assert page.evaluate(FITS)
    words = live.inner_text()
    page.goto(page.url.partition("?")[0] + "history/")
    page.locator("main .list a").first.click()
    kept = page.locator(".phrase")
    expect(kept).to_have_text(words)
    assert page.evaluate(FITS)

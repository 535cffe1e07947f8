"""The newest stays in sight until the reader scrolls back: nothing else ends that."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_page import type_in

REST = """async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    await frame();
    const view = document.getElementById("scroller");
    return view.scrollHeight - view.scrollTop - view.clientHeight;
}"""
"""How far the end of the conversation is below what is seen, in pixels."""
ADD_CARDS = """(count) => {
    const cards = document.getElementById("finals");
    for (let i = 0; i < count; i += 1) cards.append(cards.lastElementChild.cloneNode(true));
}"""
ALL_IN_ONE_FRAME = """() => {
    document.querySelector(".notices").style.minHeight = "250px";
    const cards = document.getElementById("finals");
    for (let i = 0; i < 3; i += 1) cards.append(cards.lastElementChild.cloneNode(true));
}"""


IS_BACK = """() => {
    const view = document.getElementById("scroller");
    return view.scrollHeight - view.scrollTop - view.clientHeight > 300;
}"""


def is_at_end(page: Page) -> bool:
    return bool(page.evaluate(REST) < 2)


def test_only_the_reader_ends_that_the_newest_is_in_sight(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    type_in(page, "hola mundo")
    page.evaluate(ADD_CARDS, 12)
    assert is_at_end(page)
    page.evaluate(ALL_IN_ONE_FRAME)
    assert is_at_end(page)
    page.set_viewport_size({"width": 390, "height": 500})
    assert is_at_end(page)
    for scroll_back in (scroll_by_wheel, scroll_by_key):
        scroll_back(page)
        assert not is_at_end(page)
        page.evaluate(ADD_CARDS, 1)
        assert not is_at_end(page)
        page.locator("#text").fill("gracias")
        page.locator("#text").press("Enter")
        page.get_by_role("button", name="To the newest").click()
        assert is_at_end(page)
        expect(page.get_by_role("button", name="To the newest")).to_be_hidden()


def scroll_by_wheel(page: Page) -> None:
    page.locator("#scroller").hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function(IS_BACK)


def scroll_by_key(page: Page) -> None:
    page.locator("#scroller").focus()
    page.keyboard.press("Home")
    page.wait_for_function(IS_BACK)

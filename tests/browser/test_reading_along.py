"""One person shares a conversation, and another reads along in a browser of their own."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_speaking import cards, finish, listen
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]


def share(page: Page) -> str:
    """Let others read along; return the path of the address that the page shows."""
    page.get_by_text("Copy, share, save").click(force=True)
    page.get_by_role("button", name="Let others read along").click()
    expect(page.locator("#watchers output")).to_contain_text("/watch/")
    return page.locator("#watchers output").inner_text().partition(":")[2].lstrip("/")


def shared(page: Page) -> str:
    path = share(page).partition("/")[2]
    page.get_by_role("button", name="Close").click()
    return f"/{path}"


def type_text(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def test_a_second_browser_follows_the_captions(
    browser: Browser, speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(say("hola mundo la casa es roja") + silence(1)))
    expect(page.locator("#state")).to_have_text("Ready")
    type_text(page, "gracias")
    expect(page.locator("#finals .translated")).to_have_text("thanks")
    reader = open_page(browser, shared(page))
    expect(reader.locator("#state")).to_have_text("Live")
    expect(reader.locator("#finals .translated")).to_have_text("thanks")
    listen(page)
    expect(reader.locator("#partials .stable")).to_contain_text("hola")
    expect(reader.locator("#finals .translated")).to_have_text(
        ["thanks", "hello world the house is red"]
    )
    finish(page)
    assert cards(reader) == cards(page)
    expect(reader.locator("#partials > *")).to_have_count(0)
    expect(reader.locator("nav.nav, .dock, .speaker")).to_have_count(0)
    page.close()
    expect(reader.locator("#state")).to_have_text("Over")
    expect(reader.locator("#notices")).to_contain_text("The conversation is over")
    expect(reader.locator("#finals .translated")).to_have_count(2)


def test_whoever_reads_along_is_told_when_sharing_stops(
    browser: Browser, open_page: OpenPage, complaints: list[str]
) -> None:
    complaints.append("410")
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    address = shared(page)
    reader = open_page(browser, address, locale="es")
    expect(reader.locator("#state")).to_have_text("En directo")
    share(page)
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#watchers [role=status]")).to_have_text("Nobody can read along any more.")
    expect(reader.locator("#notices")).to_contain_text("Ya no puedes leer esta conversación")
    reader.reload()
    expect(reader.locator("main")).to_contain_text("ha dejado de compartirla")


def test_what_is_read_along_is_text_and_never_html(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    reader = open_page(browser, shared(page))
    type_text(page, "<img src=x onerror=alert(1)> hola")
    expect(reader.locator("#finals .source")).to_have_text("<img src=x onerror=alert(1)> hola")
    expect(reader.locator("#finals img")).to_have_count(0)


def test_a_made_address_can_be_copied(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator("#state")).to_have_text("Ready")
    share(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#watchers [role=status]")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#watchers output").inner_text()

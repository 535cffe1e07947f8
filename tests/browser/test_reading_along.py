"""One person shares a conversation, and another reads along in a browser of their own."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.chromium import SERVER_GONE
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_speaking import cards, finish, listen
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]


def share(page: Page) -> str:
    """Let others read along; return the address that the page shows, without its scheme."""
    page.get_by_text("Copy, share, save").click(force=True)
    page.get_by_role("button", name="Let others read along").click()
    expect(page.locator("#watchers output")).to_contain_text("/watch/")
    return page.locator("#watchers output").inner_text().partition(":")[2].lstrip("/")


def shared(page: Page) -> str:
    path = path_of(share(page))
    page.get_by_role("button", name="Close").click()
    return path


def path_of(address: str) -> str:
    return f"/{address.partition('/')[2]}"


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
    page.get_by_text("Copy, share, save").click(force=True)
    page.get_by_role("button", name="End the session").click()
    expect(page.locator("#notices")).to_contain_text("The session has ended")
    expect(reader.locator("#state")).to_contain_text("Paused")
    expect(reader.locator("#notices > *")).to_have_count(0)
    expect(reader.locator("#finals .translated")).to_have_count(2)


def test_reading_along_goes_on_when_whoever_speaks_comes_back(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    address = share(page)
    page.get_by_role("button", name="Close").click()
    reader = open_page(browser, path_of(address))
    for text, translated in (("gracias", "thanks"), ("hola", "hello"), ("agua", "water")):
        expect(reader.locator("#state")).to_have_text("Live")
        type_text(page, text)
        expect(reader.locator("#finals .translated").last).to_have_text(translated)
        page.reload()
        expect(page.locator("#state")).to_have_text("Ready")
    assert cards(reader) == cards(page)
    assert share(page) == address
    late = open_page(browser, path_of(address))
    expect(late.locator("#finals .translated")).to_have_text(["thanks", "hello", "water"])


def test_words_that_are_heard_again_by_the_next_process_are_shown_once(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    address = shared(page)
    reader = open_page(browser, "/history/")
    sockets: list[WebSocketRoute] = []

    def serve(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        tell("watching", is_live=True)

    def tell(kind: str, utterance_id: int | None = None, **fields: object) -> None:
        about = {} if utterance_id is None else {"utterance_id": utterance_id}
        sockets[0].send(json.dumps({"type": kind, "session_id": "s", **about, **fields}))

    reader.route_web_socket("**/ws/watch/**", serve)
    reader.goto(page.url.rstrip("/") + address)
    expect(reader.locator("#state")).to_have_text("Live")
    tell("transcript", 1, text="uno", language="es", direction="es_to_en")
    tell("translation", 1, source="uno", translated="one", direction="es_to_en")
    tell("transcript", 2, text="dos", language="es", direction="es_to_en")
    tell("session_paused", reason="server_quits")
    expect(reader.locator("#state")).to_contain_text("Paused")
    expect(reader.locator("#finals .source")).to_have_text(["uno", "dos"])
    tell("session_resumed", direction="es_to_en", mode="conversation")
    expect(reader.locator("#state")).to_have_text("Live")
    expect(reader.locator("#finals .source")).to_have_text(["uno"])
    tell("transcript", 3, text="dos", language="es", direction="es_to_en")
    tell("translation", 3, source="dos", translated="two", direction="es_to_en")
    expect(reader.locator("#finals .translated")).to_have_text(["one", "two"])


def test_whoever_speaks_sees_how_many_read_along(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    address = shared(page)
    expect(page.locator("#viewers")).to_be_hidden()
    reader = open_page(browser, address)
    expect(page.locator("#viewers")).to_have_text("1 person reads along")
    other = open_page(browser, address)
    expect(page.locator("#viewers")).to_have_text("2 people read along")
    other.context.close()
    expect(page.locator("#viewers")).to_have_text("1 person reads along")
    page.reload()
    expect(page.locator("#viewers")).to_have_text("1 person reads along")
    page.locator("#viewers").click()
    page.get_by_role("button", name="Withdraw").click()
    expect(reader.locator("#state")).to_have_text("Over")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#viewers")).to_be_hidden()


def test_each_address_is_listed_with_its_readers_and_withdrawn_by_itself(
    browser: Browser, open_page: OpenPage, complaints: list[str]
) -> None:
    complaints.append("410")
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    first = share(page)
    code = page.get_by_alt_text("QR code of the address")
    expect(code).to_be_visible()
    assert code.evaluate("(image) => image.naturalWidth") > 100
    expect(page.locator("#watchers .local")).to_contain_text("works on this machine only")
    page.get_by_role("button", name="Close").click()
    page.evaluate("sessionStorage.removeItem('habla.address')")  # as another tab would know it
    page.reload()
    expect(page.locator("#state")).to_have_text("Ready")
    readers = [open_page(browser, path_of(address)) for address in (first, share(page))]
    lines = page.locator("#watchers .tickets li")
    expect(lines).to_have_count(2)
    for line, words in ((lines.first, "This one, made at"), (lines.last, "Made at")):
        expect(line).to_contain_text(words)
        expect(line).to_contain_text("good for 23 h more · 1 person reads along")
    lines.last.get_by_role("button", name="Withdraw").click()
    expect(lines).to_have_count(1)
    expect(page.locator("#watchers [role=status]")).to_contain_text("The others are still good")
    expect(readers[0].locator("#state")).to_have_text("Over")
    expect(readers[1].locator("#state")).to_have_text("Live")
    page.get_by_role("button", name="Close").click()
    page.locator("#viewers").click()
    expect(page.locator("#watchers output")).to_contain_text("/watch/")
    expect(lines).to_have_count(1)


def test_the_address_ends_with_a_new_conversation_and_the_page_says_so(
    browser: Browser, open_page: OpenPage, complaints: list[str]
) -> None:
    complaints.append("410")
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    before = share(page)
    page.get_by_role("button", name="Close").click()
    reader = open_page(browser, path_of(before))
    type_text(page, "gracias")
    expect(reader.locator("#finals .translated")).to_have_text("thanks")
    expect(page.locator("#viewers")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(reader.locator("#state")).to_have_text("Over")
    expect(reader.locator("#notices")).to_contain_text("has begun a new one")
    expect(reader.locator("#finals .translated")).to_have_text("thanks")
    expect(page.locator("#viewers")).to_be_hidden()
    type_text(page, "hola")  # which nobody else sees
    expect(page.locator("#finals .translated")).to_have_text("hello")
    expect(reader.locator("#finals .translated")).to_have_text("thanks")
    after = share(page)
    assert after != before
    expect(page.locator("#watchers [role=status]")).to_contain_text("The one before has ended")
    reader.reload()
    expect(reader.locator("main")).to_contain_text("The conversation that was shared here is over")


def test_a_conversation_that_is_left_without_a_connection_is_not_read_along(
    browser: Browser, open_page: OpenPage, complaints: list[str], serve: Serve
) -> None:
    complaints += [*SERVER_GONE, "Failed to load resource"]
    server = serve()
    page = open_page(browser, at=server.address)
    expect(page.locator("#state")).to_have_text("Ready")
    reader = open_page(browser, shared(page), at=server.address)
    expect(reader.locator("#state")).to_have_text("Live")
    server.end()
    expect(reader.locator("#state")).to_contain_text("Not connected")
    expect(page.locator("#state")).to_contain_text("Not connected")
    page.get_by_role("button", name="New conversation").click()
    server.start()
    expect(reader.locator("#state")).to_have_text("Over")


@pytest.mark.long
def test_reading_along_goes_on_at_the_next_server(
    browser: Browser, open_page: OpenPage, complaints: list[str], serve: Serve
) -> None:
    complaints += SERVER_GONE
    server = serve()
    page = open_page(browser, at=server.address)
    expect(page.locator("#state")).to_have_text("Ready")
    reader = open_page(browser, shared(page), at=server.address)
    type_text(page, "gracias")
    expect(reader.locator("#finals .translated")).to_have_text("thanks")
    server.end()
    expect(reader.locator("#state")).to_contain_text("Not connected")
    server.start()
    for each in (page, reader):
        expect(each.locator("#state")).to_have_text(re.compile("Ready|Live"))
    type_text(page, "hola")
    expect(reader.locator("#finals .translated")).to_have_text(["thanks", "hello"])
    expect(page.locator("#viewers")).to_have_text("1 person reads along")


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
    expect(reader.locator("#notices")).to_contain_text("Ya no puede leer esta conversación")
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

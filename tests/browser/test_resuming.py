"""Numbered words, spoken while the network, page or server is gone: none lost, none told twice."""

import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page, expect

from sessions_app.engines.fake import SPANISH
from tests.browser.chromium import SERVER_GONE
from tests.browser.conftest import OpenPage, Serve
from tests.browser.network import Network, network_to
from tests.browser.server import Server
from tests.browser.test_speaking import listen
from tests.sounds import say, silence

IS_LONG = os.environ.get("LONG_CUTS") == "on"
"""Whether connections are cut for as long as Wi-Fi and laptops are away (`make test-cuts`)."""
CUT_SECONDS = (5, 30, 130) if IS_LONG else (5,)
SENTENCE_WORDS = 6
SENTENCE_SECONDS = SENTENCE_WORDS * 0.25 + 1.2
ALL_MS = 60_000
SLOW = '{"BACKEND": "fake", "OPTIONS": {"delay_seconds": 3}}'
HELD = "Not connected: what you say is kept here and will be sent"
IS_HEARD = """(count) => {
    const said = [...document.querySelectorAll("#finals .source")].map((one) => one.textContent);
    return said.join(" ").split(" ").filter(Boolean).length >= count;
}"""
Speaking = Callable[[bytes], Browser]
Carry = Callable[[Server], Network]


@pytest.fixture(autouse=True)
def broken_sockets(complaints: list[str]) -> None:
    """Expect what browsers log of connections that break."""
    complaints += SERVER_GONE


@pytest.fixture
def carry() -> Iterator[Carry]:
    """Return a function that puts a network between browsers and a server."""
    with ExitStack() as networks:
        yield lambda server: networks.enter_context(network_to(server.port))


def numbered(sentences: int) -> list[str]:
    """Return sentences of which each word tells its place by those around it."""
    choose = random.Random(7)
    words = [choose.choice(SPANISH)]
    while len(words) < sentences * SENTENCE_WORDS:
        words.append(choose.choice([word for word in SPANISH if word != words[-1]]))
    starts = range(0, len(words), SENTENCE_WORDS)
    return [" ".join(words[at : at + SENTENCE_WORDS]) for at in starts]


def spoken(sentences: list[str]) -> bytes:
    return b"".join(say(sentence) + silence(1.2) for sentence in sentences)


def heard(page: Page) -> list[str]:
    """Return the words of all cards, in the order on the page."""
    return " ".join(page.locator("#finals .source").all_inner_texts()).split()


def words_of(sentences: list[str]) -> list[str]:
    return " ".join(sentences).split()


def until_heard(page: Page, count: int) -> None:
    page.wait_for_function(IS_HEARD, arg=count, timeout=ALL_MS)


def until_held(page: Page, seconds: float) -> None:
    """Wait until the page says that it holds so much sound."""
    held = "(least) => Number(document.querySelector('#held').textContent.match(/\\d+/)) >= least"
    page.wait_for_function(held, arg=seconds, timeout=(seconds + 30) * 1000)


@pytest.mark.parametrize("seconds", CUT_SECONDS)
@pytest.mark.parametrize("sound", ["auto", "pcm"])
def test_no_word_is_lost_while_the_network_is_gone(
    carry: Carry, speaking: Speaking, open_page: OpenPage, server: Server, seconds: int, sound: str
) -> None:
    sentences = numbered(3 + round(seconds / SENTENCE_SECONDS))
    network = carry(server)
    choice = f"localStorage.setItem('habla.sound', '\"{sound}\"')"
    page = open_page(speaking(spoken(sentences)), at=network.address, script=choice)
    listen(page)
    until_heard(page, 3)
    network.cut()
    cut_at = monotonic()
    expect(page.locator("#state")).to_have_text(HELD)
    assert monotonic() - cut_at < 3 + 2
    assert "kept in this browser" in str(
        page.locator('[data-code="server_gone_holding"]').text_content()
    )
    until_held(page, seconds)
    network.mend()
    expect(page.locator("#state")).to_have_text(re.compile("Listening|Sending"))
    until_heard(page, len(words_of(sentences)))
    assert heard(page) == words_of(sentences)
    expect(page.locator("#state")).to_have_text("Listening")
    expect(page.locator("#notices .notice")).to_have_count(0)


def test_sentences_that_wait_are_one_line_also_while_the_network_is_gone(
    carry: Carry, speaking: Speaking, open_page: OpenPage, serve: Serve
) -> None:
    server = serve(HABLA_TRANSCRIBER=SLOW)
    network = carry(server)
    sentences = ["hola", "gracias", "mundo", "agua"]  # none is done before the third was said
    page = open_page(speaking(spoken(sentences)), at=network.address)
    listen(page)
    waiting = page.locator(".queue")
    expect(waiting).to_have_text(re.compile(r"^[34] sentences wait for their words$"))
    network.cut()
    expect(page.locator("#state")).to_have_text(HELD)
    expect(waiting).to_be_visible()
    network.mend()
    until_heard(page, len(sentences))
    assert heard(page) == sentences
    expect(waiting).to_have_count(0)


def test_what_was_typed_and_said_in_a_gap_is_told_in_that_order(
    carry: Carry, speaking: Speaking, open_page: OpenPage, server: Server
) -> None:
    sentences = numbered(2)
    network = carry(server)
    page = open_page(speaking(silence(4) + spoken(sentences)), at=network.address)
    listen(page)
    network.reset()
    expect(page.locator("#state")).to_have_text(HELD)
    page.keyboard.press("t")
    page.locator("#text").fill("gracias")
    page.locator("#text").press("Enter")
    until_held(page, 4 + 2 * SENTENCE_SECONDS)
    network.mend()
    until_heard(page, 1 + len(words_of(sentences)))
    assert heard(page) == ["gracias", *words_of(sentences)]


def test_a_reload_goes_on_with_the_same_session_and_sends_what_was_held(
    carry: Carry, speaking: Speaking, open_page: OpenPage, serve: Serve
) -> None:
    sentences = numbered(3)
    network = carry(serve())
    page = open_page(speaking(spoken(sentences)), at=network.address)
    listen(page)
    until_heard(page, SENTENCE_WORDS)
    session = page.evaluate("JSON.parse(sessionStorage.getItem('habla.tab')).session")
    network.cut()
    until_held(page, 2 * SENTENCE_SECONDS + 1)
    page.reload()  # the microphone's file begins anew, too
    expect(page.locator("#state")).to_have_text(HELD)
    network.mend()
    until_heard(page, 2 * len(words_of(sentences)))
    assert heard(page) == 2 * words_of(sentences)
    assert session == page.evaluate("JSON.parse(sessionStorage.getItem('habla.tab')).session")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".list > li")).to_have_count(1)


def test_a_reload_in_the_middle_of_a_sentence_loses_nothing_that_was_recorded(
    speaking: Speaking, open_page: OpenPage, server: Server
) -> None:
    sentences = numbered(2)
    page = open_page(speaking(spoken(sentences)), at=server.address)
    listen(page)
    expect(page.locator("#partials .stable")).to_have_text(re.compile(r"\w+ \w+"))
    shown = page.locator("#partials .stable").inner_text().split()
    page.reload()
    expect(page.locator("#state")).to_have_text("Listening")
    until_heard(page, len(shown) + len(words_of(sentences)))
    # more may have been said before the page was gone than it showed by then
    expect(page.locator("#finals .source").last).to_have_text(sentences[-1])
    told = heard(page)
    assert told[: len(shown)] == shown
    assert told[-len(words_of(sentences)) :] == words_of(sentences)
    assert page.locator("#notices .notice").get_by_text("The end of the stream").count() == 0


def test_a_tab_that_crashed_is_found_by_the_one_that_is_opened_next(
    carry: Carry, speaking: Speaking, open_page: OpenPage, server: Server
) -> None:
    sentences = numbered(3)
    network = carry(server)
    page = open_page(speaking(spoken(sentences)), at=network.address)
    listen(page)
    until_heard(page, SENTENCE_WORDS)
    network.cut()
    until_held(page, 2 * SENTENCE_SECONDS + 1)
    crash(page)
    network.mend()
    again = page.context.new_page()
    again.goto(network.address)
    until_heard(again, 2 * len(words_of(sentences)))
    assert heard(again) == 2 * words_of(sentences)


def crash(page: Page) -> None:
    """Let the process of a page die, as when memory runs out."""
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")


def test_a_tab_that_is_opened_by_hand_begins_a_session_of_its_own(
    browser: Browser, open_page: OpenPage, server: Server
) -> None:
    page = open_page(browser, at=server.address)
    expect(page.locator("#state")).to_have_text("Ready")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#state")).to_have_text("Ready")
    ids = [
        tab.evaluate("JSON.parse(sessionStorage.getItem('habla.tab')).session")
        for tab in (page, other)
    ]
    assert ids[0] != ids[1]
    expect(page.locator("#state")).to_have_text("Ready")


@pytest.mark.parametrize("is_early", [False, True], ids=["later", "at once"])
@pytest.mark.parametrize("is_killed", [False, True], ids=["restarted", "killed"])
def test_no_word_is_lost_while_the_server_is_started_anew(
    speaking: Speaking,
    open_page: OpenPage,
    serve: Serve,
    is_killed: bool,
    is_early: bool,
) -> None:
    sentences = numbered(5)
    server = serve()
    page = open_page(speaking(spoken(sentences)), at=server.address)
    listen(page)
    if not is_early:
        until_heard(page, 1)
    if is_killed:
        server.kill()
    else:
        server.end()
    expect(page.locator("#state")).to_have_text(HELD)
    server.start()
    until_heard(page, len(words_of(sentences)))
    assert heard(page) == words_of(sentences)
    expect(page.locator("#state")).to_have_text("Listening")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Ready")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".list > li")).to_have_count(1)


def test_a_session_that_goes_on_in_another_tab_says_so_and_can_be_taken_back(
    browser: Browser, open_page: OpenPage, server: Server
) -> None:
    page = open_page(browser, at=server.address)
    listen(page)
    attach = """(ticket) => new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/ws/session/?resume=${ticket}&seen=0`);
        socket.addEventListener("message", ({ data }) => resolve(JSON.parse(data).type));
    })"""
    ticket = page.evaluate("JSON.parse(sessionStorage.getItem('habla.tab')).ticket")
    other = page.context.new_page()
    other.goto(page.url + "history/")
    assert other.evaluate(attach, ticket) == "resumed"
    words = page.locator('[data-code="taken_over"]')
    expect(words).to_contain_text("This conversation goes on elsewhere")
    expect(page.get_by_role("button", name="Start")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Go on here").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(words).to_have_count(0)


def test_a_goodbye_ends_the_session_and_wipes_what_was_held(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    server = serve()
    page = open_page(browser, at=server.address)
    page.locator("#text").fill("hola")
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello")
    page.get_by_text("Copy, share, save").click(force=True)
    page.get_by_role("button", name="End the session").click()
    expect(page.locator("#notices")).to_contain_text("The session has ended")
    reasons = page.evaluate(
        "async () => (await (await fetch('/api/sessions')).json()).items.map((one) => one.reason)"
    )
    assert reasons == ["client_left"]
    page.get_by_role("button", name="Begin again").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#finals > li")).to_have_count(0)


STORED = """() => new Promise((resolve) => {
    const opening = indexedDB.open("habla");
    opening.onsuccess = () => {
        const stores = opening.result.transaction(["tabs", "rows"]);
        const counts = ["tabs", "rows"].map((name) => stores.objectStore(name).count());
        stores.oncomplete = () => resolve(counts.map((count) => count.result));
    };
})"""


def test_logging_out_leaves_nothing_of_what_was_held_in_the_browser(
    carry: Carry, browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    server = serve(HABLA_OWNER="off")
    server.add_user("someone", "a long pass phrase")
    network = carry(server)
    page = open_page(browser, at=network.address)
    page.get_by_label("Username").fill("someone")
    page.get_by_label("Password").fill("a long pass phrase")
    page.get_by_role("button", name="Log in").click()
    listen(page)
    network.reset()
    until_held(page, 2)
    page.get_by_text("Appearance and language").click(force=True)
    page.wait_for_function(f"async () => (await ({STORED})())[1] > 5")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Username")).to_be_visible()
    assert page.evaluate(STORED) == [0, 0]


def test_whoever_leaves_with_words_outstanding_is_told_what_becomes_of_them(
    carry: Carry, browser: Browser, open_page: OpenPage, server: Server
) -> None:
    network = carry(server)
    page = open_page(browser, at=network.address)
    listen(page)
    network.reset()
    until_held(page, 2)
    kinds: list[str] = []

    def stay(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    expect(page.locator('[data-code="leaving_kept"]')).to_contain_text("kept in this browser")
    assert kinds == ["beforeunload"]

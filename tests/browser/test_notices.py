"""Notices are brief, can be dismissed until the cause is over, and disappear by themselves."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import PHONE, OpenPage

REFUSING_ONCE = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let isRefused = true;
    navigator.mediaDevices.getUserMedia = async (wishes) => {
        if (isRefused) {
            isRefused = false;
            throw new DOMException("", "NotReadableError");
        }
        return open(wishes);
    };
"""

Tell = Callable[..., None]


@pytest.fixture
def page(browser: Browser, open_page: OpenPage) -> Page:
    return open_page(browser, path="/history/")


@pytest.fixture
def tell(page: Page) -> Tell:
    """Return a function that sends the live page a message, as if from the server."""
    sockets: list[WebSocketRoute] = []

    def kept(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/session/**", kept)
    page.goto(page.url.replace("history/", ""))
    expect(page.locator("#state")).to_have_text("Ready")

    def told(kind: str, **fields: Any) -> None:
        sockets[-1].send(json.dumps({"type": kind, **fields}))

    return told


def lag(tell: Tell, seconds: float) -> None:
    tell("lag", seconds=seconds, dropped_seconds=0)


def say_something(page: Page) -> None:
    """Let there be words, which need the room."""
    page.locator("#text").fill("hola")
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello")


def test_being_behind_takes_one_line_of_a_phone(page: Page, tell: Tell) -> None:
    say_something(page)
    lag(tell, 6)
    notice = page.locator('[data-code="too_slow"]')
    expect(notice.locator("strong")).to_have_text("The server is 6 s behind")
    box = page.locator(".notices").bounding_box()
    assert box is not None
    assert box["height"] < 0.1 * PHONE["height"]
    expect(notice.locator("p")).to_be_hidden()
    page.get_by_role("button", name="What to do").click()
    lag(tell, 11)
    expect(notice.locator("strong")).to_have_text("The server is 11 s behind")
    expect(notice.locator("p")).to_be_visible()


def test_one_line_tells_what_matters_most_and_opens_to_all_without_pushing_the_words_out(
    page: Page, tell: Tell
) -> None:
    say_something(page)
    tell("error", code="no_words", message="No words come.", about="audio", fatal=False)
    lag(tell, 6)
    tell("going_away", deadline_seconds=8)
    expect(page.locator("#notices .notice")).to_have_count(3)
    shown = page.locator("#notices .notice:visible strong")
    expect(shown).to_have_text("No words come of what is said")
    page.set_viewport_size({"width": 844, "height": 390})
    page.get_by_role("button", name="What to do (+2)").click()
    expect(page.locator(".notice strong")).to_have_text(
        [
            "No words come of what is said",
            "The server is 6 s behind",
            "The server is about to restart",
        ]
    )
    expect(page.locator("#notices .notice:visible")).to_have_count(3)
    expect(page.locator("#finals .translated")).to_be_in_viewport(ratio=1)
    tell("resolved", code="no_words")
    lag(tell, 0)
    shown = page.locator("#notices .notice:visible strong")
    expect(shown).to_have_text("The server is about to restart")


def test_what_happened_once_goes_away_by_itself(page: Page) -> None:
    told = """async () => {
        await import("/static/sessions_app/js/strings_en.js");
        const { Notices } = await import("/static/sessions_app/js/notices.js");
        const { describe } = await import("/static/sessions_app/js/problems.js");
        const wait = window.setTimeout;
        window.setTimeout = (work, ms) => wait(work, ms / 1000); // a minute is over soon
        const list = document.createElement("ul");
        const frame = document.createElement("section");
        const more = document.createElement("button");
        frame.className = "notices";
        more.className = "more";
        frame.append(list, more);
        document.body.append(frame);
        const notices = new Notices(list, document.body);
        notices.show(describe("unheard", { seconds: 3 }));
        notices.show(describe("mic_muted"));
        const before = list.children.length;
        await new Promise((resolve) => wait(resolve, 500));
        return [before, ...[...list.children].map((item) => item.dataset.code)];
    }"""
    assert page.evaluate(told) == [2, "mic_muted"]


def test_being_behind_is_shown_until_it_is_over(page: Page, tell: Tell) -> None:
    lag(tell, 6)
    expect(page.locator("#notices .notice")).to_have_count(1)
    lag(tell, 0)
    expect(page.locator("#notices .notice")).to_have_count(0)


def test_whoever_hides_it_hides_it_until_it_is_over(page: Page, tell: Tell) -> None:
    lag(tell, 6)
    page.get_by_role("button", name="Hide").click()
    lag(tell, 9)
    tell("error", code="busy", message="Too much waits.", about="text_input", fatal=False)
    expect(page.locator("#notices .notice")).to_have_count(1)
    expect(page.locator('[data-code="server:busy"]')).to_be_visible()
    lag(tell, 0)
    lag(tell, 4)
    expect(page.locator('[data-code="too_slow"]')).to_have_count(1)


@pytest.mark.parametrize("code", ["no_words", "engines_fail"])
def test_an_error_that_is_over_is_taken_back(page: Page, tell: Tell, code: str) -> None:
    trouble = {"code": code, "message": "No words come.", "about": "audio", "fatal": False}
    notice = page.locator(f'[data-code="server:{code}"]')
    tell("error", **trouble)
    expect(notice).to_be_visible()
    tell("resolved", code=code)
    expect(notice).to_have_count(0)
    tell("error", **trouble)
    notice.get_by_role("button", name="Hide").click()
    tell("error", **trouble)
    tell("lag", seconds=5, dropped_seconds=0)
    expect(page.locator('[data-code="too_slow"]')).to_be_visible()
    expect(notice).to_have_count(0)


def test_what_goes_on_is_told_in_the_words_of_the_page(page: Page, tell: Tell) -> None:
    trouble = {"about": "audio", "fatal": False, "message": "As the server says it."}
    tell("error", code="no_words", **trouble)
    tell("error", code="engines_fail", **trouble)
    words = [page.locator(f'[data-code="server:{code}"]') for code in ("no_words", "engines_fail")]
    expect(words[0].locator("strong")).to_have_text("No words come of what is said")
    expect(words[0]).not_to_contain_text("As the server says it.")
    expect(words[1]).to_contain_text("As the server says it.")
    expect(words[1].locator("strong")).to_have_text("The engines do not work")


def test_what_was_wrong_with_the_sound_says_nothing_of_the_next(page: Page, tell: Tell) -> None:
    tell("error", code="recording_stopped", message="The disk is full.", about="audio", fatal=False)
    expect(page.locator('[data-code="server:recording_stopped"]')).to_be_visible()
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Listening")
    expect(page.locator("#notices .notice")).to_have_count(0)


def test_a_microphone_that_opens_at_last_takes_back_that_it_did_not(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=REFUSING_ONCE)
    page.locator("#listen").click()
    expect(page.locator('[data-code="mic_busy"]')).to_be_visible()
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Listening")
    expect(page.locator('[data-code="mic_busy"]')).to_have_count(0)

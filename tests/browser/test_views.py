"""The live page looked at otherwise: face to face, captions only, and with its controls folded."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.test_device import LOCKS

FOCUS = "() => document.activeElement.id || document.activeElement.className"
DIRECTION = re.compile('"set_direction"')
SILENT = """
    navigator.mediaDevices.getUserMedia = async () => {
        return new AudioContext().createMediaStreamDestination().stream;
    };
"""
"""A microphone at which nobody speaks, so that only the words of a test are shown."""
Tell = Callable[..., None]


@pytest.fixture
def sent() -> list[str]:
    """Return what the page sent to the server as text."""
    return []


@pytest.fixture
def sockets() -> list[WebSocketRoute]:
    return []


@pytest.fixture
def page(
    browser: Browser, open_page: OpenPage, sent: list[str], sockets: list[WebSocketRoute]
) -> Page:
    page = open_page(browser, path="/history/", script=LOCKS + SILENT)

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def on_message(message: str | bytes) -> None:
            sent.append(message if isinstance(message, str) else "")
            server.send(message)

        socket.on_message(on_message)

    page.route_web_socket("**/ws/session/**", between)
    return page


@pytest.fixture
def tell(sockets: list[WebSocketRoute]) -> Tell:
    """Return a function that sends the live page a message, as if from the server."""

    def told(kind: str, **fields: Any) -> None:
        sockets[-1].send(json.dumps({"type": kind, **fields}))

    return told


def look(page: Page, view: str) -> None:
    page.goto(page.url.partition("history/")[0] + f"?view={view}")
    expect(page.locator("#engines summary")).not_to_be_empty()


def test_face_to_face_each_half_has_its_language_its_button_and_the_partial_words(
    page: Page, tell: Tell, sent: list[str]
) -> None:
    look(page, "faces")
    far, near = page.locator(".face.far"), page.locator(".face.near")
    expect(near).to_have_attribute("lang", "en")
    expect(far).to_have_attribute("lang", "es")
    assert page.evaluate("() => getComputedStyle(document.querySelector('.far')).rotate") == (
        "180deg"
    )
    expect(near.get_by_role("button", name="Speak English")).to_be_focused()
    far.get_by_role("button", name="Hablar español").click()
    expect(far.get_by_role("button", name="Parar")).to_have_attribute("aria-pressed", "true")
    assert [json.loads(text)["direction"] for text in sent if DIRECTION.search(text)] == [
        "es_to_en"
    ]
    tell("speech_started", utterance_id=901, at_seconds=0)
    words = {"utterance_id": 901, "stable": "hola", "unstable": "mundo"}
    tell("partial", revision=1, **words)
    expect(far.locator(".own")).to_have_text("hola mundo")
    expect(near.locator(".heard")).to_have_text("hola mundo")
    tell("partial", revision=2, translation="hello", **words)
    expect(near.locator(".theirs")).to_have_text("hello")
    done = {"utterance_id": 901, "direction": "es_to_en", "source": "hola mundo", "phrases": []}
    tell("translation", exchange_id=1, translated="hello world", gist=True, **done)
    expect(near.locator("li")).to_have_text("hello world≈ rough translation")
    expect(far.locator("li")).to_have_text("hola mundo")
    near.get_by_role("button", name="Speak English").click()
    expect(far.get_by_role("button", name="Hablar español")).to_be_visible()
    expect(near.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_role("button", name="Auto").click()
    expect(page.locator(".face-bar .auto")).to_have_attribute("aria-pressed", "true")
    page.locator(".face-bar .auto").click()
    expect(page.locator(".face-bar .auto")).to_have_text("Auto")
    page.get_by_role("button", name="Change places").click()
    expect(near).to_have_attribute("lang", "es")
    expect(near.locator("li")).to_have_text("hola mundo")
    page.keyboard.press("Escape")
    expect(page.locator("#listen")).to_be_focused()
    expect(page.locator("#finals .translated")).to_have_text("hello world")


def test_a_view_has_an_address_and_is_remembered(page: Page) -> None:
    look(page, "captions")
    page.goto(page.url.partition("?")[0])
    expect(page.locator("body")).to_have_attribute("data-view", "captions")
    page.keyboard.press("v")
    expect(page.locator("body")).to_have_attribute("data-view", "cards")
    assert "view" not in page.url
    page.locator("#menu > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-view", "faces")
    assert page.url.endswith("?view=faces")


def test_captions_are_nothing_but_words_until_the_controls_are_asked_for(page: Page) -> None:
    look(page, "captions")
    page.wait_for_function("() => window.locks.length === 1")  # the screen stays on
    page.locator("#listen").click()
    expect(page.locator("#dock")).to_be_hidden()
    expect(page.locator(".top")).to_be_hidden()
    assert page.evaluate(FOCUS) == "scroller"
    page.locator("#scroller").click()
    expect(page.locator("#listen")).to_be_visible()
    page.locator("#scroller").click()
    expect(page.locator("#listen")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#listen")).to_be_visible()
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#listen")).to_be_visible()
    assert not page.evaluate("() => window.locks[0].released")


def test_the_controls_fold_away_while_somebody_listens(page: Page) -> None:
    look(page, "cards")
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Listening")
    dock = page.locator("#dock").bounding_box()
    assert dock is not None
    assert dock["height"] < 0.1 * PHONE["height"]
    assert page.evaluate(FOCUS) == "listen"
    expect(page.locator("#text")).to_be_hidden()
    page.keyboard.press("t")
    page.keyboard.type("hola")
    expect(page.locator("#text")).to_have_value("hola")
    page.get_by_role("button", name="All controls").click()
    expect(page.locator("#text")).to_be_hidden()
    page.get_by_role("button", name="All controls").click()
    expect(page.locator("#text")).to_be_visible()
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#text")).to_be_visible()
    assert page.evaluate(FOCUS) == "listen"


def test_a_view_that_cannot_be_loaded_says_so_and_is_loaded_when_it_can_be(
    page: Page, complaints: list[str]
) -> None:
    complaints.extend(["Failed to load resource", "ERR_INTERNET_DISCONNECTED"])
    look(page, "cards")
    page.route("**/faces.*.js", lambda route: route.abort("internetdisconnected"))
    page.locator("#welcome").get_by_role("button", name="Face to face").click()
    expect(page.locator('.notice[data-code="view_away"]')).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-view", "cards")
    page.unroute("**/faces.*.js")
    page.locator("#welcome").get_by_role("button", name="Face to face").click()
    expect(page.locator(".face.near")).to_be_visible()
    expect(page.locator('.notice[data-code="view_away"]')).to_have_count(0)

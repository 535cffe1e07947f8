"""What the page says and does when the server closes the connection or falls behind."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import OpenPage

Script = Callable[[WebSocketRoute], None]
OpenWith = Callable[[Script], Page]


@pytest.fixture
def open_with(browser: Browser, open_page: OpenPage) -> OpenWith:
    """Return a function that opens the live page on a connection whose first answers are given."""

    def opened(script: Script) -> Page:
        page = open_page(browser, path="/history/")
        page.route_web_socket("**/ws/session/**", script)
        page.goto(page.url.replace("history/", ""))
        return page

    return opened


def told(socket: WebSocketRoute, kind: str, **fields: Any) -> None:
    """Send the page a message, as if from the server."""
    socket.send(json.dumps({"type": kind, **fields}))


@pytest.mark.parametrize(
    ("code", "title", "button"),
    [
        (4401, "Please log in first", "Log in"),
        (4403, "The server does not accept this address", "Try again"),
        (4400, "This page and the server do not understand each other", "Reload"),
        (4408, "The server ended the session after a long silence", "Continue"),
        (4013, "The server is full", "Try now"),
        (4409, "This device or its network could not keep up", "Hide"),
        (4012, "The server cannot be reached", "Try now"),
    ],
)
def test_a_refusal_is_explained_with_what_to_do(
    open_with: OpenWith, code: int, title: str, button: str
) -> None:
    page = open_with(lambda socket: socket.close(code=code))
    notice = page.locator(".notice", has_text=title)
    expect(notice).to_have_count(1)
    if code == 4409:  # what matters more stands before it
        page.get_by_role("button", name="What to do").click()
    expect(notice.get_by_role("button", name=button)).to_be_visible()


def test_the_words_of_a_fatal_error_are_shown(open_with: OpenWith) -> None:
    def broken(socket: WebSocketRoute) -> None:
        message = "The model is not there; run manage.py fetch_models."
        told(socket, "error", code="engine_unavailable", message=message, fatal=True)
        socket.close(code=4011)

    page = open_with(broken)
    expect(page.locator('[data-code="server_error"]')).to_contain_text("run manage.py fetch_models")


def test_a_session_that_was_ended_for_silence_goes_on_when_asked(
    open_with: OpenWith,
) -> None:
    times = iter([4408])

    def once(socket: WebSocketRoute) -> None:
        code = next(times, None)
        if code is None:
            socket.connect_to_server()
        else:
            socket.close(code=code)

    page = open_with(once)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#notices .notice")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "fields", "code", "words"),
    [
        ("lag", {"seconds": 6.2, "dropped_seconds": 0}, "too_slow", "The server is 7 s behind"),
        ("lag", {"seconds": 9, "dropped_seconds": 2.5}, "dropped", "3 s were not heard"),
        ("going_away", {"deadline_seconds": 8}, "going_away", "still translated within 8 s"),
        (
            "loading",
            {"message": "downloading the model", "progress": 0.4},
            "fetching",
            "downloading the model",
        ),
        ("engines_changed", {"generation": 2, "engines": {}}, "engines_changed", "Better engines"),
        (
            "error",
            {"code": "busy", "message": "Too much waits.", "about": "text_input", "fatal": False},
            "server:busy",
            "Too much waits.",
        ),
    ],
)
def test_what_the_server_says_of_itself_is_shown(
    open_with: OpenWith, kind: str, fields: dict[str, Any], code: str, words: str
) -> None:
    def talking(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def on_message(message: str | bytes) -> None:
            socket.send(message)
            if isinstance(message, str) and '"ready"' in message:
                told(socket, kind, **fields)

        server.on_message(on_message)

    page = open_with(talking)
    expect(page.locator(f'[data-code="{code}"]')).to_contain_text(words)
    if kind == "loading":
        expect(page.locator("#notices progress")).to_have_attribute("value", "0.4")


def test_what_was_heard_and_judged_to_be_nothing_vanishes_with_a_hint(
    open_with: OpenWith,
) -> None:
    sockets: list[WebSocketRoute] = []

    def kept(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page = open_with(kept)
    expect(page.locator("#state")).to_have_text("Ready")
    told(sockets[0], "speech_started", utterance_id=1, at_seconds=0.5)
    told(sockets[0], "partial", utterance_id=1, revision=2, stable="gracias", unstable="por ver")
    expect(page.locator("#partials .stable")).to_have_text("gracias")
    expect(page.locator("#partials .unstable")).to_have_text("por ver")
    told(sockets[0], "partial", utterance_id=1, revision=1, stable="", unstable="old")
    told(sockets[0], "discarded", utterance_id=1, reason="hallucination")
    expect(page.locator("#partials > *")).to_have_count(0)
    expect(page.locator("#hint")).to_have_text("A noise that was taken for words was passed over.")
    expect(page.locator("#welcome")).to_be_visible()


def test_a_sentence_that_could_not_be_translated_says_why(
    open_with: OpenWith,
) -> None:
    sockets: list[WebSocketRoute] = []

    def kept(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page = open_with(kept)
    expect(page.locator("#state")).to_have_text("Ready")
    words = {"text": "hola", "language": "es", "direction": "es_to_en", "speaker": None}
    times = {"start_seconds": 1, "end_seconds": 2, "confidence": 1}
    told(sockets[0], "transcript", utterance_id=7, **words, **times)
    expect(page.locator("#finals .note")).to_have_text("Being translated")
    told(sockets[0], "error", code="translation_failed", message="It is down.", about=7)
    expect(page.locator("#finals .note")).to_have_text("Not translated: It is down.")

"""Whoever comes back to a conversation sees it, and is offered to go on with it."""

import json

from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_page import type_in


def test_a_reload_shows_the_unfinished_sentence_and_continue_shows_what_was_said(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, path="/history/")
    sockets: list[WebSocketRoute] = []

    def kept(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/session/**", kept)
    page.goto(page.url.replace("history/", ""))
    type_in(page, "la casa es roja")
    expect(page.locator("#go-on")).to_be_hidden()
    words = {"utterance_id": 901, "revision": 1, "stable": "quiero", "unstable": "agua"}
    sockets[-1].send(json.dumps({"type": "partial", **words}))
    expect(page.locator("#partials .source")).to_have_text("quiero agua")
    page.reload()
    expect(page.locator("#finals .translated")).to_have_text("the house is red")
    expect(page.locator(".said:not(.pair) .source, .interrupted .source")).to_have_text(
        "quiero agua"
    )
    expect(page.get_by_role("button", name="Go on speaking")).to_be_visible()
    type_in(page, "hola mundo")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#go-on")).to_be_hidden()
    type_in(page, "gracias")
    page.goto(page.url.partition("?")[0] + "history/")
    page.locator(".list a", has_text="la casa es roja").first.click()
    page.get_by_role("link", name="Continue").click()
    expect(page.locator("#finals .source")).to_have_text(["la casa es roja", "hola mundo"])
    page.get_by_role("button", name="Go on speaking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    expect(page.locator("#go-on")).to_be_hidden()

"""What goes wrong is explained, with what to do, and recovers by itself where it can."""

import json

import pytest
from playwright.sync_api import Browser, Page, Playwright, WebSocketRoute, expect

from tests.browser.chromium import NO_TO_THE_MICROPHONE, SERVER_GONE, launch
from tests.browser.conftest import OpenPage, Serve

ENGLISH_ONLY = json.dumps({"BACKEND": "fake", "OPTIONS": {"languages": ["en"]}})
REFUSING = """
    navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException("", "{}"); }};
"""
SLOW = """
    window.isSlow = false;
    const waiting = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        if (window.isSlow) waiting.push(() => send.call(this, data));
        else send.call(this, data);
    };
    Object.defineProperty(WebSocket.prototype, "bufferedAmount", {
        get: () => (window.isSlow ? 1000000 : 0),
    });
    window.recover = () => {
        window.isSlow = false;
        waiting.forEach((act) => act());
    };
"""
"""A network that delivers nothing from ``isSlow = true`` until ``recover()``."""
OLD_SERVER = """
    const Kept = WebSocket;
    window.WebSocket = class extends Kept {
        constructor(address) {
            const known = new URL(address);
            ["resumable", "resume", "seen"].forEach((name) => known.searchParams.delete(name));
            super(known);
        }
    };
"""
"""A server that offers no tickets, as those before did."""
MUTED = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {
        const stream = await open(wishes);
        window.track = stream.getAudioTracks()[0];
        return stream;
    };
"""


def notice(page: Page, code: str) -> str:
    """Return the words of the notice ``code``, once it is there."""
    item = page.locator(f'[data-code="{code}"]')
    expect(item).to_have_count(1)
    more = page.locator(".notices .more")
    if more.is_visible() and more.get_attribute("aria-expanded") == "false":
        more.click()
    expect(item).to_be_visible()
    return item.inner_text()


def test_a_microphone_that_is_not_allowed_is_explained(
    player: Playwright, open_page: OpenPage
) -> None:
    with launch(player, NO_TO_THE_MICROPHONE) as browser:
        page = open_page(browser)
        page.get_by_role("button", name="Start").click()
        words = notice(page, "mic_denied")
        assert "The microphone is not allowed" in words
        assert "tap the sign beside the address, then Microphone, Allow" in words
        expect(page.get_by_role("button", name="Start")).to_have_attribute("aria-pressed", "false")
        page.get_by_label("Type instead of speaking").fill("hola")
        page.get_by_label("Type instead of speaking").press("Enter")
        expect(page.locator("#finals .translated")).to_have_text("hello")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        ("NotFoundError", "mic_missing", "No microphone was found"),
        ("NotReadableError", "mic_busy", "Another program may be using it"),
        ("UnknownError", "mic_failed", "The microphone did not start"),
    ],
)
def test_a_microphone_that_does_not_open_is_explained(
    browser: Browser, open_page: OpenPage, error: str, code: str, words: str
) -> None:
    page = open_page(browser, script=REFUSING.format(error))
    page.get_by_role("button", name="Start").click()
    assert words in notice(page, code)


def test_a_muted_and_a_lost_microphone_are_told(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, script=MUTED)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.evaluate("window.track.dispatchEvent(new Event('mute'))")
    assert "The microphone is muted" in notice(page, "mic_muted")
    page.evaluate("window.track.dispatchEvent(new Event('unmute'))")
    expect(page.locator('[data-code="mic_muted"]')).to_have_count(0)
    page.evaluate("window.track.dispatchEvent(new Event('ended'))")
    assert "The microphone is gone" in notice(page, "mic_lost")
    expect(page.locator("#state")).to_have_text("Ready")


def test_a_slow_network_is_told_and_a_new_stream_follows_the_broken_one(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=OLD_SERVER + SLOW)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.evaluate("window.isSlow = true")
    assert "The network is too slow" in notice(page, "slow_network")
    page.evaluate("window.recover()")
    expect(page.locator('[data-code="slow_network"]')).to_have_count(0)
    expect(page.locator("#state")).to_have_text("Listening")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator('[data-code^="server"]')).to_have_count(0)


@pytest.mark.parametrize("script", ["", OLD_SERVER], ids=["new", "old"])
def test_a_server_that_restarts_is_come_back_to_and_nothing_typed_is_lost(
    browser: Browser, open_page: OpenPage, complaints: list[str], serve: Serve, script: str
) -> None:
    complaints += SERVER_GONE
    server = serve()
    page = open_page(browser, at=server.address, script=script)
    field = page.get_by_label("Type instead of speaking")
    field.fill("hola mundo")
    field.press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello world")
    assert server.end() == 0
    assert "What you see stays" in notice(page, "server_gone")
    field.fill("la casa")
    field.press("Enter")
    expect(page.locator("#finals .note")).to_have_text("Waits for the server, and is then sent")
    server.start()
    expect(page.locator("#finals .translated")).to_have_text(["hello world", "the house"])
    expect(page.locator('[data-code="server_gone"]')).to_have_count(0)
    expect(page.locator("#state")).to_have_text("Ready")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".list > li")).to_have_count(1)


def test_a_server_that_cannot_resume_is_listened_to_again_and_the_gap_is_told(
    browser: Browser, open_page: OpenPage, complaints: list[str], serve: Serve
) -> None:
    complaints += SERVER_GONE
    server = serve()
    page = open_page(browser, at=server.address, script=OLD_SERVER)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")
    assert server.end() == 0
    expect(page.locator("#state")).to_have_text("Listening goes on when the server is back")
    server.start()
    expect(page.locator("#state")).to_have_text("Listening")
    assert "were not heard" in notice(page, "unheard")


def test_an_answer_that_a_broken_connection_swallowed_is_fetched(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, path="/history/")
    swallowing = [True]

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def on_message(message: str | bytes) -> None:
            is_answer = isinstance(message, str) and '"transcript"' in message
            if is_answer and swallowing[0]:
                swallowing[0] = False
                server.close()
                socket.close(code=4011)
            else:
                socket.send(message)

        server.on_message(on_message)

    page.route_web_socket("**/ws/session/**", between)
    page.goto(page.url.replace("history/", ""))
    page.get_by_label("Type instead of speaking").fill("quiero agua")
    page.get_by_label("Type instead of speaking").press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("want water")
    expect(page.locator("#finals > li")).to_have_count(1)
    assert swallowing == [False]


def test_a_full_server_is_explained(browser: Browser, open_page: OpenPage, serve: Serve) -> None:
    server = serve(HABLA_MAX_SESSIONS="1")
    first = open_page(browser, at=server.address)
    expect(first.locator("#state")).to_have_text("Ready")
    second = open_page(browser, at=server.address)
    assert "As many people are talking as it can take" in notice(second, "full")


def test_loading_engines_are_told_and_typed_text_waits_for_them(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    slow = json.dumps({"BACKEND": "fake", "OPTIONS": {"load_seconds": 4}})
    server = serve(HABLA_TRANSCRIBER=slow)
    page = open_page(browser, at=server.address)
    assert "The engines are being loaded" in notice(page, "loading")
    page.get_by_label("Type instead of speaking").fill("hola")
    page.get_by_label("Type instead of speaking").press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello")
    expect(page.locator('[data-code="loading"]')).to_have_count(0)


def test_an_engine_that_does_not_know_the_language_is_told_with_a_way_out(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    server = serve(HABLA_TRANSCRIBER=ENGLISH_ONLY)
    page = open_page(browser, at=server.address)
    page.get_by_text("ES → EN").click()
    words = notice(page, "no_language")
    assert "Spanish is not understood on this server" in words
    assert "knows only English" in words
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Start")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Hear English").click()
    expect(page.get_by_role("radio", name="EN → ES")).to_be_checked()
    expect(page.locator('[data-code="no_language"]')).to_have_count(0)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")


def test_an_english_engine_listens_in_auto_under_one_notice(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    page = open_page(browser, at=serve(HABLA_TRANSCRIBER=ENGLISH_ONLY).address)
    page.get_by_text("Auto", exact=True).click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Ready")
    assert "knows only English" in notice(page, "no_language")
    expect(page.locator("[data-code]")).to_have_count(1)


def test_a_server_that_only_takes_typed_text_says_so(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    server = serve(HABLA_TRANSCRIBER="none", HABLA_TRANSLATOR="none")
    page = open_page(browser, at=server.address)
    assert "Only typed text is translated" in notice(page, "no_transcriber")
    assert "The words are shown as they were said" in notice(page, "no_translator")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Start")).to_have_attribute("aria-pressed", "false")


def test_a_page_that_is_not_secure_says_how_to_get_a_secure_one(
    player: Playwright, open_page: OpenPage, serve: Serve, complaints: list[str]
) -> None:
    complaints.append("Cross-Origin-Opener-Policy")
    server = serve(ALLOWED_HOSTS="habla.test")
    server.add_user("someone", "a long pass phrase")
    with launch(player, "--host-resolver-rules=MAP habla.test 127.0.0.1") as browser:
        page = open_page(browser, at=f"http://habla.test:{server.port}")
        page.get_by_label("Username").fill("someone")
        page.get_by_label("Password").fill("a long pass phrase")
        page.get_by_role("button", name="Log in").click()
        words = notice(page, "insecure")
        assert f"open http://localhost:{server.port}/" in words
        assert "https://" in words
        page.get_by_label("Type instead of speaking").fill("hola")
        page.get_by_label("Type instead of speaking").press("Enter")
        expect(page.locator("#finals .translated")).to_have_text("hello")

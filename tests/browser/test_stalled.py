"""A source that stalled: the browser plays its recording on the clock of its words."""

import base64

from playwright.sync_api import Browser, expect

from sessions_app.core.audio import Encoding
from tests.browser.conftest import OpenPage
from tests.engines.streams import encode, stalled
from tests.sounds import say, silence

SPOKEN = silence(0.5) + say("hola mundo") + silence(1) + say("thanks") + silence(0.5)
STALLED_SECONDS = 3.0
WHOLE_SECONDS = len(SPOKEN) / 32_000 + STALLED_SECONDS
SEND = """async (encoded) => {
    const socket = new WebSocket(`ws://${location.host}/ws/session/?direction=auto`);
    const told = (type) => new Promise((resolve) => {
        const hear = ({ data }) => JSON.parse(data).type === type && resolve();
        socket.addEventListener("message", hear);
    });
    await told("ready");
    socket.send(JSON.stringify({ type: "start_listening", encoding: "webm-opus" }));
    socket.send(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)));
    socket.send(JSON.stringify({ type: "stop_listening" }));
    await told("listening_stopped");
    socket.close();
}"""
DECODED = """async () => {
    const address = `${document.getElementById("recording").dataset.api}/audio`;
    const bytes = await (await fetch(address)).arrayBuffer();
    return (await new OfflineAudioContext(1, 1, 8000).decodeAudioData(bytes)).duration;
}"""
TIME = "() => document.getElementById('heard').currentTime"


def test_the_player_and_the_words_go_by_one_clock(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    stream = encode(SPOKEN, Encoding.WEBM_OPUS, late=stalled(1.5, STALLED_SECONDS))
    page.evaluate(SEND, base64.b64encode(stream).decode())
    page.get_by_role("link", name="Recordings").click()
    page.locator(".list a").first.click()
    expect(page.locator("#segments .source")).to_have_text(["hola mundo", "thanks"])
    assert abs(page.evaluate(DECODED) - WHOLE_SECONDS) < 0.2
    page.locator("[data-seek]").first.click()
    expect(page.locator("[aria-current=true] .source")).to_have_text("hola mundo")
    expect(page.locator("[aria-current=true] .source")).to_have_text("thanks")
    assert page.evaluate(TIME) > 2.0 + STALLED_SECONDS - 0.5

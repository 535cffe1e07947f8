"""Speak into the page, read the translation, find it again."""

import json
from collections.abc import Callable
from uuid import UUID

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.sounds import WORD_SECONDS, say, silence, speech

SENT = """
    window.sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        window.sent.push(typeof data === "string" ? JSON.parse(data).type : "sound");
        return send.call(this, data);
    };
    addEventListener("click", () => window.sent.push("click"), {capture: true});
"""
"""Records in the page what is sent, and when somebody clicks."""
LEVEL = "() => Number(document.getElementById('dock').style.getPropertyValue('--level'))"
UNTIL = """
    (holds) => new Promise((resolve) => {
        const look = () => (holds() ? resolve() : requestAnimationFrame(look));
        look();
    })
"""
Speaking = Callable[[bytes], Browser]


def cards(page: Page) -> list[tuple[str, str]]:
    """Return the source and translation of every card, in the order on the page."""
    sources = page.locator("#finals .source").all_inner_texts()
    return list(zip(sources, page.locator("#finals .translated").all_inner_texts(), strict=True))


def listen(page: Page) -> None:
    """Press Start, and wait until the server listens."""
    expect(page.locator("#state")).to_have_text("Ready")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#state")).to_have_text("Listening")


def finish(page: Page) -> None:
    """Press Stop, and wait until everything is translated."""
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Ready")


def test_what_is_spoken_appears_as_words_and_in_the_other_language(
    speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(say("hola mundo la casa es roja") + silence(1) + say("thanks")))
    listen(page)
    expect(page.locator("#partials .stable")).to_contain_text("hola")
    expect(page.locator("#finals .translated")).to_have_text(
        ["hello world the house is red", "gracias"]
    )
    finish(page)
    assert cards(page) == [
        ("hola mundo la casa es roja", "hello world the house is red"),
        ("thanks", "gracias"),
    ]
    expect(page.locator("#finals .speaker")).to_have_text(["Spanish speaker", "English speaker"])
    expect(page.locator("#partials > *")).to_have_count(0)


def test_stopping_keeps_the_last_word(speaking: Speaking, open_page: OpenPage) -> None:
    page = open_page(speaking(say("hola mundo") + speech(8, "gracias")), script=SENT)
    listen(page)
    expect(page.locator("#partials")).to_contain_text("hola mundo")
    page.wait_for_timeout(WORD_SECONDS * 5 * 1000)  # a quick server tells of it before the next
    finish(page)
    assert cards(page) == [("hola mundo gracias", "hello world thanks")]
    sent = page.evaluate("window.sent")
    after_the_click = sent[len(sent) - sent[::-1].index("click") :]
    assert after_the_click[:2] == ["sound", "stop_listening"]


def test_what_was_said_is_shown_after_a_reload_and_kept_in_the_history(
    speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(say("quiero agua")))
    listen(page)
    expect(page.locator("#finals .translated")).to_have_text("want water")
    page.reload()
    expect(page.locator("#finals .translated")).to_have_text("want water")
    page.get_by_role("link", name="History").click()
    page.locator(".list a").first.click()
    expect(page.locator(".source")).to_have_text("quiero agua")
    expect(page.locator(".translated")).to_have_text("want water")


def test_two_browsers_at_once_do_not_mix(speaking: Speaking, open_page: OpenPage) -> None:
    one = open_page(speaking(say("hola mundo")))
    other = open_page(speaking(say("red water")))
    listen(one)
    listen(other)
    expect(one.locator("#finals .translated")).to_have_text("hello world")
    expect(other.locator("#finals .translated")).to_have_text("roja agua")
    finish(one)
    finish(other)
    assert cards(one) == [("hola mundo", "hello world")]
    assert cards(other) == [("red water", "roja agua")]


def test_uncompressed_sound_is_sent_when_somebody_chose_it(
    speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(say("la casa es roja")))
    expect(page.locator("#state")).to_have_text("Ready")
    page.get_by_text("Appearance and language").click(force=True)
    page.get_by_label("How the microphone is sent").select_option("pcm")
    with page.expect_websocket() as socket:
        page.reload()
    started: list[str] = []
    socket.value.on("framereceived", lambda frame: started.append(str(frame)))
    listen(page)
    expect(page.locator("#finals .translated")).to_have_text("the house is red")
    finish(page)
    (told,) = [json.loads(frame) for frame in started if '"listening_started"' in frame]
    assert told["encoding"] == "pcm-s16le"
    assert str(UUID(told["recording"])) == told["recording"]


def test_the_level_moves_with_the_voice(speaking: Speaking, open_page: OpenPage) -> None:
    page = open_page(speaking(silence(1) + speech(4)))
    assert page.evaluate(f"({LEVEL})()") == 0
    listen(page)
    page.evaluate(f"({UNTIL})(() => ({LEVEL})() < 0.2)")
    page.evaluate(f"({UNTIL})(() => ({LEVEL})() > 0.5)")
    finish(page)
    assert page.evaluate(f"({LEVEL})()") == 0


def test_an_answer_to_a_stop_that_comes_late_ends_no_stream_that_began_since(
    speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(silence(1)), path="/history/")
    body = """async () => {
        const { Listening } = await import("/static/sessions_app/js/listening.js");
        const wait = window.setTimeout;
        window.setTimeout = (work, ms) => wait(work, Math.min(ms, 200)); // 40 s are over soon
        const sent = [];
        const begin = () => sent.push("start_listening");
        const end = () => sent.push("stop_listening");
        const way = { begin, end, sound: () => {} };
        const old = { ...way, isHolding: false, isReady: true, backlogBytes: 0 };
        const listening = new Listening(old, () => "pcm");
        const states = [];
        const note = () => states.push(listening.state);
        await listening.start(); note();
        await listening.stop(); note();
        await new Promise((resolve) => wait(resolve, 500)); note();
        await listening.start(); note();
        await listening.streamEnded(false); note();
        await listening.stop(); note();
        await listening.streamEnded(false); note();
        return [states, sent];
    }"""
    states, sent = page.evaluate(body)
    assert states == [
        *("listening", "stopping", "idle"),
        *("listening", "listening", "stopping", "idle"),
    ]
    assert sent == ["start_listening", "stop_listening"] * 2

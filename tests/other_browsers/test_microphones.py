"""The microphone in Firefox and in WebKit: without one, without a loudspeaker, and in a room."""

from collections.abc import Callable
from itertools import groupby

import pytest

from tests.browser.network import network_to
from tests.browser.server import Server
from tests.browser.test_microphones import CONDITIONS
from tests.other_browsers.conftest import BROKEN, Launch, open_live, type_text
from tests.other_browsers.room import Room
from tests.other_browsers.tab import Browser, Tab, eventually
from tests.sounds import silence, speech

TRANSLATED = "#finals .translated"
TOLD = "(codes) => codes.filter((code) => document.querySelector(`[data-code=${code}]`))"
EDITOR = """["scrollHeight", "clientHeight"].map((high) => {
    return document.querySelector(".editor textarea")[high];
})"""
"""How high what is written is, and how much of it is seen."""
Begin = Callable[[Launch], Browser]


def told(tab: Tab) -> list[str]:
    """Return which conditions of the microphone the page tells of."""
    codes: list[str] = tab.call(TOLD, CONDITIONS)
    return codes


def listen(tab: Tab) -> None:
    tab.click("#listen")
    tab.until_texts("#state", ["Listening"])


def finish(tab: Tab) -> None:
    tab.click("#listen")
    tab.until_texts("#state", ["Ready"])


def until_heard(tab: Tab, room: Room, pcm: bytes, words: str) -> None:
    """Say ``pcm``, again and again, until it is translated: a busy machine loses some sound."""

    def heard() -> str:
        room.say(pcm + silence(2))
        said = " ".join(tab.texts(TRANSLATED)).split()
        return " ".join(word for word, _ in groupby(said))  # one that was cut in two is one

    eventually(heard, lambda seen: words in seen, "what was heard")


def choose_sound(tab: Tab, value: str) -> None:
    """Choose how the microphone is sent, and that nothing is taken from it."""
    tab.click("#preferences > summary")
    tab.choose("#sound", value)
    tab.click("#devices .check")  # a steady tone is noise to a browser that suppresses it
    tab.click("#preferences > summary")


@pytest.mark.parametrize("sound", ["auto", "pcm"])
def test_without_a_loudspeaker_firefox_hears_and_calls_nobody_silent(
    start: Begin, firefox: Launch, server: Server, sound: str
) -> None:
    """Its audio contexts do not run where there is no output device."""
    live = open_live(start(firefox), server)
    choose_sound(live, sound)
    listen(live)
    live.until_read("#partials .source", "hola")
    live.until_there("[data-code=mic_unmeasured]")
    assert told(live) == ["mic_unmeasured"]
    finish(live)
    live.until_texts(TRANSLATED, ["hello"])
    assert told(live) == []


def test_a_correction_is_seen_as_a_whole(start: Begin, firefox: Launch, server: Server) -> None:
    """A recording's editor grows with its words, as the live page's field does."""
    live = open_live(start(firefox), server)
    listen(live)
    live.until_read("#partials .source", "hola")
    finish(live)
    live.visit(f"{server.address}/recordings/")
    live.leave("document.querySelector('.list a').click()")
    live.click("[data-edit]")
    live.type_in(".editor textarea", "la casa es roja " * 10)
    written, seen = live.evaluate(EDITOR)
    assert seen >= written > 100


def test_without_a_microphone_webkit_says_so_and_typing_works(
    start: Begin, webkit: Launch, server: Server
) -> None:
    live = open_live(start(webkit), server)
    live.click("#listen")
    live.until_read("#notices", "No microphone was found")
    live.until_texts("#state", ["Ready"])
    type_text(live, "hola")
    live.until_texts(TRANSLATED, ["hello"])


@pytest.mark.parametrize("sound", ["auto", "pcm"])
@pytest.mark.parametrize("heard_by", ["firefox_in_a_room", "webkit_in_a_room"])
def test_what_is_said_in_a_room_is_heard(
    start: Begin,
    request: pytest.FixtureRequest,
    room: Room,
    server: Server,
    heard_by: str,
    sound: str,
) -> None:
    live = open_live(start(request.getfixturevalue(heard_by)), server)
    choose_sound(live, sound)
    listen(live)
    until_heard(live, room, speech(0.6, "hola") + speech(0.6, "mundo"), "hello world")
    until_heard(live, room, speech(0.6, "thanks"), "gracias")
    assert told(live) == []
    finish(live)


@pytest.mark.parametrize("heard_by", ["firefox_in_a_room", "webkit_in_a_room"])
def test_what_is_said_without_a_connection_and_after_a_reload_is_heard(
    start: Begin,
    request: pytest.FixtureRequest,
    room: Room,
    server: Server,
    complaints: list[str],
    heard_by: str,
) -> None:
    complaints += BROKEN
    with network_to(server.port) as network:
        live = open_live(start(request.getfixturevalue(heard_by)), server, network.address)
        choose_sound(live, "auto")
        listen(live)
        until_heard(live, room, speech(0.6, "hola"), "hello")
        network.cut()
        room.say(silence(1) + speech(0.6, "mundo") + silence(1))
        live.until_read("#state", "what you say is kept here")
        room.say(speech(0.6, "mundo") + silence(1))
        network.mend()
        live.until_read(TRANSLATED, "world")
        live.until_texts("#state", ["Listening"])
        live.leave("location.reload()")
        live.until_texts("#state", ["Listening"])
        until_heard(live, room, speech(0.6, "gracias"), "thanks")
        assert told(live) == []
        finish(live)

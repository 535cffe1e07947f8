"""A conversation in Firefox and in WebKit: typed, kept, found again, followed, looked at."""

import pytest

from tests.browser.network import network_to
from tests.browser.server import Server
from tests.browser.test_layout import FAULTS, LEAST_FIELD, LEAST_WORDS
from tests.other_browsers.conftest import BROKEN, DESK, PHONE, Serve, open_live, type_text
from tests.other_browsers.tab import ENTER, ESCAPE, SHIFT, TAB, Browser, Tab

TRANSLATED = "#finals .translated"
MOST_STOPS = 5
"""After how many presses of the Tab key Start has the focus."""
IS_KEPT = """async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    return registration?.active?.state === "activated" && (await caches.keys()).length === 1;
}"""
FIELD = (
    "[document.querySelector('#text').scrollHeight, document.querySelector('#text').clientHeight]"
)
"""How high what is typed is, and how much of it is seen."""
FOCUS = "document.activeElement.id || document.activeElement.className"


def test_what_is_typed_is_translated_kept_and_there_again(live: Tab, server: Server) -> None:
    type_text(live, "hola mundo")
    live.until_texts(TRANSLATED, ["hello world"])
    live.visit(f"{server.address}/history/")
    live.until_texts("h1", ["History"])
    live.leave("document.querySelector('.list a').click()")
    live.until_read("main", "hello world")
    live.leave("history.go(-2)")
    live.until_texts(TRANSLATED, ["hello world"])
    live.until_texts("#state", ["Ready"])
    type_text(live, "la casa")
    live.until_texts(TRANSLATED, ["hello world", "the house"])
    live.leave("location.reload()")
    live.until_texts(TRANSLATED, ["hello world", "the house"])
    live.leave("history.forward()")
    live.until_texts("h1", ["History"])
    live.leave("history.back()")
    live.until_texts(TRANSLATED, ["hello world", "the house"])
    live.visit(f"{server.address}/recordings/")
    live.until_texts("h1", ["Recordings"])
    live.visit(f"{server.address}/settings/")
    live.until_texts("h1", ["Settings"])


def test_the_pages_speak_both_languages_and_look_as_was_chosen(live: Tab, server: Server) -> None:
    live.click("#preferences > summary")
    live.choose("#theme", "dark")
    live.choose("#text-size", "huge")
    live.until("() => document.documentElement.dataset.theme === 'dark'")
    live.choose("#language", "es")
    live.leave("document.querySelector('#language + button').click()")
    live.until_texts("#state", ["Listo"])
    live.until_texts("#listen", ["Empezar"])
    live.visit(f"{server.address}/history/")
    live.until_texts("h1", ["Historial"])
    assert live.evaluate("{ ...document.documentElement.dataset }")["theme"] == "dark"
    assert live.evaluate("{ ...document.documentElement.dataset }")["textSize"] == "huge"


def test_a_second_window_reads_along(browser: Browser, live: Tab, server: Server) -> None:
    type_text(live, "gracias")
    live.until_texts(TRANSLATED, ["thanks"])
    live.click("#menu > summary")
    live.click("[data-do=watch]")
    live.until_read("#watchers output", "/watch/")
    address = live.texts("#watchers output")[0]
    reader = browser.open_tab()
    reader.visit(f"{server.address}/watch/{address.partition('/watch/')[2]}")
    reader.until_texts("#state", ["Live"])
    reader.until_texts(TRANSLATED, ["thanks"])
    live.press(ESCAPE)
    type_text(live, "hola mundo")
    reader.until_texts(TRANSLATED, ["thanks", "hello world"])
    live.until_read("#viewers", "1 person reads along")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_cut_or_overlaps(live: Tab, size: tuple[int, int]) -> None:
    live.resize(*size)
    type_text(live, "la casa es roja")
    live.until_texts(TRANSLATED, ["the house is red"])
    found = {"cards": live.call(FAULTS, [LEAST_FIELD, LEAST_WORDS])}
    for view, shown in (("faces", ".face.near"), ("captions", "#finals")):
        live.evaluate("document.activeElement.blur()")
        live.press("v")
        live.until(f"() => document.body.dataset.view === '{view}'")
        live.until("(shown) => document.querySelector(shown).checkVisibility()", shown)
        found[view] = live.call(FAULTS, [LEAST_FIELD, LEAST_WORDS])
    assert found == {"cards": [], "faces": [], "captions": []}


def test_the_field_is_as_high_as_what_is_typed(live: Tab) -> None:
    one_line = live.evaluate(FIELD)
    live.type_in("#text", "hola")
    for line in ("mundo", "gracias"):
        live.press_with(SHIFT, ENTER)
        live.press(line)
    written, seen = live.evaluate(FIELD)
    assert written > 1.5 * one_line[0]
    assert seen >= written
    live.press(ENTER)
    live.until_there(TRANSLATED)
    assert live.evaluate(FIELD) == one_line


def test_start_is_near_by_the_tab_key(live: Tab) -> None:
    type_text(live, "hola")
    live.until_texts(TRANSLATED, ["hello"])
    live.leave("location.reload()")
    live.until_texts(TRANSLATED, ["hello"])
    reached = []
    for _ in range(MOST_STOPS):
        live.press(TAB)
        reached.append(live.evaluate(FOCUS))
    assert "listen" in reached


def test_words_typed_while_the_connection_is_lost_are_sent_when_it_is_back(
    browser: Browser, server: Server, complaints: list[str]
) -> None:
    complaints += BROKEN
    with network_to(server.port) as network:
        live = open_live(browser, server, network.address)
        type_text(live, "hola")
        live.until_texts(TRANSLATED, ["hello"])
        network.reset()
        live.until("() => document.querySelector('#state').textContent !== 'Ready'")
        type_text(live, "mundo")
        live.until_read("#finals .note", "Waits for the server")
        network.mend()
        live.until_texts(TRANSLATED, ["hello", "world"])
        live.until_texts("#state", ["Ready"])


def test_without_a_server_a_page_says_so_and_goes_on_when_it_is_back(
    browser: Browser, serve: Serve, complaints: list[str]
) -> None:
    complaints += BROKEN
    own = serve()
    live = open_live(browser, own)
    live.until(IS_KEPT)
    own.kill()
    live.leave("location.reload()")
    live.until_texts("h1", ["Habla's server cannot be reached"])
    own.start()
    live.until_texts("#state", ["Ready"])

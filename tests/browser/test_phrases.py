"""Phrases worth noticing are shown below a sentence, in the reader's language."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import OpenPage

SAID = "Ayer Juan metió la pata"
ABOUT = {
    "en": "(literally “to put one's leg in” · Spain, Latin America · informal)",
    "es": "(literalmente «to put one's leg in» · España, Latinoamérica · informal)",
}
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_count(1)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_an_idiom_is_explained_on_its_card_and_in_the_history(
    browser: Browser, open_page: OpenPage, locale: str
) -> None:
    page = open_page(browser, locale=locale)
    say(page, SAID)
    live = page.locator("#finals .phrase")
    expect(live.locator("b")).to_have_text("metió la pata")
    expect(live.locator("small")).to_have_text(ABOUT[locale])
    assert page.evaluate(FITS)
    words = live.inner_text()
    page.goto(page.url.partition("?")[0] + "history/")
    page.locator("main .list a").first.click()
    kept = page.locator(".phrase")
    expect(kept).to_have_text(words)
    assert page.evaluate(FITS)


STAYS_IN_ORDER = """note => {
  const copy = note.cloneNode(true);
  copy.querySelector("del").textContent = "\u202ewrong";  // what turns round all that follows
  copy.querySelector("ins").textContent = "right";
  note.after(copy);
  const parts = [...copy.querySelectorAll("del, ins")];
  const [first, second] = parts.map(part => part.getBoundingClientRect());
  copy.remove();
  return first.right <= second.left;
}"""


@pytest.mark.parametrize(("locale", "name"), [("en", "Correction"), ("es", "Corrección")])
def test_a_mistake_that_is_put_right_is_drawn_as_such(
    browser: Browser, open_page: OpenPage, locale: str, name: str
) -> None:
    page = open_page(browser, path="/history/", locale=locale)
    mended = {"kind": "correction", "wrong": "since three years", "right": "for three years"}
    mended |= {"why": "dura", "text": "for three years", "meaning": "dura", "literal": ""}

    def teaching(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def on_message(message: str | bytes) -> None:
            if isinstance(message, str) and '"translation"' in message:
                message = json.dumps(json.loads(message) | {"phrases": [mended]})
            socket.send(message)

        server.on_message(on_message)

    page.route_web_socket("**/ws/session/**", teaching)
    page.goto(page.url.replace("history/", ""))
    say(page, "I live here since three years")
    note = page.locator("#finals .correction")
    expect(note).to_have_text(f"{name}: since three years → for three years: dura")
    expect(note.locator("del")).to_have_text("since three years")
    expect(note.locator("ins")).to_have_text("for three years")
    expect(page.locator("#finals .phrase")).to_have_count(0)
    assert note.evaluate(STAYS_IN_ORDER)
    page.locator("#menu > summary").click()
    with page.expect_download() as download:
        page.locator("[data-do=txt]").click()
    text = Path(download.value.path()).read_text()
    assert "  * ✗ since three years → ✓ for three years: dura" in text


def test_the_class_says_what_it_cannot_do_without_a_language_model(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    notice = page.locator('[data-code="no_corrections"]')
    page.locator("#mode").select_option("classroom")
    expect(notice).to_contain_text("Mistakes are not corrected here")
    page.locator("#mode").select_option("conversation")
    expect(notice).to_have_count(0)

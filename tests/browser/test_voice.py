"""The page speaks translations, does not interpret itself, and says and plays sentences again."""

from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_speaking import cards, finish, listen
from tests.browser.voices import VOICES, settings
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]
PRESS_MS = 900
TALK = (
    say("hola mundo") + silence(2.5) + say("la casa es roja") + silence(5) + say("gracias")
) + silence(2)


def hold(page: Page, words: Locator) -> None:
    """Press on ``words`` for a while."""
    box = words.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(PRESS_MS)
    page.mouse.up()


def test_the_page_does_not_interpret_itself_and_says_that_it_speaks(
    speaking: Speaking, open_page: OpenPage
) -> None:
    chosen = settings(speakEn="true") + "window.speechSeconds = 4.5;"
    page = open_page(speaking(TALK), script=VOICES + chosen)
    listen(page)
    expect(page.locator("#speaking")).to_be_visible()
    expect(page.locator("#speaking")).to_contain_text("the microphone hears silence")
    expect(page.locator("#finals .source")).to_have_text(["hola mundo", "gracias"])
    expect(page.locator("#speaking")).to_be_visible()
    finish(page)
    expect(page.locator("#speaking")).to_be_hidden()
    assert cards(page) == [("hola mundo", "hello world"), ("gracias", "thanks")]
    assert page.evaluate("window.spoken.map(([text]) => text)") == ["hello world", "thanks"]
    with page.expect_response("**/segments/1/audio") as first:
        hold(page, page.locator("#finals .source").first)
    assert first.value.ok
    page.locator("#finals .source").first.click()
    assert page.evaluate("window.spoken.at(-1)[0]") == "hola mundo"
    with page.expect_response("**/segments/2/audio") as newest:
        page.keyboard.press("p")
    assert newest.value.ok


def test_a_tap_says_a_sentence_again_and_what_was_typed_has_nothing_to_play(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=VOICES)
    expect(page.locator("#state")).to_have_text("Ready")
    for words in ("la casa", "gracias"):
        page.locator("#text").fill(words)
        page.locator("#text").press("Enter")
        expect(page.locator("#finals .source").last).to_have_text(words)
    expect(page.locator("#finals .translated")).to_have_count(2)
    assert page.evaluate("window.spoken") == []
    expect(page.locator("#finals .recorded")).to_have_count(0)
    page.locator("#finals .translated").first.click()
    expect(page.locator("#speaking")).to_be_visible()
    page.get_by_role("button", name="Be quiet").click()
    expect(page.locator("#speaking")).to_be_hidden()
    page.locator("#listen").focus()
    page.keyboard.press("s")
    for key in ("k", "k", "s"):
        page.keyboard.press(key)
    hold(page, page.locator("#finals .source").first)
    spoken = page.evaluate("window.spoken.map(([text, language]) => [text, language])")
    assert spoken == [
        ["the house", "en_GB"],
        ["thanks", "en_GB"],
        ["the house", "en_GB"],
        ["la casa", "es-ES"],
    ]


def test_voices_are_chosen_in_a_dialog_and_kept(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, script=VOICES, locale="es")
    expect(page.locator("#state")).to_have_text("Listo")
    page.locator("#menu summary").click()
    page.get_by_role("button", name="Decir las traducciones").click()
    into = page.locator("#voices fieldset[data-language=en]")
    into.get_by_label("Decirlas según llegan").check()
    into.get_by_label("Voz").select_option(label="Far")
    into.get_by_label("Velocidad").fill("1.3")
    page.locator("#voices").get_by_role("button", name="Cerrar").click()
    page.reload()
    expect(page.locator("#state")).to_have_text("Listo")
    page.locator("#text").fill("hola")
    page.locator("#text").press("Enter")
    expect(page.locator("#speaking")).to_be_visible()
    expect(page.locator("#speaking")).to_contain_text("Habla la página")
    assert page.evaluate("window.spoken") == [["hello", "en-US", "Far", 1.3]]

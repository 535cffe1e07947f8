"""The page itself: its language, its keys, its looks, and exports."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage

TEXT = "Type instead of speaking"
MANY_CARDS = """
    const cards = document.getElementById("finals");
    while (cards.children.length < 300) cards.append(cards.lastElementChild.cloneNode(true));
"""
MOST_STOPS = 5
"""After how many presses of the Tab key Start has the focus, however much was said."""
FOCUS = "document.activeElement.id || document.activeElement.className"

PARTS = ("#preferences > summary", "#direction", "#mode", "#typing button", "#listen", "#anew")
CONTRASTS = """
    () => {
        const pairs = [
            ["ink", "paper"], ["ink", "surface"], ["muted", "paper"], ["muted", "surface"],
            ["accent", "paper"], ["accent", "surface"], ["accent-ink", "accent"],
            ["danger-ink", "danger"], ["danger", "surface"], ["ink", "danger-soft"],
            ["ink", "warning-soft"], ["ink", "accent-soft"],
            ["spanish", "surface"], ["english", "surface"],
        ];
        const style = getComputedStyle(document.documentElement);
        const light = (name) => {
            const hex = style.getPropertyValue("--" + name).trim();
            const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
                .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return Object.fromEntries(pairs.map(([text, behind]) => {
            const [low, high] = [light(text), light(behind)].sort((a, b) => a - b);
            return [text + " on " + behind, (high + 0.05) / (low + 0.05)];
        }));
    }
"""
"""The contrast of text and background of every pair of colours that is used (WCAG 2.2, 1.4.3)."""


def type_in(page: Page, text: str) -> None:
    """Type ``text`` and wait for its translation."""
    shown = page.locator("#finals .translated").count()
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_count(shown + 1)


def preferences(page: Page) -> None:
    page.locator("#preferences > summary").click()


def test_the_page_speaks_spanish_to_those_who_do(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, locale="es-ES")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#listen")).to_have_text("Empezar")
    expect(page.locator("#state")).to_have_text("Listo")
    page.locator("#listen").click()
    expect(page.locator("#listen")).to_have_text("Parar")
    expect(page.locator("#state")).to_have_text("Escuchando")
    page.get_by_role("button", name="Todos los mandos").click()
    type_in(page, "hola")
    expect(page.locator("#finals .speaker").last).to_have_text("Quien habla español")


def test_the_language_of_the_pages_can_be_changed_and_stays(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    preferences(page)
    page.get_by_label("Language of these pages").select_option("es")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("link", name="Historial")).to_be_visible()
    page.get_by_role("link", name="Historial").click()
    expect(page.locator("h1")).to_have_text("Historial")
    preferences(page)
    page.get_by_label("Idioma de estas páginas").select_option("en")
    page.get_by_role("button", name="Cambiar").click()
    expect(page.locator("h1")).to_have_text("History")


def test_colours_and_text_size_are_chosen_once_for_all_pages(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    preferences(page)
    page.get_by_label("Colours").select_option("dark")
    page.get_by_label("Text size").select_option("huge")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(page.url + "history/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-text-size", "huge")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    preferences(page)
    page.get_by_label("Colours").select_option("system")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_single_keys_steer_the_page_but_not_while_somebody_types(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.get_by_role("radio", name="Auto")).to_be_checked()
    page.keyboard.press("d")
    expect(page.get_by_role("radio", name="EN → ES")).to_be_checked()
    page.keyboard.press("m")
    expect(page.locator("#state")).to_have_text("Listening")
    page.keyboard.press("m")
    expect(page.locator("#state")).to_have_text("Ready")
    page.keyboard.press("t")
    expect(page.get_by_label(TEXT)).to_be_focused()
    page.keyboard.type("mtd")
    expect(page.get_by_label(TEXT)).to_have_value("mtd")
    page.keyboard.press("Escape")
    expect(page.locator("#listen")).to_be_focused()
    preferences(page)
    page.get_by_label("Single keys steer the live page").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#listen")).to_have_attribute("aria-pressed", "false")


def test_everything_is_reached_by_the_tab_key_and_start_first(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    type_in(page, "hola")
    page.reload()
    expect(page.locator("#finals .translated")).to_have_count(1)
    page.evaluate(MANY_CARDS)
    expect(page.locator("#finals .translated")).to_have_count(300)
    reached: list[str] = []
    while "speaker" not in reached:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUS))
    wanted = ["skip", "listen", "mode", "text", "speaker"]
    assert [name for name in reached if name in wanted] == wanted
    assert reached.index("listen") < MOST_STOPS


def test_a_speaker_is_given_a_name(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    type_in(page, "hola mundo")
    type_in(page, "la casa")
    page.get_by_role("button", name="Spanish speaker").first.click()
    page.get_by_label("Name").fill("María")
    page.get_by_role("button", name="Rename").last.click()
    expect(page.locator("#finals .speaker")).to_have_text(["María", "María"])
    type_in(page, "gracias")
    expect(page.locator("#finals .speaker").last).to_have_text("María")


def test_a_new_conversation_begins_empty_and_the_old_one_is_kept(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    type_in(page, "quiero agua")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#finals > li")).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    type_in(page, "no gracias")
    page.goto(page.url + "history/")
    titles = page.locator(".list h2")
    expect(titles.nth(0)).to_contain_text("no gracias")
    expect(titles.nth(1)).to_contain_text("quiero agua")


def test_a_conversation_of_the_history_is_gone_on_with(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    type_in(page, "la casa es roja")
    page.goto(page.url + "history/")
    page.locator(".list a").first.click()
    page.get_by_role("link", name="Continue").click()
    type_in(page, "sí gracias")
    page.goto(page.url.split("?")[0] + "history/")
    page.locator(".list a").first.click()
    expect(page.locator(".source")).to_have_text(["la casa es roja", "sí gracias"])


@pytest.mark.parametrize(
    ("button", "ending", "words"),
    [
        ("Save as text", ".txt", "Spanish speaker: quiero agua\nwant water"),
        ("Save as subtitles", ".srt", "1\n00:00:00,000 --> 00:00:02,000\nquiero agua\nwant water"),
    ],
)
def test_the_conversation_is_saved_as_a_file(
    browser: Browser, open_page: OpenPage, tmp_path: Path, button: str, ending: str, words: str
) -> None:
    page = open_page(browser)
    type_in(page, "quiero agua")
    page.locator("#menu > summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    file = tmp_path / "conversation"
    download.value.save_as(file)
    assert download.value.suggested_filename.startswith("habla-")
    assert download.value.suggested_filename.endswith(ending)
    assert words in file.read_text()


def test_the_conversation_is_copied(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#menu > summary").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#hint")).to_have_text("Nothing has been said yet.")
    type_in(page, "la casa")
    page.locator("#menu > summary").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#hint")).to_have_text("Copied.")
    assert "Spanish speaker: la casa\nthe house" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    "path", ["/", "/history/", "/recordings/", "/login/", "/admin/", "/api/docs", "/nowhere"]
)
@pytest.mark.parametrize("locale", ["en", "es"])
def test_no_page_is_wider_than_a_phone_or_breaks_its_own_rules(
    browser: Browser, open_page: OpenPage, complaints: list[str], path: str, locale: str
) -> None:
    complaints.append("404 (Not Found)")
    page = open_page(browser, path=path, locale=locale)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


@pytest.mark.parametrize("size", ["medium", "huge"])
def test_the_largest_text_still_fits_the_smallest_phone(
    browser: Browser, open_page: OpenPage, size: str
) -> None:
    page = open_page(browser, script=f"localStorage.setItem('habla.textSize', '\"{size}\"')")
    page.set_viewport_size({"width": 320, "height": 640})
    type_in(page, "hola mundo")
    expect(page.locator("html")).to_have_attribute("data-text-size", size)
    for part in (
        "#direction",
        "#listen",
        "#anew",
        "#typing button",
        "#mode",
        "#preferences > summary",
    ):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        assert box["y"] + box["height"] <= 640


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(
    browser: Browser, open_page: OpenPage, theme: str
) -> None:
    page = open_page(browser, script=f"localStorage.setItem('habla.theme', '\"{theme}\"')")
    ratios = page.evaluate(CONTRASTS)
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}

"""A speaker whom nobody has named is called in the reader's language, in the history too."""

from django.template.loader import render_to_string
from django.utils.translation import override
from playwright.sync_api import Browser, Page, expect

from sessions_app.pipeline.speakers import DEFAULT_NAMES
from tests.browser.conftest import OpenPage


def shown(name: str) -> str:
    """Return what a Spanish page calls the speaker of that name."""
    with override("es"):
        return render_to_string("sessions_app/speaker.html", {"name": name}).strip()


def test_default_names_are_told_in_spanish() -> None:
    assert shown(DEFAULT_NAMES["es"]) == "Quien habla español"
    assert shown(DEFAULT_NAMES["en"]) == "Quien habla inglés"


def test_a_name_that_somebody_gave_is_never_translated() -> None:
    assert shown("Live") == "Live"
    assert shown("<b>Ana</b>") == "&lt;b&gt;Ana&lt;/b&gt;"


def type_in(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_count(1)


def test_a_name_given_in_one_tab_is_shown_in_the_other(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    type_in(page, "hola mundo")
    page.goto(page.url + "history/")
    page.locator(".list a").first.click()
    history = page.url
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(history)
        tab.get_by_role("link", name="Continue").click()
    for tab, text in ((page, "quiero agua"), (other, "la casa")):
        expect(tab.locator("#state")).to_have_text("Ready")
        tab.locator("#text").fill(text)
        tab.locator("#text").press("Enter")
        expect(tab.locator("#finals .source").last).to_have_text(text)
    page.locator("#finals .speaker").last.click()
    page.get_by_label("Name").fill("Ana")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.locator("#finals .speaker").last).to_have_text("Ana")
    expect(other.locator("#finals .speaker").last).to_have_text("Ana")


def test_a_name_of_which_nothing_can_be_seen_changes_nothing(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    page.locator("#text").fill("\u200b\u2060")
    page.locator("#text").press("Enter")
    type_in(page, "hola")
    page.locator("#finals .speaker").click()
    page.get_by_label("Name").fill("\u200b")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.locator("#text").fill("mundo")
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .speaker")).to_have_text(["Spanish speaker"] * 2)
    expect(page.locator("#notices .notice")).to_have_count(0)

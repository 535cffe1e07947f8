"""axe-core finds nothing wrong with any page of ours, in both themes."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_page import type_in
from tests.browser.test_reading_along import shared

FOUND = find_spec("axe_playwright_python")
AXE = Path(FOUND.origin or "").with_name("axe.min.js") if FOUND else None
RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]);
}"""
PAGES = (
    *("history/", "history/?q=casa", "recordings/", "login/", "settings/", "nowhere"),
    *("phone/", "offline/"),
)
pytestmark = pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")


def violations(page: Page) -> dict[str, Any]:
    """Return what axe-core finds on ``page`` as it is now, by rule, in the light and the dark."""
    assert AXE is not None
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = {}
    for theme in ("light", "dark"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        found |= {f"{theme} {rule}": nodes for rule, nodes in page.evaluate(RUN)}
    return found


def test_no_page_of_ours_shuts_anybody_out(
    browser: Browser, open_page: OpenPage, complaints: list[str]
) -> None:
    complaints += ["404 (Not Found)", "Applying inline style"]  # the latter by axe-core itself
    page = open_page(browser)
    expect(page.locator("#state")).to_have_text("Ready")
    home = page.url
    found = {"empty": violations(page)}
    type_in(page, "la casa es roja")
    page.locator("#listen").click()
    expect(page.locator("#partials .source")).to_contain_text("hola")
    found["said"] = violations(page)
    page.get_by_role("button", name="All controls").click()
    page.locator("#menu > summary").click()
    found["menu"] = violations(page)
    page.keyboard.press("Escape")
    for view in ("faces", "captions"):
        page.goto(f"{home}?view={view}")
        expect(page.locator("#engines summary")).not_to_be_empty()
        found[view] = violations(page)
    page.goto(f"{home}?view=cards")
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Ready")
    page.goto(home.rstrip("/") + shared(page))
    expect(page.locator("#finals .translated").first).to_be_visible()
    found["watch"] = violations(page)
    for path in PAGES:
        page.goto(home + path)
        found[path] = violations(page)
    for path in ("history/", "recordings/"):
        page.goto(home + path)
        page.locator(".list a").first.click()
        page.wait_for_load_state()
        found[f"one of {path}"] = violations(page)
        page.get_by_role("link", name="Delete").click()
        found[f"delete one of {path}"] = violations(page)
    assert {name: rules for name, rules in found.items() if rules} == {}

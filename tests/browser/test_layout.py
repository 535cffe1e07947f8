"""The live page fits every screen at every size of the text: nothing is cut, nothing overlaps."""

import json

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.test_views import SILENT

SCREENS = ((320, 640), (390, 844), (844, 390), (1280, 800), (640, 400))
"""In CSS pixels; the last one is 1280 by 800 at 200 %."""
LEAST_FIELD = 120
"""Pixels in which a word can be typed."""
LEAST_WORDS = 40
"""Pixels in which a line can be read."""
FAULTS = """([leastField, leastWords]) => {
    const seen = (one) => one.checkVisibility({ visibilityProperty: true })
        && !one.closest(".hidden, .skip") && one.getClientRects().length > 0;
    const nameOf = (one) => one.id || one.className || one.textContent.trim().slice(0, 20);
    const kinds = "a, button, select, textarea, summary, .segments label, #state";
    const parts = [...document.querySelectorAll(kinds)].filter(seen);
    const scrollers = "#scroller, .face-words, .notices.open, .dock.foldable:not(.folded)";
    const scrolled = (one) => one.closest(scrollers);
    const boxes = parts.map((one) => [one, one.getBoundingClientRect()]);
    const faults = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) faults.push(`the page is ${scrollWidth} wide`);
    for (const [one, { left, right, top, bottom, width, height }] of boxes) {
        const fits = left > -1 && top > -1 && right < innerWidth + 1 && bottom < innerHeight + 1;
        if (!fits && !scrolled(one)) faults.push(`${nameOf(one)} is not on the screen`);
        const isSqueezed = one.textContent.trim().length > 3 && height > 3 * width;
        if (isSqueezed) faults.push(`${nameOf(one)} is squeezed`);
        const isHigher = one.clientHeight && one.scrollHeight > one.clientHeight + 1;
        const holdsMore = isHigher || (one.clientWidth && one.scrollWidth > one.clientWidth + 1);
        if (holdsMore && one.matches("[class*=button], [class*=listen], select, label")) {
            faults.push(`${nameOf(one)} is cut: ${one.scrollWidth} of ${one.clientWidth}`);
        }
    }
    boxes.forEach(([one, box], i) => boxes.slice(i + 1).forEach(([other, next]) => {
        if (one.contains(other) || other.contains(one) || scrolled(one) !== scrolled(other)) return;
        const wide = Math.min(box.right, next.right) - Math.max(box.left, next.left);
        const high = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
        if (wide > 1 && high > 1) faults.push(`${nameOf(one)} overlaps ${nameOf(other)}`);
    }));
    const field = document.getElementById("text");
    const { clientWidth } = field;
    if (seen(field) && clientWidth < leastField) faults.push(`the field is ${clientWidth} wide`);
    for (const words of document.querySelectorAll("#scroller, .face-words")) {
        const high = words.clientHeight;
        if (seen(words) && high < leastWords) faults.push(`${nameOf(words)} is ${high} high`);
    }
    return faults;
}"""
SET_SIZE = """(size) => {
    localStorage.setItem("habla.textSize", JSON.stringify(size));
    dispatchEvent(new CustomEvent("habla:setting", { detail: { name: "textSize" } }));
}"""
FRAMES = """() => new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
})"""


def faults(page: Page, name: str) -> list[str]:
    """Return what is wrong on each screen, at two sizes of the text."""
    found: list[str] = []
    for size in ("medium", "huge"):
        page.evaluate(SET_SIZE, size)
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(FRAMES)
            wrong = page.evaluate(FAULTS, [LEAST_FIELD, LEAST_WORDS])
            found += [f"{name}, {width}x{height}, {size}: {fault}" for fault in wrong]
    page.set_viewport_size(PHONE)
    return found


@pytest.mark.parametrize("locale", ["en", "es"])
def test_nothing_is_cut_or_overlaps(browser: Browser, open_page: OpenPage, locale: str) -> None:
    page = open_page(browser, path="/history/", script=SILENT, locale=locale)
    sockets: list[WebSocketRoute] = []

    def kept(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/session/**", kept)
    page.goto(page.url.replace("history/", ""))
    expect(page.locator("#engines summary")).not_to_be_empty()
    found = faults(page, "empty")
    page.locator("#text").fill("la casa es roja")
    page.locator("#text").press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("the house is red")
    sockets[-1].send(json.dumps({"type": "lag", "seconds": 6, "dropped_seconds": 0}))
    sockets[-1].send(json.dumps({"type": "viewers", "count": 2}))
    expect(page.locator("#notices .notice")).to_have_count(1)
    found += faults(page, "said")
    page.locator("#listen").click()
    expect(page.locator("#listen")).to_have_attribute("aria-pressed", "true")
    found += faults(page, "listening")
    page.keyboard.press("v")
    expect(page.locator(".face.near")).to_be_visible()
    found += faults(page, "faces")
    page.keyboard.press("v")
    expect(page.locator("#dock")).to_be_hidden()
    found += faults(page, "captions")
    assert found == []

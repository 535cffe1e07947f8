"""The pure modules of a recording's page, each alone, in the browser that runs them."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import OpenPage


@pytest.fixture
def page(browser: Browser, open_page: OpenPage) -> Page:
    return open_page(browser, path="/recordings/")


def run(page: Page, module: str, body: str) -> Any:
    """Run ``body`` with everything that ``module`` exports as ``m``; return what it returns.

    The words are there that the page of a recording loads.
    """
    words, path = (f"/static/playback_app/js/{name}.js" for name in ("strings_en", module))
    loaded = f"await import('{words}'); const m = await import('{path}');"
    return page.evaluate(f"async () => {{ {loaded} {body} }}")


def test_the_page_says_the_same_things_in_both_languages(page: Page) -> None:
    holes = """
        const { spanish } = await import("/static/playback_app/js/strings_es.js");
        const shape = (words) => Object.entries(words)
            .map(([key, text]) => [key, (text.match(/\\{\\w+\\}/g) ?? []).sort().join()]).sort();
        return [m.english, spanish].map(shape);
    """
    english, spanish = run(page, "strings_en", holes)
    assert english == spanish


def test_lengths_read_as_on_a_clock(page: Page) -> None:
    told = run(page, "player", "return [0, 59.9, 61, 7265].map((seconds) => m.clock(seconds));")
    assert told == ["0:00", "0:59", "1:01", "2:01:05"]


def test_the_waveform_is_as_high_as_its_loudest_sample(page: Page) -> None:
    body = "return [...m.loudest(Float32Array.of(0, 0.1, -0.5, 0.2, 0, 0), 3)];"
    assert run(page, "player", body) == pytest.approx([0.2, 1, 0])


def test_the_waveform_of_silence_is_flat(page: Page) -> None:
    assert run(page, "player", "return [...m.loudest(new Float32Array(8), 2)];") == [0, 0]


def test_what_is_being_heard_is_marked_and_nothing_between(page: Page) -> None:
    body = """
        const list = document.createElement("ol");
        for (const [start, end] of [[0, 1], [4, 5]]) {
            const item = document.createElement("li");
            Object.assign(item.dataset, {start, end});
            list.append(item);
        }
        const follower = new m.Follower(list);
        const marked = (seconds) => {
            follower.show(seconds);
            return [...list.children].findIndex((item) => item.ariaCurrent === "true");
        };
        return [[0.5, 3, 4, 4.9, 9, 0].map(marked), follower.spans];
    """
    assert run(page, "following", body) == [[0, -1, 1, 1, -1, 0], [[0, 1], [4, 5]]]

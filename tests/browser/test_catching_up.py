"""What waits to be transcribed: the live page says so before one leaves, the history afterwards."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_speaking import listen
from tests.moody import moody
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]
TALK = say("hola mundo") + silence(1) + say("gracias") + silence(1)


def slow(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Return a file, and the settings of a server that is slow while that is there."""
    mood = tmp_path / "mood"
    mood.touch()
    settings = {
        "HABLA_TRANSCRIBER": moody(mood, is_slow=True),
        "HABLA_DRAIN_SECONDS": "0.5",
        "HABLA_RESUME_SECONDS": "0",
        "HABLA_REHEARSAL_SECONDS": "0",
    }
    return mood, settings


def test_the_history_shows_what_waits_and_each_sentence_as_it_comes(
    speaking: Speaking, open_page: OpenPage, serve: Serve, tmp_path: Path
) -> None:
    mood, settings = slow(tmp_path)
    settings |= {"HABLA_TRANSCRIBER": moody(mood)}  # it fails, so that the next try has to wait
    server = serve(**settings)
    page = open_page(speaking(TALK), f"/?key={server.key}", at=server.address)
    listen(page)
    expect(page.locator("#finals .note")).to_have_count(2)
    page.goto(f"{server.address}/history/")
    while not page.locator("ol.list a").count():  # the session is still ending
        page.reload()
    page.locator("ol.list a").click()
    waiting = page.locator("#waiting")
    expect(waiting).to_contain_text("2 sentences wait to be transcribed.")
    expect(page.locator(".source")).to_have_count(0)
    mood.unlink()
    page.get_by_role("button", name="Transcribe now").click()
    expect(page.locator(".source")).to_have_text(["hola mundo", "gracias"])
    expect(page.locator(".translated")).to_have_text(["hello world", "thanks"])
    expect(page.locator(".late")).to_have_text(["afterwards", "afterwards"])
    expect(waiting).to_have_count(0)
    expect(page.locator(".whole")).to_have_text("2 sentences")
    expect(page.locator("time").first).not_to_contain_text("UTC")


def left(page: Page) -> list[str]:
    """Leave the page; return the kinds of what the browser asked before."""
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.close(run_before_unload=True)
    if not page.is_closed():
        page.wait_for_event("close")
    return asked


@pytest.mark.parametrize(
    ("recording", "locale", "words", "asked"),
    [
        ("on", "en", "You may leave", []),
        ("off", "en", "if you leave now, they are lost", ["beforeunload"]),
        ("off", "es", "si se va ahora, se pierden", ["beforeunload"]),
    ],
)
def test_the_page_says_before_one_leaves_what_becomes_of_what_is_still_unheard(
    speaking: Speaking,
    open_page: OpenPage,
    serve: Serve,
    tmp_path: Path,
    recording: str,
    locale: str,
    words: str,
    asked: list[str],
) -> None:
    _, settings = slow(tmp_path)
    server = serve(**settings, HABLA_RECORDING=recording)
    page = open_page(speaking(TALK), f"/?key={server.key}", at=server.address, locale=locale)
    page.locator("#listen").click()
    notice = page.locator('[data-code="leaving"]')
    expect(notice).to_contain_text("2")
    page.get_by_role("button", name=re.compile("What to do|Qué hacer")).click()
    expect(notice).to_contain_text(words)
    assert left(page) == asked


def test_nobody_is_kept_who_has_all_words(speaking: Speaking, open_page: OpenPage) -> None:
    page = open_page(speaking(TALK))
    listen(page)
    expect(page.locator("#finals .translated")).to_have_count(2)
    expect(page.locator('[data-code="leaving"]')).to_have_count(0)
    assert left(page) == []

"""Takes a screenshot of every page: `python -m tests.browser.screenshots DIRECTORY`."""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import PROGRAM, launch
from tests.browser.network import network_to
from tests.browser.server import Server
from tests.sounds import say, silence, wav

WIDTHS = {390: 844, 1280: 800}
THEMES = ("light", "dark")
SPOKEN = (
    silence(1)
    + say("hola mundo la casa es roja")
    + silence(1.2)
    + say("thanks the house is red")
    + silence(1.2)
    + say("quiero agua gracias no no no sí hola mundo")
    + silence(60)
)
TAKE_OVER = """() => {
    const { ticket } = JSON.parse(sessionStorage.getItem("habla.tab"));
    window.other = new WebSocket(`ws://${location.host}/ws/session/?resume=${ticket}&seen=0`);
}"""
"""Attaches to the session of the page by another connection."""


def main() -> int:
    """Take them all; return the exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args().directory
    if PROGRAM is None:
        sys.stderr.write("chromium is not installed; on Debian: apt install chromium\n")
        return 1
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as server:
        take_all(server, Path(data), directory)
    return 0


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """Serve, with engines that need no model."""
    server = Server(data)
    server.start()
    try:
        yield server
    finally:
        server.end()


def take_all(server: Server, data: Path, directory: Path) -> None:
    """Take a screenshot of every page at every width in every theme."""
    sound = data / "spoken.wav"
    sound.write_bytes(wav(SPOKEN))
    with sync_playwright() as player:
        for width in WIDTHS:
            for theme in THEMES:
                with launch(player, sound=sound) as browser:
                    page = open_page(browser, width, theme)
                    take_each(page, server, directory, f"{width}-{theme}")
            with launch(player, sound=sound) as browser:
                take_gap(open_page(browser, width, "light"), server, directory, f"{width}-light")


def open_page(browser: Browser, width: int, theme: str) -> Page:
    """Open an empty page of ``width`` pixels."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme="dark" if theme == "dark" else "light",
        device_scale_factor=1,
        locale="en",
    )
    return context.new_page()


def take_each(page: Page, server: Server, directory: Path, suffix: str) -> None:
    """Speak, and take a screenshot of every page on the way."""

    def take(name: str, is_long: bool = False) -> None:
        page.screenshot(path=directory / f"{name}-{suffix}.png", full_page=is_long)

    page.goto(f"{server.address}/?key={server.key}")
    expect(page.locator("#state")).to_have_text("Ready")
    take("live-empty")
    page.locator("#listen").click()
    expect(page.locator("#finals .translated")).to_have_count(2)
    expect(page.locator("#partials .stable")).to_contain_text("gracias")
    take("live")
    page.locator("#preferences > summary").click()
    take("preferences")
    page.locator("#listen").click()
    for name, path in (("history", "/history/"), ("search", "/history/?q=agua")):
        page.goto(server.address + path)
        take(name, is_long=True)
    page.locator(".list a").first.click()
    take("conversation", is_long=True)
    page.get_by_role("link", name="Delete").click()
    take("delete")
    take_recordings(page, server, take)
    for name, path in (
        ("login", "/login/"),
        ("phone", "/phone/"),
        ("missing", "/nowhere"),
        ("admin", "/admin/"),
        ("admin-sessions", "/admin/sessions_app/translationsession/"),
        ("admin-recordings", "/admin/sessions_app/recording/"),
        ("admin-playbacks", "/admin/playback_app/playback/"),
        ("api", "/api/docs"),
    ):
        page.goto(server.address + path)
        page.wait_for_load_state("networkidle")
        take(name)


def take_gap(page: Page, server: Server, directory: Path, suffix: str) -> None:
    """Take what the live page says while the network is gone, slow and back; and when replaced."""

    def take(name: str) -> None:
        page.screenshot(path=directory / f"gap-{name}-{suffix}.png")

    state = page.locator("#state")
    with network_to(server.port) as network:
        page.goto(f"{network.address}/?key={server.key}")
        expect(state).to_have_text("Ready")
        page.locator("#listen").click()
        expect(page.locator("#finals .translated")).to_have_count(1)
        network.cut()
        expect(page.locator("#held")).to_contain_text("12 s")
        take("not-connected")
        network.bytes_per_second = 6_000
        network.mend()
        expect(state).to_contain_text("Sending")
        expect(page.locator("#held")).to_contain_text("s left")
        take("sending")
        network.bytes_per_second = 0
        expect(state).to_have_text("Listening")
        take("caught-up")
        page.evaluate(TAKE_OVER)
        expect(page.locator('[data-code="taken_over"]')).to_be_visible()
        take("taken-over")


def take_recordings(page: Page, server: Server, take: Callable[[str, bool], None]) -> None:
    """Hear, play through Habla, and correct what was spoken last; take every page on the way."""
    page.goto(server.address + "/recordings/")
    take("recordings", True)
    page.locator(".list a").first.click()
    expect(page.locator("#wave > div")).to_be_visible()
    page.locator("[data-seek]").last.click()
    expect(page.locator("[aria-current=true]")).to_be_visible()
    take("recording", True)
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#through-said .translated")).not_to_have_count(0)
    take("recording-through", True)
    page.locator("[data-edit]").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("¡Hola, mundo! La casa es roja.")
    page.keyboard.press("Control+Enter")
    take("recording-corrected", True)
    page.get_by_role("link", name="Delete").click()
    take("recording-delete", False)


if __name__ == "__main__":
    sys.exit(main())

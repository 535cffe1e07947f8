"""Browsers and the server they visit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browser.chromium import PROGRAM, Complaints, launch
from tests.browser.server import ROOT, Server
from tests.patience import PATIENCE_SECONDS
from tests.sounds import silence, wav

PHONE: ViewportSize = {"width": 390, "height": 844}
ANSWER_MS = PATIENCE_SECONDS * 1000
"""How long a page may take for anything."""
expect.set_options(timeout=ANSWER_MS)

OpenPage = Callable[..., Page]
Serve = Callable[..., Server]


@pytest.fixture(scope="package")  # an idle server, too, takes some of what other tests wait for
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("browser-server"))
    served.start()
    yield served
    assert served.end() == 0


@pytest.fixture(scope="module")
def player() -> Iterator[Playwright]:
    # per module: Playwright's loop must have ended when an asynchronous test begins
    if PROGRAM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(player: Playwright) -> Iterator[Browser]:
    """Return a browser whose microphone beeps."""
    with launch(player) as launched:
        yield launched


@pytest.fixture
def complaints() -> list[str]:
    """Return a list in which a test names the errors that it expects; any other is a failure."""
    return []


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a server for this test, with settings in its environment."""
    with ExitStack() as servers:

        def started(root: Path = ROOT, **environment: str) -> Server:
            own = Server(tmp_path, **environment)
            own.root = root
            servers.callback(own.end)
            own.start()
            return own

        yield started


@pytest.fixture
def open_page(server: Server, serve: Serve, complaints: list[str]) -> Iterator[OpenPage]:
    """Return a function that opens a page of its own in a browser, and records its errors.

    It requires ``serve`` so that pages are closed before the servers they show.
    """
    heard = Complaints()
    with ExitStack() as contexts:

        def opened(
            browser: Browser,
            path: str = "/",
            *,
            at: str = server.address,
            script: str = "",
            locale: str = "en",
        ) -> Page:
            context = contexts.enter_context(browser.new_context(viewport=PHONE, locale=locale))
            context.set_default_timeout(ANSWER_MS)
            page = context.new_page()
            heard.listen(page)
            if script:
                page.add_init_script(script)
            if at == server.address:  # as the owner, who opened the printed address once
                context.request.get(f"{at}/?key={server.key}")
            page.goto(at + path)
            return page

        yield opened
    assert heard.other_than(complaints) == []


@pytest.fixture
def speaking(player: Playwright, tmp_path: Path) -> Iterator[Callable[[bytes], Browser]]:
    """Return a function that starts a browser whose microphone plays PCM once, after a silence."""
    with ExitStack() as browsers:

        def launched(pcm: bytes) -> Browser:
            file = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
            file.write_bytes(wav(silence(1.0) + pcm + silence(3.0)))
            return browsers.enter_context(launch(player, sound=file))

        yield launched

"""Firefox and WebKit, and the server they visit: `make test-browsers`."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.server import Server
from tests.other_browsers import bidi, classic
from tests.other_browsers import room as rooms
from tests.other_browsers.room import Room
from tests.other_browsers.tab import ENTER, Browser, Tab

SILENT = {name: value for name, value in os.environ.items() if name != "PULSE_SERVER"}
"""The environment of a browser that has no sound device."""
BROKEN = [
    "WebSocket",
    "establish a connection to the server",
    "was interrupted",
    "Could not connect",
    "Failed to load resource",
]
"""What the two write of connections that break."""
PHONE, DESK = (390, 844), (1280, 800)
Launch = Callable[[], Browser]
Start = Callable[..., Tab]
Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("other-browsers"))
    served.start()
    yield served
    assert served.end() == 0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a server for this test."""
    with ExitStack() as servers:

        def started(**environment: str) -> Server:
            own = Server(tmp_path, **environment)
            servers.callback(own.end)
            own.start()
            return own

        yield started


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    if rooms.PROGRAM is None:
        pytest.skip("pulseaudio is not installed")
    with rooms.room() as opened:
        yield opened


@pytest.fixture(scope="session")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Return a Firefox without a sound device, whose microphone is a tone: a word of the fakes."""
    if bidi.PROGRAM is None:
        pytest.skip("firefox-esr is not installed")
    with bidi.running(tmp_path_factory.mktemp("firefox"), SILENT) as (connection, version):
        yield lambda: bidi.Firefox(connection, version)


@pytest.fixture(scope="session")
def firefox_in_a_room(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Iterator[Launch]:
    """Return a Firefox whose microphone is the room's."""
    if bidi.PROGRAM is None:
        pytest.skip("firefox-esr is not installed")
    profile = tmp_path_factory.mktemp("firefox-in-a-room")
    preferences = {"media.navigator.streams.fake": False}
    environment = {**SILENT, **room.environment}
    with bidi.running(profile, environment, preferences) as (connection, version):
        yield lambda: bidi.Firefox(connection, version)


@pytest.fixture(scope="session")
def webkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Return a WebKit without a microphone and without a loudspeaker."""
    if classic.PROGRAM is None or classic.DISPLAY_PROGRAM is None:
        pytest.skip("webkit2gtk-driver and xvfb are not installed")
    with classic.running(tmp_path_factory.mktemp("webkit"), SILENT) as driver:
        yield lambda: classic.WebKit(driver)


@pytest.fixture(scope="session")
def webkit_in_a_room(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Iterator[Launch]:
    """Return a WebKit whose microphone is the room's."""
    if classic.PROGRAM is None or classic.DISPLAY_PROGRAM is None:
        pytest.skip("webkit2gtk-driver and xvfb are not installed")
    environment = {**SILENT, **room.environment}
    with classic.running(tmp_path_factory.mktemp("webkit-in-a-room"), environment) as driver:
        yield lambda: classic.WebKit(driver)


@pytest.fixture
def complaints() -> list[str]:
    """Return a list in which a test names the errors that it expects; any other is a failure."""
    return []


@pytest.fixture
def start(complaints: list[str]) -> Iterator[Callable[[Launch], Browser]]:
    """Return a function that makes a browser for this test, in which no page may complain."""
    started: list[Browser] = []

    def launched(launch: Launch) -> Browser:
        started.append(launch())
        return started[-1]

    yield launched
    heard = [text for browser in started for text in browser.complaints()]
    for browser in started:
        browser.close()
    assert [text for text in heard if not any(part in text for part in complaints)] == []


@pytest.fixture(params=["firefox", "webkit"])
def browser(request: pytest.FixtureRequest, start: Callable[[Launch], Browser]) -> Browser:
    """Return each of the two browsers, without a sound device."""
    return start(request.getfixturevalue(request.param))


@pytest.fixture
def live(browser: Browser, server: Server) -> Tab:
    """Return the live page of the owner, on a phone."""
    return open_live(browser, server)


def open_live(browser: Browser, server: Server, at: str = "") -> Tab:
    """Open the live page as the owner, who followed the printed address; wait until it is ready."""
    tab = browser.open_tab()
    tab.resize(*PHONE)
    tab.visit(f"{at or server.address}/?key={server.key}")
    tab.until_texts("#state", ["Ready"])
    return tab


def type_text(tab: Tab, text: str) -> None:
    """Type ``text`` key by key, and the key that sends it."""
    tab.type_in("#text", f"{text}{ENTER}")

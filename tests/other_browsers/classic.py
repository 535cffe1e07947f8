"""Debian's WebKitGTK, driven by its own WebKitWebDriver: classic WebDriver, which is HTTP."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.browser.server import free_port
from tests.other_browsers.tab import Actions, Browser, BrowserError, Tab, eventually
from tests.patience import PATIENCE_SECONDS

PROGRAM = shutil.which("WebKitWebDriver")
DISPLAY_PROGRAM = shutil.which("Xvfb")
MINI_BROWSER = "webkit2gtk-4.1/MiniBrowser"
END_SECONDS = 20
INNER = "[innerWidth, innerHeight]"
RECORD = """(() => {
    if (window.complaints) return;
    window.complaints = [];
    const note = (kind, words) => window.complaints.push(`${kind}: ${words.join(" ")}`);
    for (const level of ["error", "warn"]) console[level] = (...words) => note(level, words);
    addEventListener("error", ({ message }) => note("uncaught", [message]));
    addEventListener("unhandledrejection", ({ reason }) => note("uncaught", [reason]));
})()"""
"""Records what a page complains of from now on: this driver has no other way to know."""
STYLE = (
    "* { min-width: 0; padding: 0; margin: 0; font-size: 5px; -gtk-icon-transform: scale(0.5); }"
)
"""Of the browser's own toolbar, which else makes it wider than a phone."""


class Driver:
    """Commands to a WebKitWebDriver, each one request."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, method: str, path: str, **body: Any) -> Any:
        """Send a command; return its value.

        Raises:
            BrowserError: the driver or the browser could not do it.
        """
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, json.dumps(body) if method == "POST" else None)
            value = json.loads(connection.getresponse().read())["value"]
        except ConnectionError as error:
            raise BrowserError("the driver does not answer") from error
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise BrowserError(f"{path}: {value['error']}: {value.get('message')}")
        return value


class WebKitTab(Tab):
    """One window of a session; commands go to the window that was switched to last."""

    def __init__(self, session: "WebKit", handle: str) -> None:
        self._session = session
        self._handle = handle
        self._complaints: list[str] = []

    def visit(self, address: str) -> None:
        self.complaints()
        self._post("url", url=address)
        self.evaluate(RECORD)

    def leave(self, expression: str) -> None:
        self.complaints()
        super().leave(expression)
        self.evaluate(RECORD)

    def complaints(self) -> list[str]:
        """Return what its pages complained of, but for their first moments."""
        self._complaints += self.evaluate("(window.complaints ?? []).splice(0)")
        return self._complaints

    def evaluate(self, expression: str) -> Any:
        script = f"return (async () => JSON.stringify(await ({expression})))()"
        told = self._post("execute/sync", script=script, args=[])
        return json.loads(told or "null")

    def perform(self, actions: Actions) -> None:
        self._post("actions", actions=actions)

    def resize(self, width: int, height: int) -> None:
        """Make the window larger than the page by what surrounds it, which takes a moment."""
        self._session.switch(self._handle)
        outer = self._session.send("GET", "window/rect")
        inner_width, inner_height = self.evaluate(INNER)
        wide = width + outer["width"] - inner_width
        high = height + outer["height"] - inner_height
        self._post("window/rect", width=wide, height=high)
        eventually(
            lambda: self.evaluate(INNER), lambda inner: inner == [width, height], "a page's size"
        )

    def screenshot(self) -> bytes:
        self._session.switch(self._handle)
        return base64.b64decode(self._session.send("GET", "screenshot"))

    def _post(self, command: str, **body: Any) -> Any:
        self._session.switch(self._handle)
        return self._session.send("POST", command, **body)


class WebKit(Browser):
    """A MiniBrowser that was started for one test and forgets all with it."""

    name = "webkit"

    def __init__(self, driver: Driver, arguments: Sequence[str] = ()) -> None:
        options = {"binary": _mini_browser(), "args": ["--automation", *arguments]}
        wishes = {"webkitgtk:browserOptions": options, "unhandledPromptBehavior": "accept"}
        told = driver.send("POST", "/session", capabilities={"alwaysMatch": wishes})
        self.version = told["capabilities"]["browserVersion"]
        self._driver = driver
        self._tabs: list[WebKitTab] = []
        self._path = f"/session/{told['sessionId']}"
        self._current = ""
        self._is_fresh = True

    def open_tab(self) -> WebKitTab:
        """Open one; the first is there from the start."""
        if self._is_fresh:
            self._is_fresh = False
            handle = self.send("GET", "window")
        else:
            handle = self.send("POST", "window/new", type="window")["handle"]
        self._tabs.append(WebKitTab(self, handle))
        return self._tabs[-1]

    def switch(self, handle: str) -> None:
        """Let the next commands go to this window."""
        if handle != self._current:
            self.send("POST", "window", handle=handle)
            self._current = handle

    def send(self, method: str, command: str, **body: Any) -> Any:
        """Send a command of this session."""
        return self._driver.send(method, f"{self._path}/{command}", **body)

    def complaints(self) -> list[str]:
        return [text for tab in self._tabs for text in tab.complaints()]

    def close(self) -> None:
        self._driver.send("DELETE", self._path)


@contextmanager
def running(directory: Path, environment: Mapping[str, str]) -> Iterator[Driver]:
    """Run WebKitWebDriver on a display of its own."""
    style = directory / "gtk-3.0" / "gtk.css"
    style.parent.mkdir()
    style.write_text(STYLE)
    with ExitStack() as started:
        display = started.enter_context(_display())
        port = free_port()
        environment = {
            **environment,
            "DISPLAY": display,
            "HOME": str(directory),
            "XDG_CONFIG_HOME": str(directory),
        }
        process = subprocess.Popen(
            [str(PROGRAM), f"--port={port}"],
            env={
                **environment,
                "GDK_BACKEND": "x11",
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.callback(process.wait, END_SECONDS)
        started.callback(process.terminate)
        driver = Driver(port)
        _await_answer(driver)
        yield driver


@contextmanager
def _display() -> Iterator[str]:
    """Run an X server without a screen; give the name of its display."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [str(DISPLAY_PROGRAM), "-displayfd", str(writing), "-screen", "0", "1600x1200x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            yield f":{told.readline().strip()}"
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _await_answer(driver: Driver) -> None:
    over = monotonic() + END_SECONDS
    while True:
        try:
            driver.send("GET", "/status")
        except BrowserError:
            if monotonic() > over:
                raise
            sleep(0.05)
        else:
            return


def _mini_browser() -> str:
    return str(next(Path("/usr/lib").glob(f"*/{MINI_BROWSER}")))

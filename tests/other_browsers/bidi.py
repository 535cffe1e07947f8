"""Debian's Firefox, driven by WebDriver BiDi over a WebSocket: it needs no driver in between."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.other_browsers.tab import Actions, Browser, BrowserError, Tab
from tests.patience import PATIENCE_SECONDS

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
END_SECONDS = 20
CUT_SHORT = "A ServiceWorker intercepted the request and encountered an unexpected error"
"""What Firefox writes of a file that was still loading when its page was left."""
PREFERENCES = {
    "media.navigator.streams.fake": True,  # the microphone is a tone
    "media.navigator.permission.disabled": True,  # and nobody is asked
    "media.navigator.audio.fake_frequency": 400,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
}


class Connection:
    """Commands to a browser and their answers; events are kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket
        self._count = 0

    def send(self, method: str, **params: Any) -> Any:
        """Send a command; return its result.

        Raises:
            BrowserError: the browser refused it, or could not do it.
        """
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE_SECONDS))
            if message["type"] == "event":
                self.events.append(message)
            elif message["id"] == self._count:
                break
        if message["type"] == "error":
            raise BrowserError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]


class FirefoxTab(Tab):
    """One browsing context."""

    def __init__(self, connection: Connection, context: str) -> None:
        self._connection = connection
        self._context = context

    def visit(self, address: str) -> None:
        self._send("browsingContext.navigate", url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        whole = f"(async () => JSON.stringify(await ({expression})))()"
        target = {"context": self._context}
        told = self._connection.send(
            "script.evaluate",
            expression=whole,
            target=target,
            awaitPromise=True,
            userActivation=False,
        )
        if told["type"] == "exception":
            raise BrowserError(told["exceptionDetails"]["text"])
        return json.loads(told["result"].get("value", "null"))

    def perform(self, actions: Actions) -> None:
        self._send("input.performActions", actions=actions)

    def resize(self, width: int, height: int) -> None:
        self._send("browsingContext.setViewport", viewport={"width": width, "height": height})

    def screenshot(self) -> bytes:
        return base64.b64decode(self._send("browsingContext.captureScreenshot")["data"])

    def _send(self, method: str, **params: Any) -> Any:
        return self._connection.send(method, context=self._context, **params)


class Firefox(Browser):
    """A person of a running Firefox, whose cookies and storage nobody else has."""

    name = "firefox"

    def __init__(self, connection: Connection, version: str) -> None:
        self.version = version
        self._connection = connection
        self._seen = len(connection.events)
        self._person = connection.send("browser.createUserContext")["userContext"]

    def open_tab(self) -> FirefoxTab:
        made = self._connection.send(
            "browsingContext.create", type="window", userContext=self._person
        )
        return FirefoxTab(self._connection, made["context"])

    def complaints(self) -> list[str]:
        self._connection.send("session.status")  # what was said before comes before its answer
        told = [event["params"] for event in self._connection.events[self._seen :]]
        return [
            f"{entry['level']}: {entry['text']} {entry['source'].get('url', '')}"
            for entry in told
            if entry.get("level") in ("error", "warn") and CUT_SHORT not in entry["text"]
        ]

    def close(self) -> None:
        self._connection.send("browser.removeUserContext", userContext=self._person)


@contextmanager
def running(
    profile: Path,
    environment: Mapping[str, str],
    preferences: Mapping[str, bool | int | str] = MappingProxyType({}),
) -> Iterator[tuple[Connection, str]]:
    """Run Firefox with a profile of its own; give the connection to it, and its version."""
    wanted = {**PREFERENCES, **preferences}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in wanted.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [str(PROGRAM), "--headless", "--no-remote", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [*command, "--profile", str(profile)],
        env={**environment, "HOME": str(profile)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with connect(f"{_address(process)}/session", max_size=None, compression=None) as socket:
            connection = Connection(socket)
            prompts = {"default": "accept"}
            wishes = {"alwaysMatch": {"unhandledPromptBehavior": prompts}}
            told = connection.send("session.new", capabilities=wishes)
            connection.send("session.subscribe", events=["log.entryAdded"])
            yield connection, told["capabilities"]["browserVersion"]
            connection.send("browser.close")
    finally:
        process.terminate()
        process.wait(END_SECONDS)
        if process.stderr is not None:
            process.stderr.close()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stderr or ():
        if found := LISTENS.search(line):
            return found[1]
    raise BrowserError(f"firefox ended with {process.wait()}")

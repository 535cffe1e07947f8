"""Debian's Chromium with a fake microphone, and a record of all errors that it reports."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright

PROGRAM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
)
YES_TO_THE_MICROPHONE = "--use-fake-ui-for-media-stream"
NO_TO_THE_MICROPHONE = "--deny-permission-prompts"


@contextmanager
def launch(
    player: Playwright, *more: str, sound: Path | None = None, home: Path | None = None
) -> Iterator[Browser]:
    """Run Chromium whose microphone hears ``sound`` (a WAV file) once, or beeps.

    ``home``: the directory where it looks for authorities that it trusts.
    """
    hears = [f"--use-file-for-fake-audio-capture={sound}%noloop"] if sound else []
    arguments = [*ARGUMENTS, *(more or (YES_TO_THE_MICROPHONE,)), *hears]
    env: dict[str, str | float | bool] | None = {**os.environ, "HOME": str(home)} if home else None
    browser = player.chromium.launch(executable_path=PROGRAM, args=arguments, env=env)
    try:
        yield browser
    finally:
        browser.close()


SERVER_GONE = ("WebSocket connection to", "An unknown error occurred when fetching the script")
"""What the browser says where a server cannot be reached: of the page, of its service worker."""


@dataclass
class Complaints:
    """What pages wrote to their consoles as errors, and exceptions that nobody caught."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Record the errors of ``page`` from now on."""
        page.on("console", self._note)
        page.on("pageerror", self._note_error)

    def other_than(self, expected: Sequence[str]) -> list[str]:
        """Return those that hold none of the texts in ``expected``."""
        return [text for text in self.heard if not any(part in text for part in expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _note_error(self, error: Error) -> None:
        self.heard.append(f"uncaught: {error.message} {error.stack}")

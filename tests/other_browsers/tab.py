"""What a test does in a tab of any browser, by WebDriver: classic or BiDi."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from time import monotonic, sleep
from typing import Any, TypeVar

from tests.patience import PATIENCE_SECONDS

PAUSE_SECONDS = 0.05
ENTER, TAB, ESCAPE, SHIFT = "\ue007", "\ue004", "\ue00c", "\ue008"
"""Keys that are no characters, as WebDriver writes them."""
Seen = TypeVar("Seen")
Actions = Sequence[Mapping[str, Any]]

MIDDLE = """(selector) => {
    const one = document.querySelector(selector);
    if (!one) throw new Error(`there is no ${selector}`);
    one.scrollIntoView({ block: "nearest" });
    const { left, top, width, height } = one.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const hit = document.elementFromPoint(x, y);
    return one.contains(hit) || hit?.closest("label")?.control === one ? [x, y] : null;
}"""
"""Where an element is to be clicked; null while something lies over it."""
TEXTS = """(selector) => [...document.querySelectorAll(selector)].map((one) => {
    return one.innerText.trim();
})"""
MARKS = count(1)
ELSEWHERE = "(mark) => window.place !== mark && document.readyState === 'complete'"
SET = """(selector, value) => {
    const field = document.querySelector(selector);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
}"""


class BrowserError(Exception):
    """The browser did not do what it was told."""


def eventually(look: Callable[[], Seen], is_right: Callable[[Seen], bool], what: str) -> Seen:
    """Look again and again until what is seen is right; return it."""
    over = monotonic() + PATIENCE_SECONDS
    seen: Seen | None = None
    failed: BrowserError | None = None
    while monotonic() < over:
        try:
            seen = look()
            failed = None
            if is_right(seen):
                return seen
        except BrowserError as error:  # as while a page is being left
            failed = error
        sleep(PAUSE_SECONDS)
    raise AssertionError(f"{what}: {failed or seen!r} after {PATIENCE_SECONDS} s")


def is_something(value: object) -> bool:
    """Return whether JavaScript would take it for true: an element is an empty dict here."""
    return value not in (None, False, "", 0)


class Tab(ABC):
    """A tab of a browser, or a window with one page."""

    @abstractmethod
    def visit(self, address: str) -> None:
        """Go to ``address``; return when the page is loaded.

        Raises:
            BrowserError: nothing answers there.
        """

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """Return the value of JavaScript, or what it is a promise of, by way of JSON.

        Raises:
            BrowserError: it threw an error, or the page was left meanwhile.
        """

    @abstractmethod
    def perform(self, actions: Actions) -> None:
        """Perform WebDriver's actions: keys that are pressed, and clicks."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the page so many CSS pixels."""

    @abstractmethod
    def screenshot(self) -> bytes:
        """Return what is seen, as PNG."""

    def call(self, function: str, *values: Any) -> Any:
        """Return what a function of JavaScript returns for ``values``."""
        return self.evaluate(f"({function})(...{json.dumps(values)})")

    def texts(self, selector: str) -> list[str]:
        """Return what is read in each element that ``selector`` finds."""
        found: list[str] = self.call(TEXTS, selector)
        return found

    def until(self, function: str, *values: Any) -> Any:
        """Wait until a function of JavaScript returns something that is not nothing."""
        return eventually(lambda: self.call(function, *values), is_something, function)

    def until_texts(self, selector: str, expected: Sequence[str]) -> None:
        """Wait until exactly these texts are read in the elements that ``selector`` finds."""
        eventually(lambda: self.texts(selector), lambda seen: seen == [*expected], selector)

    def until_read(self, selector: str, part: str) -> None:
        """Wait until ``part`` is read in an element that ``selector`` finds."""
        eventually(
            lambda: self.texts(selector), lambda seen: any(part in text for text in seen), selector
        )

    def until_there(self, selector: str, count: int = 1) -> None:
        """Wait until so many elements are there."""
        self.until(
            "(found, count) => document.querySelectorAll(found).length === count", selector, count
        )

    def click(self, selector: str) -> None:
        """Click in the middle of an element, once nothing lies over it."""
        x, y = self.until(MIDDLE, selector)
        place = {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}
        button = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.perform([{"type": "pointer", "id": "mouse", "actions": [place, *button]}])

    def press(self, keys: str) -> None:
        """Press one key after the other; each is a character."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.perform([{"type": "key", "id": "keys", "actions": strokes}])

    def press_with(self, modifier: str, key: str) -> None:
        """Press a key while another one is held."""
        down, up = ({"type": kind, "value": modifier} for kind in ("keyDown", "keyUp"))
        stroke = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.perform([{"type": "key", "id": "keys", "actions": [down, *stroke, up]}])

    def type_in(self, selector: str, text: str) -> None:
        """Type ``text`` into a field, key by key."""
        self.until("(selector) => document.querySelector(selector)", selector)
        self.call("(selector) => document.querySelector(selector).focus()", selector)
        self.press(text)

    def choose(self, selector: str, value: str) -> None:
        """Choose one of the values of a list, as if from its menu, which no driver opens."""
        self.call(SET, selector, value)

    def leave(self, expression: str) -> None:
        """Run what leaves the page, as `history.back()`; return when another one is loaded."""
        mark = next(MARKS)  # a page that is come back to may still have one
        self.evaluate(f"void setTimeout(() => {{ {expression}; }}, 0, window.place = {mark})")
        self.until(ELSEWHERE, mark)


class Browser(ABC):
    """A browser that a test drives; what one knows of the pages, another is not told."""

    name: str
    version: str

    @abstractmethod
    def open_tab(self) -> Tab:
        """Open one more tab or window of the same person."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """Return the errors and warnings that pages wrote to the console, so far."""

    @abstractmethod
    def close(self) -> None:
        """Close it, and forget all that it kept."""

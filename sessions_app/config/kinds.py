"""The kinds of settings: each reads the text of a variable into a checked value."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from sessions_app.config.setting import Setting
from sessions_app.core.errors import SettingsError
from sessions_app.engines.choices import EngineChoice, check_choice, parse_choice
from sessions_app.engines.llm.prices import checked_prices
from sessions_app.engines.server_address import is_server_address

ON_WORDS = frozenset({"on", "true", "yes", "1"})
OFF_WORDS = frozenset({"off", "false", "no", "0"})
OFF = "off"
"""In place of an address or a program: none is to be used."""
ADDRESS = (
    "an address that begins with http:// or https://, with a host and a port that there can be,"
)
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, without the blanks around it."""

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the text."""
        return text.strip()


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Any text, blanks included; address_checks.py checks what it holds."""

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the text."""
        return text


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits."""

    lowest: float
    highest: float

    def read(self, text: str, setting: Setting[Any]) -> float:
        """Return the number."""
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not self.lowest <= number <= self.highest:
            raise setting.wrong(text, f"a number from {self.lowest:g} to {self.highest:g}")
        return number


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number within limits."""

    lowest: int
    highest: int

    def read(self, text: str, setting: Setting[Any]) -> int:
        """Return the number."""
        try:
            number = int(text)
        except ValueError:
            number = self.lowest - 1
        if not self.lowest <= number <= self.highest:
            raise setting.wrong(text, f"a whole number from {self.lowest} to {self.highest}")
        return number


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    def read(self, text: str, setting: Setting[Any]) -> bool:
        """Return whether it is on."""
        word = text.strip().lower()
        if word not in ON_WORDS | OFF_WORDS:
            raise setting.wrong(text, "'on' or 'off'")
        return word in ON_WORDS


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words, in upper or lower case."""

    words: Sequence[str]

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the word as it is written in ``words``."""
        by_text = {word.lower(): word for word in self.words}
        word = by_text.get(text.strip().lower())
        if word is None:
            raise setting.wrong(text, f"one of {', '.join(filter(None, self.words))}")
        return word


@dataclass(frozen=True, slots=True)
class Names:
    """Names with commas between them."""

    def read(self, text: str, setting: Setting[Any]) -> tuple[str, ...]:
        """Return the names; none: the text is empty."""
        names = tuple(word.strip() for word in text.split(",") if word.strip())
        if text and not names:
            raise setting.wrong(text, "names with commas between")
        return names


@dataclass(frozen=True, slots=True)
class SecretKey:
    """The key that signs cookies and tokens, which nobody must be able to guess."""

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the key; empty: one is to be made."""
        if text and not text.strip():
            message = (
                f"{setting.variable} is blank, which anybody can guess; a long random text would "
                "be right, or none at all: then one is made."
            )
            raise SettingsError(message, variable=setting.variable)
        return text


@dataclass(frozen=True, slots=True)
class Networks:
    """Addresses or networks with commas between them."""

    def read(self, text: str, setting: Setting[Any]) -> tuple[Network, ...]:
        """Return the networks."""
        networks = _networks(text)
        if networks is None:
            raise setting.wrong(text, "addresses or networks such as 127.0.0.1, 10.0.0.0/8")
        return networks


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a server that speaks HTTP; `off`, or none."""

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the address, OFF, or an empty text."""
        address = text.strip()
        if address.lower() == OFF:
            return OFF
        if address and not is_server_address(address):
            raise setting.wrong(text, ADDRESS)
        return address


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """The name of an engine, the path of its class, or JSON with its options."""

    def read(self, text: str, setting: Setting[Any]) -> EngineChoice:
        """Return the choice."""
        choice = parse_choice(text, variable=setting.variable)
        check_choice(choice, variable=setting.variable)
        return choice


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, read and written, by model, as JSON."""

    def read(self, text: str, setting: Setting[Any]) -> Mapping[str, Any]:
        """Return the prices by model."""
        try:
            return checked_prices(json.loads(text or "{}"))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise setting.wrong(text, 'JSON like {"model": [0.15, 0.6]}') from error


@dataclass(frozen=True, slots=True)
class Program:
    """The path of a program; `off`, or none."""

    what: str

    def read(self, text: str, setting: Setting[Any]) -> str:
        """Return the path, OFF, or an empty text."""
        path = text.strip()
        if path.lower() == OFF:
            return OFF
        if path and not _may(path, os.X_OK):
            raise setting.wrong(text, f"the path of {self.what}, or off,")
        return path


@dataclass(frozen=True, slots=True)
class ReadablePath:
    """The path of a directory or a file that can be read, or none."""

    what: str = "a directory, or an archive,"

    def read(self, text: str, setting: Setting[Any]) -> Path | None:
        """Return the path; None: there is none."""
        given = os.path.expanduser(text.strip())
        if given and not _may(given, os.R_OK):
            raise setting.wrong(text, f"{self.what} that can be read,")
        return Path(given) if given else None


@dataclass(frozen=True, slots=True)
class WritableDirectory:
    """The path of a directory in which files can be made."""

    def read(self, text: str, setting: Setting[Any]) -> Path:
        """Return the path."""
        directory = Path(text)
        if not directory.is_dir() or not _may(text, os.W_OK | os.X_OK):
            raise setting.wrong(text, "a directory of your own, in which one can write,")
        return directory


def _may(path: str, mode: int) -> bool:
    try:
        return os.access(path, mode)
    except ValueError:  # no file can have such a name
        return False


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[Network, ...] | None:
    """Return the networks that ``text`` lists; None: it is wrong. Called for every request."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        found = tuple(ip_network(word) for word in words)
    except ValueError:
        return None
    # a network of all addresses would let every client claim to be another
    return found if all(network.prefixlen for network in found) else None

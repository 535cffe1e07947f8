"""settings.HABLA as checked, typed values: the only module that reads it."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from django.conf import settings

from sessions_app.core.errors import SettingsError
from sessions_app.engines import keys
from sessions_app.engines.llm.prices import checked_prices
from sessions_app.engines.loading import EngineChoice, EngineSettings, check_choice, parse_choice
from sessions_app.engines.server_address import is_server_address
from sessions_app.engines.server_profiles import PROFILES

ON = frozenset({"on", "true", "yes", "1"})
OFF = frozenset({"off", "false", "no", "0"})
Network = IPv4Network | IPv6Network


SESSIONS_PER_USER = 8
"""Live sessions of a user who is not the owner: at several devices, and some left open."""


@dataclass(frozen=True, slots=True)
class Conf:
    """What may differ between one Habla and another."""

    data_dir: Path
    engines: EngineSettings
    drain_seconds: float
    """How long a leaving session may finish what was accepted."""
    quit_seconds: float
    """How long a quitting server waits for all sessions."""
    watchdog_seconds: float
    """How much longer than all its limits the end of the server may take before it is forced."""
    silence_seconds: float
    """How long a client that is listened to may send nothing."""
    lms_executable: str
    """LM Studio's ``lms``; empty: it is looked for; off: LM Studio is left alone."""
    rehearsal_seconds: float
    """How often the engines are tried by an utterance of the server's own; 0: never."""
    max_sessions: int
    """Live sessions that one process admits."""
    max_sessions_per_user: int
    """Live sessions that one user may have in a process; 0: as `sessions_allowed` says."""
    has_owner: bool
    """Whether who sits at this machine needs no login."""
    trusted_proxies: tuple[Network, ...]
    """Whose word is taken for whom they forward."""
    is_recording: bool
    """Whether the sound of sessions is kept."""
    keep_recordings_days: float
    """How old a recording may grow; 0: as old as it likes."""
    keep_recordings_gb: float
    """How many gigabytes (10^9 bytes) all recordings may take; 0: as many as there are."""
    import_gb: float
    """How large a file may be that is imported."""

    def sessions_allowed(self, *, is_operator: bool) -> int:
        """Return how many live sessions one user may have in a process.

        Where it is not said, who looks after the server may have all of them, and others a few.
        """
        if self.max_sessions_per_user:
            return self.max_sessions_per_user
        return self.max_sessions if is_operator else SESSIONS_PER_USER

    @property
    def run_dir(self) -> Path:
        """Return where the serving process keeps its lock and control socket."""
        return self.data_dir / "run"


def read() -> Conf:
    """Return the settings of this process.

    Raises:
        SettingsError: one is wrong; it names the variable and says what would be right.
    """
    reader = _Reader(settings.HABLA)
    conf = reader.conf()
    if reader.mistakes:
        raise reader.mistakes[0]
    return conf


def data_dir() -> Path:
    """Return the directory of everything that is written at run time."""
    directory: Path = settings.HABLA["DATA_DIR"]
    return directory


def recordings_dir() -> Path:
    """Return where recorded sound lies."""
    return data_dir() / "recordings"


def is_key_without_address() -> bool:
    """Return whether there is a key of the language model, and no word of which server's it is."""
    names = ("LLM_URL", "LLM_PROFILE")
    habla = settings.HABLA
    return bool(habla["LLM_KEY"]) and not any(habla[name] for name in names)


def has_owner() -> bool:
    """Return whether who sits at this machine needs no login; not where that is unclear."""
    return _Reader(settings.HABLA).switch("OWNER")


def trusted_proxies() -> tuple[Network, ...]:
    """Return whose word is taken for whom they forward; nobody's where that is unclear."""
    return _networks(str(settings.HABLA["TRUSTED_PROXIES"]))[0]


def mistakes() -> list[SettingsError]:
    """Return what is wrong with each setting that is."""
    reader = _Reader(settings.HABLA)
    reader.conf()
    return reader.mistakes


class _Reader:
    """Reads on after a mistake, so that all of them are known at once."""

    def __init__(self, habla: Mapping[str, Any]) -> None:
        self._habla = habla
        self.mistakes: list[SettingsError] = []

    def conf(self) -> Conf:
        data_dir = self._directory("DATA_DIR")
        return Conf(
            data_dir=data_dir,
            engines=EngineSettings(
                transcriber=self._engine("TRANSCRIBER"),
                translator=self._engine("TRANSLATOR"),
                detector=self._engine("DETECTOR"),
                models_dir=data_dir / "models",
                models_from=self._models_from(),
                llm=self._llm(),
            ),
            drain_seconds=self._number("DRAIN_SECONDS", 0, 600),
            quit_seconds=self._number("QUIT_SECONDS", 0, 600),
            watchdog_seconds=self._number("WATCHDOG_SECONDS", 0.1, 600),
            silence_seconds=self._number("SILENCE_SECONDS", 1, 86_400),
            lms_executable=self._executable("LMS_EXECUTABLE"),
            rehearsal_seconds=self._number("REHEARSAL_SECONDS", 0, 86_400),
            max_sessions=self._whole_number("MAX_SESSIONS", 1, 100_000),
            max_sessions_per_user=self._whole_number("MAX_SESSIONS_PER_USER", 0, 100_000),
            has_owner=self.switch("OWNER"),
            trusted_proxies=self._proxies(),
            is_recording=self.switch("RECORDING"),
            keep_recordings_days=self._number("KEEP_RECORDINGS_DAYS", 0, 36_500),
            keep_recordings_gb=self._number("KEEP_RECORDINGS_GB", 0, 1_000_000),
            import_gb=self._number("IMPORT_GB", 0.001, 1_000_000),
        )

    def _engine(self, name: str) -> EngineChoice:
        variable = f"HABLA_{name}"
        try:
            choice = parse_choice(str(self._habla[name]), variable=variable)
            check_choice(choice, variable=variable)
        except SettingsError as error:
            self.mistakes.append(error)
            return EngineChoice()
        self._check_key(choice.options, variable)
        return choice

    def _llm(self) -> Mapping[str, Any] | None:
        """Return the options of the language model; None: HABLA_LLM_URL is off."""
        names = ("URL", "MODEL", "KEY", "PROFILE")
        words = {name.lower(): str(self._habla[f"LLM_{name}"]).strip() for name in names}
        if words["url"].lower() == "off":
            return None
        if words["url"] and not is_server_address(words["url"]):
            self._note_address("HABLA_LLM_URL")
        self._check_key(words, "HABLA_LLM_KEY")
        if words["profile"] and words["profile"] not in PROFILES:
            self._note("LLM_PROFILE", f"one of {', '.join(PROFILES)}")
        prices = self._prices()
        return {name: value for name, value in words.items() if value} | {"prices": prices}

    def _check_key(self, options: Mapping[str, Any], variable: str) -> None:
        """Note a key that must not be sent where it is for; it is not repeated."""
        named = options.get("urls") or options.get("url") or ""
        for url in named if isinstance(named, list) else [named]:
            if variable != "HABLA_LLM_KEY" and _is_broken(str(url)):
                self._note_address(variable)
            elif problem := keys.problem_of(str(url), str(options.get("key") or "")):
                self.mistakes.append(SettingsError(f"{variable}: {problem}", variable=variable))

    def _note_address(self, variable: str) -> None:
        # what stands there is not repeated: it may hold a password
        message = (
            f"{variable}: an address that begins with http:// or https://, with a host and a port "
            "that there can be, would be right."
        )
        self.mistakes.append(SettingsError(message, variable=variable))

    def _prices(self) -> Mapping[str, Any]:
        try:
            return checked_prices(json.loads(str(self._habla["LLM_PRICES"]) or "{}"))
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._note("LLM_PRICES", 'JSON like {"model": [0.15, 0.6]}')
            return {}

    def _number(self, name: str, lowest: float, highest: float) -> float:
        try:
            number = float(self._habla[name])
        except ValueError:
            number = math.nan
        if not lowest <= number <= highest:
            self._note(name, f"a number from {lowest:g} to {highest:g}")
        return number

    def _whole_number(self, name: str, lowest: int, highest: int) -> int:
        try:
            number = int(self._habla[name])
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            self._note(name, f"a whole number from {lowest} to {highest}")
        return number

    def switch(self, name: str) -> bool:
        value = str(self._habla[name]).strip().lower()
        if value not in ON | OFF:
            self._note(name, "'on' or 'off'")
        return value in ON

    def _proxies(self) -> tuple[Network, ...]:
        networks, is_clear = _networks(str(self._habla["TRUSTED_PROXIES"]))
        if not is_clear:
            self._note("TRUSTED_PROXIES", "addresses or networks such as 127.0.0.1, 10.0.0.0/8")
        return networks

    def _executable(self, name: str) -> str:
        path = str(self._habla[name]).strip()
        if path and path.lower() != "off" and not _is_program(path):
            self._note(name, "the path of LM Studio's lms, or off,")
        return path

    def _models_from(self) -> Path | None:
        given = os.path.expanduser(str(self._habla["MODELS_FROM"]).strip())
        try:
            is_readable = os.access(given, os.R_OK)
        except ValueError:  # no file can have such a name
            is_readable = False
        if given and not is_readable:
            self._note("MODELS_FROM", "a directory, or an archive, that can be read,")
        return Path(given) if given else None

    def _directory(self, name: str) -> Path:
        directory: Path = self._habla[name]
        if not directory.is_dir() or not os.access(directory, os.W_OK | os.X_OK):
            self._note(name, "a directory of your own, in which one can write,")
        return directory

    def _note(self, name: str, what_is_right: str) -> None:
        variable = f"HABLA_{name}"
        message = f"{variable} is {str(self._habla[name])!r}; {what_is_right} would be right."
        self.mistakes.append(SettingsError(message, variable=variable))


def _is_program(path: str) -> bool:
    try:
        return os.access(path, os.X_OK)
    except ValueError:  # a NUL, half of a character
        return False


def _is_broken(url: str) -> bool:
    """Return whether this is meant to be a server's address and is none."""
    return url.lower().startswith(("http:", "https:")) and not is_server_address(url)


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[tuple[Network, ...], bool]:
    """Return the networks that ``text`` lists, and whether it is clear; if not, there are none."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        found = tuple(ip_network(word) for word in words)
    except ValueError:
        return (), False
    # the whole world is no proxy: anybody could call himself anybody
    return (found, True) if all(network.prefixlen for network in found) else ((), False)

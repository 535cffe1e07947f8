"""settings.HABLA as checked, typed values: the only module that reads it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from sessions_app.engines.loading import EngineChoice, EngineSettings, check_choice, parse_choice
from sessions_app.errors import SettingsError


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
    max_sessions: int
    """Live sessions that one process admits."""
    has_owner: bool
    """Whether who sits at this machine needs no login."""
    is_recording: bool
    """Whether the sound of sessions is kept."""

    @property
    def run_dir(self) -> Path:
        """Return where the serving process keeps its lock and control socket."""
        return self.data_dir / "run"


def read() -> Conf:
    """Return the settings of this process.

    Raises:
        SettingsError: one is wrong; it names the variable and says what would be right.
    """
    habla: dict[str, Any] = settings.HABLA
    data_dir = _writable(habla["DATA_DIR"])
    return Conf(
        data_dir=data_dir,
        engines=EngineSettings(
            transcriber=_engine(habla, "TRANSCRIBER"),
            translator=_engine(habla, "TRANSLATOR"),
            detector=_engine(habla, "DETECTOR"),
            models_dir=data_dir / "models",
        ),
        drain_seconds=_number(habla, "DRAIN_SECONDS", 0, 600),
        quit_seconds=_number(habla, "QUIT_SECONDS", 0, 600),
        watchdog_seconds=_number(habla, "WATCHDOG_SECONDS", 0.1, 600),
        silence_seconds=_number(habla, "SILENCE_SECONDS", 1, 86_400),
        max_sessions=int(_number(habla, "MAX_SESSIONS", 1, 100_000)),
        has_owner=_switch(habla, "OWNER"),
        is_recording=_switch(habla, "RECORDING"),
    )


def _engine(habla: dict[str, Any], name: str) -> EngineChoice:
    choice = parse_choice(str(habla[name]), variable=f"HABLA_{name}")
    check_choice(choice, variable=f"HABLA_{name}")
    return choice


def _number(habla: dict[str, Any], name: str, lowest: float, highest: float) -> float:
    variable = f"HABLA_{name}"
    try:
        number = float(habla[name])
    except ValueError:
        number = float("nan")
    if not lowest <= number <= highest:
        raise SettingsError(
            f"{variable} is {habla[name]!r}; "
            f"a number from {lowest:g} to {highest:g} would be right.",
            variable=variable,
        )
    return number


def _switch(habla: dict[str, Any], name: str) -> bool:
    value = str(habla[name]).lower()
    if value not in ("on", "off"):
        raise SettingsError(
            f"HABLA_{name} is {value!r}; 'on' or 'off' would be right.", variable=f"HABLA_{name}"
        )
    return value == "on"


def _writable(data_dir: Path) -> Path:
    if not data_dir.is_dir() or not os.access(data_dir, os.W_OK | os.X_OK):
        raise SettingsError(
            f"HABLA_DATA_DIR is {str(data_dir)!r}, where nothing can be written; "
            "a directory of your own would be right.",
            variable="HABLA_DATA_DIR",
        )
    return data_dir

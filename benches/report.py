"""Figures, how they compare with their targets, and the machine they were measured on."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    """The target where less is better; None: there is none."""
    at_least: float | None = None
    """The target where more is better."""

    @property
    def is_reached(self) -> bool:
        """Return whether the target, if there is one, is met."""
        under = self.at_most is None or self.value <= self.at_most
        return under and (self.at_least is None or self.value >= self.at_least)

    @property
    def target(self) -> str:
        """Return the target in words; empty: there is none."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the ``percent``-th percentile of ``values`` by nearest rank; nan: there are none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def say(line: str = "") -> None:
    """Write a line for whoever runs the bench."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """Write ``figures`` as a table."""
    width = max(len(figure.name) for figure in figures)
    say(f"\n{title}")
    for figure in figures:
        verdict = "" if not figure.target else "reached" if figure.is_reached else "MISSED"
        value = f"{figure.value:10.2f} {figure.unit:<6}"
        say(f"  {figure.name:<{width}} {value} {figure.target:>9}  {verdict}".rstrip())


def machine() -> str:
    """Return what the figures were measured on, and how busy it was."""
    model = platform.processor() or platform.machine()
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} x {model}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load before {load}"
    )


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

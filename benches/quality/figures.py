"""Figures, their baselines, and by how much they may be worse before the bench fails."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.report import Figure, machine

BASELINES = Path(__file__).with_name("baselines.json")
BUSY_SHARE = 0.5
"""Share of the cores: with more of them busy, latencies do not measure Habla."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value."""

    name: str
    value: float
    unit: str = ""
    tolerance: float | None = None
    """By how much it may be worse than its baseline; None: it is printed, not judged."""
    more_is_better: bool = False
    needs_quiet: bool = False
    """Whether it is only meaningful while nothing else uses the machine."""


def is_quiet() -> bool:
    """Return whether the machine has been idle for the last minute."""
    return os.getloadavg()[0] <= BUSY_SHARE * (os.cpu_count() or 1)


def judged(form: str, found: Sequence[Measured], *, was_quiet: bool) -> list[Figure]:
    """Return ``found``, each with the worst value that the baseline of ``form`` allows."""
    baseline = read().get(form, {}).get("figures", {})
    return [_judged(one, baseline, was_quiet=was_quiet) for one in found]


def _judged(one: Measured, baseline: Mapping[str, Any], *, was_quiet: bool) -> Figure:
    was = baseline.get(one.name)
    if was is None or one.tolerance is None or (one.needs_quiet and not was_quiet):
        return Figure(one.name, one.value, one.unit)
    value, tolerance = was["value"], was["tolerance"]
    if one.more_is_better:
        return Figure(one.name, one.value, one.unit, at_least=round(value - tolerance, 3))
    return Figure(one.name, one.value, one.unit, at_most=round(value + tolerance, 3))


def read() -> dict[str, Any]:
    """Return the baselines by form; empty: there are none yet."""
    if not BASELINES.exists():
        return {}
    baselines: dict[str, Any] = json.loads(BASELINES.read_text(encoding="utf-8"))
    return baselines


def keep(form: str, found: Sequence[Measured], *, was_quiet: bool) -> None:
    """Make ``found`` the baseline of ``form``; figures that were not measured stay.

    What needs an idle machine is not taken from a busy one.
    """
    baselines = read()
    kept = baselines.get(form, {}).get("figures", {})
    kept |= {
        one.name: {"value": round(one.value, 3), "unit": one.unit, "tolerance": one.tolerance}
        for one in found
        if one.tolerance is not None
        and math.isfinite(one.value)
        and (was_quiet or not one.needs_quiet)
    }
    baselines[form] = {"machine": machine(), "figures": kept}
    text = json.dumps(baselines, indent=2, ensure_ascii=False, sort_keys=True)
    BASELINES.write_text(f"{text}\n", encoding="utf-8")


def table() -> str:
    """Return all baselines as the rows of a table in Markdown."""
    return "\n".join(
        f"| {form} | {name} | {was['value']:g} {was['unit']} | {was['tolerance']:g} |"
        for form, kept in sorted(read().items())
        for name, was in sorted(kept["figures"].items())
    )

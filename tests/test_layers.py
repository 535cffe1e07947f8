"""The layers and packages: as docs/architecture.md draws them, as pyproject.toml demands them.

A package here is one of sessions_app, or a module at its top, or another package that is deployed.
Whether a module imports only from below is import-linter's work (`make layers`).
"""

import ast
import graphlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.documents import ROOT, names, page, rows, section

MOST_LAYERS = 10
MOST_ARROWS = 120
MOST_FILES_AT_THE_TOP = 12
MOST_FILES = 21
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]
DEPLOYED = ["habla_project", "playback_app", "sessions_app"]
PACKAGES = sorted(
    file.parent
    for package in DEPLOYED
    for file in (ROOT / package).rglob("__init__.py")
    if file.parent.name != "migrations"
)
DESCRIPTIONS = [("Packages of sessions_app", "sessions"), ("Modules of playback_app", "playback")]
"""Headings of the architecture page, and the contract of the layers of what they describe."""

Layers = list[set[str]]


def contract(name: str) -> dict[str, Any]:
    return next(one for one in CONTRACTS if one["id"] == name)


def demanded(name: str) -> Layers:
    """Return the layers of a contract, from the highest down."""
    return [{*re.split(r" [|:] ", layer)} for layer in contract(name)["layers"]]


def drawn(title: str) -> Layers:
    """Return the layers that the architecture page draws, from the highest down."""
    return [names(row[1]) for row in rows(section(page("architecture"), title))]


def described(title: str) -> list[str]:
    """Return what the architecture page describes, in its order."""
    firsts = [row[0].strip("`") for row in rows(section(page("architecture"), title))]
    return [first.removesuffix("/").removesuffix(".py") for first in firsts]


@cache
def arrows() -> Mapping[tuple[str, str], list[str]]:
    """Return who imports whom, and in which modules: every import, also in functions, for types."""
    graph = grimp.build_graph(*DEPLOYED, cache_dir=None)
    found = defaultdict(list)
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            ends = _package(importer), _package(imported)
            if ends[0] != ends[1]:
                found[ends].append(f"{importer} -> {imported}")
    return found


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "sessions_app" and len(parts) > 1 else parts[0]


def in_words() -> str:
    lines = [f"{a} -> {b} ({sorted(why)[0]})" for (a, b), why in sorted(arrows().items())]
    return "\n".join([f"{len(lines)} arrows:", *lines])


def test_the_architecture_page_draws_the_layers_of_the_contracts() -> None:
    above = [layer for layer in demanded("house") if layer != {"sessions_app"}]
    assert drawn("Layers") == above + demanded("sessions")
    assert drawn("Layers of playback_app") == demanded("playback")


def test_the_architecture_page_numbers_its_layers() -> None:
    for title in ("Layers", "Layers of playback_app"):
        numbers = [int(row[0]) for row in rows(section(page("architecture"), title))]
        assert numbers == list(range(len(numbers), 0, -1))


def test_the_architecture_page_describes_every_package_once() -> None:
    for title, name in DESCRIPTIONS:
        assert sorted(described(title)) == sorted(set().union(*demanded(name)))


def test_the_architecture_page_describes_packages_from_the_highest_layer_down() -> None:
    for title, name in DESCRIPTIONS:
        level = {package: n for n, layer in enumerate(demanded(name)) for package in layer}
        levels = [level[package] for package in described(title)]
        assert levels == sorted(levels)


def test_the_architecture_page_describes_every_package_inside_pipeline_and_engines() -> None:
    inside = {
        str(path.relative_to(ROOT / "sessions_app"))
        for path in PACKAGES
        if re.match(r"sessions_app/(pipeline|engines)\b", str(path.relative_to(ROOT)))
    }
    assert {*described("Inside pipeline and engines")} == inside


def test_the_contracts_name_all_that_is_deployed() -> None:
    assert [next(iter(layer)) for layer in demanded("house")] == DEPLOYED
    for each in CONTRACTS:
        if "containers" in each:
            assert each["exhaustive"] is True, each["name"]
            assert {*each.get("exhaustive_ignores", [])} <= {"migrations"}, each["name"]


def test_no_layer_is_a_shelf_of_modules_that_import_each_other() -> None:
    shelves = [layer for each in CONTRACTS for layer in each.get("layers", []) if ":" in layer]
    assert shelves == []


def test_there_are_few_layers() -> None:
    assert len(demanded("house")) - 1 + len(demanded("sessions")) <= MOST_LAYERS
    assert len(demanded("playback")) <= MOST_LAYERS


def test_there_are_few_arrows_between_packages() -> None:
    assert len(arrows()) <= MOST_ARROWS, in_words()


def test_no_packages_import_each_other_in_a_circle() -> None:
    below = defaultdict(set)
    for importer, imported in arrows():
        below[importer].add(imported)
    try:
        graphlib.TopologicalSorter(below).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"{' <- '.join(error.args[1])}\n{in_words()}")


def test_the_top_of_sessions_app_holds_few_files() -> None:
    files = [path.name for path in (ROOT / "sessions_app").glob("*.py")]
    assert len(files) <= MOST_FILES_AT_THE_TOP, sorted(files)


def test_no_package_is_a_drawer_of_files() -> None:
    counts = {str(path.relative_to(ROOT)): len([*path.glob("*.py")]) for path in PACKAGES}
    assert {path: count for path, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_package_says_what_belongs_there_and_what_does_not(package: Path) -> None:
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    assert len(re.findall(r"\.(?:\s|$)", told)) >= 2
    assert re.search(r"\bnot\b", told)

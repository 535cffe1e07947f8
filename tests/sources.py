"""The modules of the tree, parsed once in a process: what tests that read the code look at."""

import ast
from functools import cache
from pathlib import Path

from tests.documents import ROOT

DEPLOYED = ("habla_project", "playback_app", "sessions_app")
"""The packages that serve people."""
ALL = (*DEPLOYED, "tests", "benches", "scripts")


@cache
def modules(*packages: str) -> tuple[Path, ...]:
    """Return the modules of these packages that say anything, without migrations, sorted."""
    return tuple(
        sorted(
            path
            for package in packages
            for path in (ROOT / package).rglob("*.py")
            if "migrations" not in path.parts and text(path)
        )
    )


@cache
def text(path: Path) -> str:
    """Return what stands in a module."""
    return path.read_text()


@cache
def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree; nobody changes it."""
    return ast.parse(text(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a module, in the order of `ast.walk`."""
    return tuple(ast.walk(tree(path)))

"""The tree of errors in core/errors.py shows every class there is, and where it is defined."""

import re
from importlib import import_module
from pathlib import Path

from sessions_app.core import errors
from sessions_app.core.errors import HablaError

ROOT = Path(__file__).parents[3]
NODE = re.compile(r"^(?P<branches>[│├└─ ]*)(?P<name>\w+Error)\b.*?(?:\((?P<file>\S+\.py)\))?$")
INDENT = 4


def drawn() -> dict[str, tuple[str | None, str]]:
    """Return the parent and the file of each class in the docstring."""
    tree: dict[str, tuple[str | None, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if node := NODE.match(line):
            del path[len(node["branches"]) // INDENT :]
            tree[node["name"]] = (path[-1] if path else None, node["file"] or "core/errors.py")
            path.append(node["name"])
    return tree


def real(error: type[HablaError], parent: str | None = None) -> dict[str, tuple[str | None, str]]:
    """Return the same of ``error`` and all classes derived from it in sessions_app."""
    file = error.__module__.removeprefix("sessions_app.").replace(".", "/") + ".py"
    tree: dict[str, tuple[str | None, str]] = {error.__name__: (parent, file)}
    for derived in error.__subclasses__():
        if derived.__module__.startswith("sessions_app.") and not derived.__name__.startswith("_"):
            tree |= real(derived, error.__name__)
    return tree


def test_the_tree_of_errors_is_whole() -> None:
    for path in (ROOT / "sessions_app").rglob("*.py"):
        if re.search(r"^class \w+Error\(", path.read_text(), re.MULTILINE):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert drawn() == real(HablaError)

"""What documents and comments name is in the tree: files, modules, classes, functions."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.documents import PAGES, ROOT

FILES = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
SOURCES = [file for file in FILES if file.endswith(".py") and "/migrations/" not in file]
PLACES = ("", "sessions_app/", "playback_app/", "benches/")
"""Where the paths begin that documents name."""
CODE_BLOCK = re.compile(r"```.*?```", flags=re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w./-]*\w\.(?:py|js|json|md|toml|txt|sh|service|css|html|png)\b")
DIRECTORY = re.compile(r"[\w.-]+(?:/[\w.-]+)*/")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
OF_SEVERAL_WORDS = re.compile(r"[A-Za-z][a-z0-9]*(?:_[a-z0-9]+)+|(?:[A-Z][a-z0-9]+){2,}")
"""A name in snake case or in camel case."""
IMPORT = re.compile(r"from ((?:sessions_app|playback_app)[\w.]*) import (\w+)")
FOREIGN_MODULES = {"asyncio", "faulthandler", "loop", "os", "reactor", "signal", "sys", "time"}
FOREIGN_NAMES = {
    "/sw.js",  # an address
    "house.tail1234.ts.net",  # Tailscale's
    "await_many_dispatch",  # Channels
    "expectation_failed",  # made of the name of an HTTP status
    "fail_timeout",  # nginx
    "habla.env",  # in the data directory
    "limits.burst_seconds",  # of a message
    "max_fails",
    "programs.py",  # an example
    "proxy_next_upstream",
}


@cache
def words() -> frozenset[str]:
    """Return all words of the tree besides the documents."""
    texts = [(ROOT / file).read_bytes() for file in FILES if not file.endswith((".md", ".mo"))]
    me = Path(__file__).read_bytes()
    return frozenset(
        word
        for text in texts
        if b"\0" not in text and text != me
        for word in re.findall(r"\w+", text.decode())
    )


@cache
def classes() -> frozenset[str]:
    """Return the names of all classes of ours."""
    nodes = [node for file in SOURCES for node in _tree(file).body]
    return frozenset(node.name for node in nodes if isinstance(node, ast.ClassDef))


def is_file(name: str) -> bool:
    """Return whether there is such a file; one without a directory may lie anywhere."""
    if "/" not in name:
        return any(f"/{file}".endswith(f"/{name}") for file in FILES)
    return any(f"{place}{name}" in FILES for place in PLACES)


def is_known(name: str) -> bool:
    """Return whether what a document names is in the tree, or does not look like a name of ours."""
    if name in FOREIGN_NAMES:
        return True
    if PATH.fullmatch(name):
        return is_file(name)
    if DIRECTORY.fullmatch(name):
        return any((ROOT / place / name).is_dir() for place in PLACES)
    if DOTTED.fullmatch(name):
        first = name.partition(".")[0]
        is_foreign_class = first[0].isupper() and first not in classes() and first in words()
        return first in FOREIGN_MODULES or is_foreign_class or is_in_a_module(name.split("."))
    return name in words() or not OF_SEVERAL_WORDS.fullmatch(name)


def is_in_a_module(parts: Sequence[str]) -> bool:
    """Return whether these parts name a module of ours, by its path's end, or what is in one.

    A class may be named without its module.
    """
    for count in range(len(parts), -1 if parts[0][0].isupper() else 0, -1):
        end = "".join(f"/{part}" for part in parts[:count])
        for file in SOURCES:
            path = "/" + file.removesuffix(".py").removesuffix("/__init__")
            if path.endswith(end) and _defines(file, parts[count:]):
                return True
    return False


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text())


def _defines(file: str, parts: Sequence[str]) -> bool:
    body = _tree(file).body
    for part in parts:
        found = [node for node in body if part in _names_of(node)]
        if not found:
            return False
        body = getattr(found[0], "body", [])
    return True


def _names_of(node: ast.stmt) -> set[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.ImportFrom():
            return {alias.asname or alias.name for alias in node.names}
        case _:
            return set()


def comments(source: str) -> Iterator[str]:
    """Yield the comments and docstrings of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_docstring = token.type == tokenize.STRING and token.string.startswith('"""')
        if token.type == tokenize.COMMENT or is_docstring:
            yield token.string


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_every_name_in_a_document_is_in_the_tree(document: Path) -> None:
    named = {*IN_BACKTICKS.findall(CODE_BLOCK.sub("", document.read_text()))}
    assert sorted(name for name in named if not is_known(name)) == []


def test_every_file_that_a_comment_names_is_in_the_tree() -> None:
    named = [
        f"{file}: {name}"
        for file in SOURCES
        for comment in comments((ROOT / file).read_text())
        for name in PATH.findall(comment)
        if name.endswith((".py", ".md")) and not is_file(name.lstrip("./"))
    ]
    assert named == []


def test_what_a_program_in_a_string_imports_is_in_the_tree() -> None:
    imports = [
        (file, f"{module}.{name}")
        for file in SOURCES
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for module, name in IMPORT.findall(node.value)
    ]
    assert len(imports) > 10
    assert [each for each in imports if not is_in_a_module(each[1].split("."))] == []


def test_what_was_renamed_is_noticed() -> None:
    there = ["store/servers.py", "transport.backpressure.FlowControl", "SessionConsumer.dispatch"]
    assert [name for name in there if not is_known(name)] == []
    gone = ["store/fleet.py", "fleet.py", "engines/fleet/", "flow.Flow", "HablaFleet", "tell_fleet"]
    assert [name for name in gone if is_known(name)] == []

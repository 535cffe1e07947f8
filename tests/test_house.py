"""Every module says what it is for, and nothing of this machine is in the tree."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sessions_app.engines.choices import ENGINES
from tests.documents import ROOT
from tests.sources import ALL, modules, nodes, text, tree

MODULES = modules(*ALL)


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(tree(path))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_sessions_know_nothing_of_playback() -> None:
    pattern = "playback|playing|played|player"
    speech = "sessions_app/pipeline/recognition/hallucinations.py"  # what people are heard to say
    knowing = [
        path
        for path in MODULES
        if path.is_relative_to(ROOT / "sessions_app")
        and re.search(pattern, text(path), re.IGNORECASE)
    ]
    assert [str(path.relative_to(ROOT)) for path in knowing] == [speech]


def test_no_path_of_a_machine_and_no_secret_is_in_the_tree() -> None:
    pattern = r"(/home/[a-z]|/root/|BEGIN [A-Z ]*PRIVATE KEY)"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ":!tests/test_house.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""


def test_every_requirement_is_pinned_and_has_its_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        wanted = [line for line in lines if re.match(r"[a-z]", line)]
        assert [line for line in wanted if not re.match(r"[\w.\[\]-]+==\S+ +# .+", line)] == []


MOST_PARAMETERS = 6
OURS = modules("sessions_app", "playback_app")
ENGINE_CLASSES = {path.rpartition(".")[2] for names in ENGINES.values() for path in names.values()}
"""Their parameters are the options that docs/engines.md tells of."""


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    of = function.args
    named = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
    return [one.arg for one in named if one is not None and one.arg not in ("self", "cls")]


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Return each function, methods and inner ones too, with the class around it, if any."""
    for node in nodes(path):
        name = node.name if isinstance(node, ast.ClassDef) else ""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, child


def test_no_function_takes_more_than_six_parameters() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {function.name}({', '.join(parameters(function))})"
        for path in OURS
        for name, function in functions(path)
        if len(parameters(function)) > MOST_PARAMETERS
        and not (function.name == "__init__" and name in ENGINE_CLASSES)
    ]
    assert long == []


PARTS = {"guests", "intake", "pipeline", "recorder", "rows"}
"""What a live session is made of."""


def test_only_live_reaches_into_the_parts_of_a_session() -> None:
    """From outside, a session is asked by its own methods: never `session.pipeline.intake`."""
    reaching = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in OURS
        if "live" not in path.relative_to(ROOT).parts
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr.lstrip("_") in PARTS
        if isinstance(node.value, ast.Name | ast.Attribute) and ast.unparse(node.value) != "self"
    ]
    assert reaching == []


def test_queries_get_to_the_database_thread_in_one_way() -> None:
    """By `on_database_thread`, so that whoever calls them awaits a function like any other."""
    calls = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in OURS
        if path.name != "thread.py"
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "database_thread.run"
    ]
    assert calls == []

"""One word for one thing: public names, and the verbs with which something ends."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.documents import ROOT, section
from tests.sources import modules, nodes, tree

MODULES = modules("sessions_app", "playback_app")
OTHER_ENDINGS = re.compile(
    r"_*(abandon|destroy|dismiss|dispose|forget|give_back|give_up|hand_back|hang_up|leave|let_go|lose"
    r"|shut_down|teardown|terminate)(_|$)"
)
"""Verbs for which docs/glossary.md has another."""
SHARED_NAMES = {
    "Command": "Django finds a management command by this name",
    "Exchange": "the event, and its row",
    "Speaker": "the value, and its row",
    "main": "the entry point of a program that runs as a process of its own",
}
"""Public names that stand in several modules, and why they may."""
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()


def functions() -> Iterator[tuple[Path, str]]:
    """Yield the name of each function and method, with its file."""
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(ROOT), node.name


def public_names() -> dict[str, list[str]]:
    """Return the modules in which a public class or function is defined, by its name."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in tree(path).body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    return places


def test_no_two_public_classes_or_functions_share_a_name() -> None:
    shared = {name: places for name, places in public_names().items() if len(places) > 1}
    assert {name: shared[name] for name in shared.keys() - SHARED_NAMES} == {}
    assert SHARED_NAMES.keys() - shared == set()


def test_what_ends_something_is_called_by_a_verb_of_the_glossary() -> None:
    assert [f"{path}: {name}" for path, name in functions() if OTHER_ENDINGS.match(name)] == []


def test_only_an_outcome_is_settled() -> None:
    """What notes a result, waits for an end or stops something is called by its own verb."""
    settling = [f"{path}: {name}" for path, name in functions() if re.match(r"_*settle(_|$)", name)]
    assert settling == ["sessions_app/pipeline/outcome.py: settle"]


def test_the_glossary_has_no_verb_of_ending_that_nothing_is_called_by() -> None:
    verbs = re.findall(r"^\| \*\*(\w+)\*\*", section(GLOSSARY, "Verbs of ending"), re.MULTILINE)
    assert verbs
    first_words = {name.strip("_").partition("_")[0] for _, name in functions()}
    first_words |= {"close"} if "aclose" in first_words else set()
    assert [verb for verb in verbs if verb not in first_words] == []


def test_no_word_stands_in_the_glossary_twice() -> None:
    words = re.findall(r"\*\*([\w' -]+)\*\*", GLOSSARY)
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    assert [word for word, count in counts.items() if count > 1] == []

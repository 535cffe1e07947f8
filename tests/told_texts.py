"""Finds, in the code, every text of ours that a client can be told."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sessions_app.core.commands_told import OUR_OWN
from tests.documents import ROOT
from tests.sources import modules, tree

APPS = ("playback_app", "sessions_app")
NOT_TOLD = {
    "playback_app/library.py": "imports files by command",
    "playback_app/management": "the terminal",
    "playback_app/models.py": "the admin's names of tables",
    "playback_app/offline.py": "plays by command",
    "playback_app/web/recordings_schemas.py": "the documentation of routes",
    "sessions_app/access/authentication.py": "the terminal",
    "sessions_app/access/proxy_warning.py": "the log",
    "sessions_app/checks.py": "the terminal",
    "sessions_app/config": "the terminal, before the server starts",
    "sessions_app/core/certificates": "the terminal, before the server starts",
    "sessions_app/core/counters.py": "metrics",
    "sessions_app/core/exports.py": "files",
    "sessions_app/core/readiness.py": "monitoring",
    "sessions_app/doctor": "the terminal",
    "sessions_app/engines/llm/drafts.py": "what models say",
    "sessions_app/engines/llm/prompts.py": "what models are told",
    "sessions_app/engines/llm/reasoning.py": "what models say",
    "sessions_app/engines/llm/reasoning_marks.py": "what models say",
    "sessions_app/engines/models/pins.py": "the terminal: what can be fetched",
    "sessions_app/engines/old_paths.py": "a warning to programmers",
    "sessions_app/engines/text": "what models say",
    "sessions_app/live/offline.py": "hears files by command",
    "sessions_app/management": "the terminal",
    "sessions_app/migrations": "tables",
    "sessions_app/models": "the admin's names of tables",
    "sessions_app/server/console.py": "the terminal",
    "sessions_app/server/control.py": "the terminal",
    "sessions_app/server/daphne.py": "the terminal",
    "sessions_app/server/listening": "the terminal",
    "sessions_app/server/operator.py": "the terminal",
    "sessions_app/server/background.py": "the terminal",
    "sessions_app/server/owner_idioms.py": "the terminal",
    "sessions_app/server/process.py": "the terminal",
    "sessions_app/server/remote.py": "the terminal",
    "sessions_app/server/renaming.py": "the terminal",
    "sessions_app/server/runfile.py": "the terminal",
    "sessions_app/recording/recovery.py": "the log",
    "sessions_app/engines/spoken_sentence.py": "what engines are tested with",
    "sessions_app/store/database/identity.py": "the terminal",
    "sessions_app/transport": "answers before any route, in words of HTTP",
    "sessions_app/web/api_schemas.py": "the documentation of routes",
    "sessions_app/web/metrics.py": "metrics",
    "sessions_app/web/static_files": "the terminal, before the server starts",
}
"""Modules and packages whose texts no client is told, and who is."""
OTHERS = tuple(f"{place}/" for place in NOT_TOLD)
MARKED = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"})
"""What marks a text for Django's own translation, which other tests look after."""
TOLD_BY = frozenset({"progress", "_progress", "_tell_soon", "_stop"})
"""Functions whose first argument is told to clients, besides errors and failures."""
TOLD_TO_OTHERS = frozenset({"_be_late", "_say", "failed", "say"})
"""Functions that print and log."""
TOLD_ALL_THE_SAME = frozenset({"_BugError"})
"""Errors that are not HablaErrors, and told to clients."""
NAMES_OF_NO_TEXTS = frozenset({"name", "description", "thread_name_prefix"})
"""Of keyword arguments."""
VALUE, OWN_TEXT = "⟨{}⟩", "⟪{}⟫"
"""What stands in a found text for its values, by number: names and numbers, or texts of ours."""
NAMES_OF_TEXTS = frozenset(
    {"bug", "error", "failure", "problem", "reason", "step", "trouble", "why"}
)
"""Of variables."""
SENTENCE = re.compile(r"[A-Za-z`⟨⟪].* .*[.!?…]( [⟨⟪]\d[⟩⟫])*|[A-Za-z⟨⟪].*: [⟨⟪]\d[⟩⟫]", re.DOTALL)
"""What looks like one, and so may be told, wherever it stands."""


@dataclass(frozen=True, slots=True)
class ToldText:
    """A text as the code has it."""

    where: str
    """Its module and line."""
    text: str
    """With VALUE and OWN_TEXT for what is not known before it is told."""


def told_texts() -> list[ToldText]:
    """Return every text in the code that a client can be told."""
    return [
        found
        for path in modules(*APPS)
        if not f"{path.relative_to(ROOT)}/".startswith(OTHERS)
        for found in _Module(path).texts()
    ]


@cache
def own_errors() -> frozenset[str]:
    """Return the names of all errors that Habla explains to people."""
    bases = {
        node.name: {_name_of(base) for base in node.bases}
        for path in modules(*APPS)
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
    }
    found = {"HablaError"}
    while more := {name for name in bases.keys() - found if bases[name] & found}:
        found |= more
    return frozenset(found) | TOLD_ALL_THE_SAME


@cache
def _constants(path: Path) -> Mapping[str, ast.expr]:
    """Return the values of a module's constants by name, imported ones too."""
    found: dict[str, ast.expr] = {}
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(APPS):
            source = ROOT / f"{(node.module or '').replace('.', '/')}.py"
            wanted = {each.name: each.asname or each.name for each in node.names}
            if source.is_file() and any(name.isupper() for name in wanted):
                others = _constants(source)
                found |= {wanted[name]: others[name] for name in wanted if name in others}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


class _Module:
    """One module's texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._constants = _constants(path)

    def texts(self) -> Iterator[ToldText]:
        yield from self._within(tree(self._path), is_told=False)

    def _within(self, node: ast.AST, *, is_told: bool) -> Iterator[ToldText]:
        text = self._text_of(node)
        if text is None:
            for child, is_child_told in _parts(node, is_told=is_told):
                yield from self._within(child, is_told=is_child_told)
        elif text and (is_told or SENTENCE.fullmatch(text.strip())):
            place = f"{self._path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            yield ToldText(place, text.strip())

    def _text_of(self, node: ast.AST) -> str | None:
        """Return the text of an expression, with its values marked; None: it is no text."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=parts):
                return "".join(self._part(number, part) for number, part in enumerate(parts))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                texts = [self._text_of(left), self._text_of(right)]
                if any(texts):
                    return "".join(VALUE.format(n) if t is None else t for n, t in enumerate(texts))
        return None

    def _part(self, number: int, node: ast.expr) -> str:
        match node:
            case ast.FormattedValue(value=ast.Name(id=name)) if name in self._constants:
                return self._text_of(self._constants[name]) or VALUE.format(number)
            case ast.FormattedValue(value=value):
                marked = OWN_TEXT if _name_of(value) in NAMES_OF_TEXTS else VALUE
                return marked.format(number)
        return self._text_of(node) or ""


def _parts(node: ast.AST, *, is_told: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the parts of ``node`` in which there may be texts, and whether those are told."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Compare() | ast.Subscript(value=ast.Name()):
            return  # a docstring, no text for people, and a type
        case ast.Raise(exc=ast.Call(func=called)) if _name_of(called) not in own_errors():
            return  # a bug, or caught where it is raised
        case ast.AnnAssign(value=value):
            yield from () if value is None else ((value, is_told),)
        case ast.IfExp(body=body, orelse=orelse):
            yield from ((body, is_told), (orelse, is_told))
        case ast.Dict():
            yield from _values(node)
        case ast.Call():
            yield from _arguments(node)
        case _:
            yield from ((child, False) for child in ast.iter_child_nodes(node))


def _values(node: ast.Dict) -> Iterator[tuple[ast.AST, bool]]:
    for key, value in zip(node.keys, node.values, strict=True):
        yield value, isinstance(key, ast.Constant) and key.value in OUR_OWN


def _arguments(call: ast.Call) -> Iterator[tuple[ast.AST, bool]]:
    name = _name_of(call.func)
    if name in MARKED or name in TOLD_TO_OTHERS or _is_logger(call.func):
        return
    told = {"Failure": 1}.get(name, 0 if name in TOLD_BY or name in own_errors() else None)
    for number, each in enumerate(call.args):
        yield each, number == told
    for keyword in call.keywords:
        if keyword.arg not in NAMES_OF_NO_TEXTS:
            yield keyword.value, keyword.arg in OUR_OWN


def _name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_logger(called: ast.expr) -> bool:
    match called:
        case ast.Attribute(value=ast.Name(id="logger" | "re")):
            return True
    return False

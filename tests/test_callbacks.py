"""Only extensions.py registers callbacks: no other module collects functions, to call them later.

A registry is a list, a dictionary or a set that a module keeps, or an object that a module keeps,
which holds callables by its annotation or its first items, and into which a function puts more.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

from tests.documents import ROOT
from tests.sources import DEPLOYED, modules, tree

ALLOWED = {"sessions_app/extensions.py"}
CONTAINERS = {"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "WeakSet", "field"}
PUTS = {"append", "appendleft", "add", "extend", "insert", "setdefault", "update"}
Kept = tuple[str, ast.expr | None, ast.expr]
"""A container: its name, its annotation, and what it begins with."""


def deployed() -> dict[str, ast.Module]:
    return {str(path.relative_to(ROOT)): tree(path) for path in modules(*DEPLOYED)}


def registries(modules: Mapping[str, ast.Module]) -> set[tuple[str, str]]:
    """Return where callbacks are registered: the module, and the name there."""
    callables = _callable_types(modules.values())
    functions = {node.name for module in modules.values() for node in _functions(module)}
    changed = {name for module in modules.values() for name in _changed(module)}
    return {
        (path, name)
        for path, module in modules.items()
        for name, note, value in _kept(module)
        if name in changed
        and (_words(note) & callables or (note is None and _words(value) & functions))
    }


def _callable_types(modules: Iterable[ast.Module]) -> set[str]:
    """Return the names of types whose values are called: Callable, and aliases of it."""
    known = {"Callable"}
    aliases = {
        (node.targets[0].id, frozenset(_words(node.value)))
        for module in modules
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Subscript | ast.BinOp)
    }
    while found := {name for name, words in aliases if words & known} - known:
        known |= found
    return known


def _kept(module: ast.Module) -> Iterator[Kept]:
    """Yield the containers that a module keeps, itself or in an object."""
    yield from _containers(module.body)
    made = {
        word
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
        for word in _words(node.value.func)
    }
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name in made:
            yield from _containers(node.body)
            yield from _containers(ast.walk(node), of_self=True)


def _containers(nodes: Iterable[ast.AST], *, of_self: bool = False) -> Iterator[Kept]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            target, note, value = node.targets[0], None, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, note, value = node.target, node.annotation, node.value
        else:
            continue
        is_made = isinstance(value, ast.Call) and _words(value.func) & CONTAINERS
        is_container = is_made or isinstance(value, ast.List | ast.Dict | ast.Set)
        if is_container and isinstance(target, ast.Attribute if of_self else ast.Name):
            yield _name_of(target), note, value


def _changed(module: ast.Module) -> Iterator[str]:
    """Yield the names of what functions put something into."""
    for node in (node for function in _functions(module) for node in ast.walk(function)):
        match node:
            case ast.Call(func=ast.Attribute(value=container, attr=put)) if put in PUTS:
                yield _name_of(container)
            case ast.Subscript(value=container, ctx=ast.Store()):
                yield _name_of(container)
            case ast.AugAssign(target=container):
                yield _name_of(container)


def _functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module, and the methods of its classes."""
    for node in module.body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                yield part


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _words(node: ast.AST | None) -> set[str]:
    parts = ast.walk(node) if node is not None else ()
    return {_name_of(part) for part in parts if isinstance(part, ast.Name | ast.Attribute)}


def test_only_extensions_register_callbacks() -> None:
    assert {each for each in registries(deployed()) if each[0] not in ALLOWED} == set()


def test_every_kind_of_registry_is_noticed() -> None:
    source = """
Look = Callable[[int], None]
Looks = dict[str, Look]
_looks: list[Look] = []
_by_name: Looks = {}
_known = {"first": first}
_words: list[str] = []
_table: dict[str, Look] = {"first": first}

class Registry:
    def __init__(self) -> None:
        self.chores: dict[str, Callable[[], None]] = {}
        self.names: list[str] = []

live = Registry()

def first(number: int) -> None:
    _words.append("first")

def register(name: str, look: Look) -> None:
    _looks.append(look)
    _by_name[name] = _known[name] = look
    live.chores[name] = look
    live.names.append(name)
"""
    found = registries({"looks.py": ast.parse(source)})
    assert {name for _, name in found} == {"_looks", "_by_name", "_known", "chores"}

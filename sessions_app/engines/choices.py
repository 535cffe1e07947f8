"""Which engine is wanted: a short name, a dotted path or JSON, parsed without loading anything."""

import difflib
import inspect
import json
import logging
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from sysconfig import get_paths
from typing import Any

from sessions_app.core.errors import SettingsError

logger = logging.getLogger(__name__)

AUTO = "auto"
"""Use the best that is there."""

_HERE = "sessions_app.engines"
ENGINES: Mapping[str, Mapping[str, str]] = {
    "transcriber": {
        "faster-whisper": f"{_HERE}.speech.faster_whisper.FasterWhisperTranscriber",
        "openai": f"{_HERE}.speech.openai_audio.OpenAiTranscriber",
        "none": "",
        "fake": f"{_HERE}.fake.FakeTranscriber",
    },
    "translator": {
        "llm": f"{_HERE}.llm.translator.LlmTranslator",
        "opus-mt": f"{_HERE}.translation.opus_mt.OpusMtTranslator",
        "apertium": f"{_HERE}.translation.apertium.ApertiumTranslator",
        "none": f"{_HERE}.none.NoTranslator",
        "fake": f"{_HERE}.fake.FakeTranslator",
    },
    "detector": {
        "silero": f"{_HERE}.speech.silero.SileroDetector",
        "fake": f"{_HERE}.fake.FakeDetector",
    },
}
"""The classes behind the short names, by kind. An empty path: no engine at all."""

GONE = {
    "pocketsphinx": "pocketsphinx is no part of Habla any more: Whisper is fetched on any machine. "
    "What would be right: auto."
}
"""What old settings may name, and what to set instead."""

MOVED = {
    f"{_HERE}.faster_whisper.FasterWhisperTranscriber": "faster-whisper",
    f"{_HERE}.openai_audio.OpenAiTranscriber": "openai",
    f"{_HERE}.llm.LlmTranslator": "llm",
    f"{_HERE}.opus_mt.OpusMtTranslator": "opus-mt",
    f"{_HERE}.apertium.ApertiumTranslator": "apertium",
    f"{_HERE}.silero.SileroDetector": "silero",
}
"""Old dotted paths of Habla's own engines, and the short names to use instead."""

GIVEN = ("models_dir", "models_from", "progress")
"""Arguments that Habla gives to each class that takes them, if OPTIONS do not."""

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine and how to build it."""

    backend: str = AUTO
    """``auto``, a short name, or the dotted path of a class."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Keyword arguments of the class; they may hold a key."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which engines are wanted, and where the models are."""

    transcriber: EngineChoice
    translator: EngineChoice
    detector: EngineChoice
    models_dir: Path
    llm: Mapping[str, Any] | None = field(default=None, repr=False)
    """Options of the language model, which may contain a key; None: `auto` searches for none."""
    models_from: Path | None = None
    """A directory or a file in which the owner provides models; None: there is none."""


def kind_of(variable: str) -> str:
    """Return ``transcriber``, ``translator`` or ``detector``, the end of ``variable``."""
    return variable.lower().rpartition("_")[2]


@cache
def current_backend(backend: str) -> str:
    """Return the short name of an engine that has moved; any other ``backend`` as it is.

    A move is logged once.
    """
    if backend in MOVED:
        logger.warning("%s has moved: %s is what to set instead", backend, MOVED[backend])
    return MOVED.get(backend, backend)


def parse_choice(text: str, *, variable: str) -> EngineChoice:
    """Return the engine that ``text``, the value of the environment's ``variable``, names.

    Raises:
        SettingsError: it is none of ``auto``, a short name, a dotted path or JSON.
    """
    stripped = text.strip() or AUTO
    choice = _parse_json(stripped, variable) if stripped[0] in "{[" else EngineChoice(stripped)
    choice = replace(choice, backend=current_backend(choice.backend))
    if choice.backend == AUTO and choice.options:
        raise SettingsError(
            f"{variable}: OPTIONS need a BACKEND that they belong to, not auto.", variable=variable
        )
    if not _is_known(choice.backend, variable) and not _DOTTED.fullmatch(choice.backend):
        raise SettingsError(_complaint(choice.backend, variable), variable=variable)
    return choice


def _parse_json(text: str, variable: str) -> EngineChoice:
    form = 'What would be right: {"BACKEND": "name or dotted path", "OPTIONS": {}}'
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{variable} is not valid JSON at character {error.pos + 1}. {form}", variable=variable
        ) from error
    except (ValueError, RecursionError) as error:  # an absurd number, or absurd nesting
        raise SettingsError(
            f"{variable} is no JSON of a sane size. {form}", variable=variable
        ) from error
    if not isinstance(value, dict) or not {"BACKEND"} <= value.keys() <= {"BACKEND", "OPTIONS"}:
        raise SettingsError(f"{variable} has the wrong keys. {form}", variable=variable)
    backend, options = value["BACKEND"], value.get("OPTIONS", {})
    if not isinstance(backend, str) or not isinstance(options, dict):
        raise SettingsError(
            f"{variable}: BACKEND is a string and OPTIONS an object. {form}", variable=variable
        )
    return EngineChoice(backend.strip(), options)


def is_foreign(backend: str) -> bool:
    """Return whether ``backend`` is a class that is not Habla's own."""
    return "." in backend and not backend.startswith(f"{_HERE}.")


def names_of(variable: str) -> list[str]:
    """Return ``auto`` and the short names that are allowed in ``variable``."""
    return [AUTO, *ENGINES[kind_of(variable)]]


def _is_known(backend: str, variable: str) -> bool:
    return backend in names_of(variable)


def _complaint(backend: str, variable: str) -> str:
    if backend in GONE:
        return f"{variable}: {GONE[backend]}"
    names = names_of(variable)
    # `none` is never suggested: whoever names an engine wants one
    likely = [name for name in names if name != "none"]
    near = difflib.get_close_matches(backend.lower().replace("_", "-"), likely, n=1)
    right = (
        f"What would be right: {', '.join(names)}, the dotted path of a class, or JSON "
        '{"BACKEND": "...", "OPTIONS": {}}.'
    )
    return " ".join([f"{variable} names no engine: {backend!r}.", *_guess(near), right])


def _guess(near: list[str]) -> list[str]:
    return [f"Did you mean {name}?" for name in near]


def check_choice(choice: EngineChoice, *, variable: str) -> None:
    """Import the class of a dotted path, or of a choice with OPTIONS; nothing is loaded.

    A short name without OPTIONS needs no check, and its module may take a second to import.

    Raises:
        SettingsError: there is no such class, or it does not take the OPTIONS.
    """
    if choice.options and not ENGINES[kind_of(variable)].get(choice.backend, choice.backend):
        raise SettingsError(f"{variable}: {choice.backend} takes no OPTIONS.", variable=variable)
    if choice.options or not _is_known(choice.backend, variable):
        check_options(find_class(choice.backend, variable=variable), choice, variable=variable)


def check_options(engine_class: Any, choice: EngineChoice, *, variable: str) -> None:
    """Check the OPTIONS against the parameters of ``engine_class``.

    Raises:
        SettingsError: it does not take them, or it needs more.
    """
    try:
        signature = inspect.signature(engine_class)
    except ValueError as error:  # built-in types have no signature
        raise SettingsError(
            f"{variable}: {choice.backend!r} is not an engine.", variable=variable
        ) from error
    given = {name: None for name in GIVEN if name in signature.parameters}
    if lacking := _lacking(signature, {**given, **choice.options}):
        raise SettingsError(
            f"{variable}: {choice.backend} needs {lacking} in its OPTIONS.", variable=variable
        )
    try:
        signature.bind(**{**given, **choice.options})
    except TypeError as error:
        known = ", ".join(name for name in signature.parameters if name != "progress") or "none"
        raise SettingsError(
            f"{variable}: {choice.backend} does not take these OPTIONS. It takes: {known}.",
            variable=variable,
        ) from error


def _lacking(signature: inspect.Signature, options: Mapping[str, Any]) -> str:
    """Return the names without which it cannot be called, and which nobody gives."""
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return ", ".join(
        name
        for name, one in signature.parameters.items()
        if one.kind in by_name and one.default is one.empty and name not in options
    )


def find_class(backend: str, *, variable: str) -> Any:
    """Import and return the class behind a short name or dotted path of ``variable``.

    Raises:
        SettingsError: there is no such class.
    """
    path = ENGINES[kind_of(variable)].get(backend, backend)
    module, _, name = path.rpartition(".")
    try:
        imported = import_module(module)
    except Exception as error:  # whatever a module of somebody's own may raise
        raise SettingsError(
            f"{variable}: {_why_not_imported(error, backend, module)}", variable=variable
        ) from error
    try:
        found = getattr(imported, name)
    except AttributeError as error:
        near = difflib.get_close_matches(name, dir(imported), n=1)
        problem = f"{variable}: the module {module!r} has no {name!r}."
        raise SettingsError(" ".join([problem, *_guess(near)]), variable=variable) from error
    if not callable(found):
        raise SettingsError(f"{variable}: {backend!r} is not a class.", variable=variable)
    return found


def _why_not_imported(error: Exception, backend: str, module: str) -> str:
    match error:
        case ModuleNotFoundError():
            return f"{backend!r} needs {error.name or module}, which is not there."
        case ImportError():  # its message ends with the path of a file
            return f"{backend!r} cannot be imported: {error.msg.partition(' (')[0]}."
        case SyntaxError():
            return f"the module {module!r} is not Python: see its line {error.lineno}."
    return f"{backend!r} cannot be imported: {place_of(error)}."


def place_of(error: BaseException) -> str:
    """Return what ``error`` is and where it was raised, without a path: for whoever can mend it.

    The line is the last one outside Python's own library and what is installed beside it.
    """
    installed = tuple(get_paths().values())
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if not each.filename.startswith(("<", *installed))]
    kind = type(error).__name__
    if not (own or frames):
        return kind
    last = (own or frames)[-1]
    return f"{kind} in {Path(last.filename).name}, line {last.lineno}"

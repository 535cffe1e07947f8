"""docs/engines.md: its example runs as it stands there, and its tables name what there is."""

import ast
import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.errors import SettingsError
from sessions_app.engines import base
from sessions_app.engines.base import Direction, EngineError, EngineUnavailableError
from sessions_app.engines.choices import EngineChoice, EngineSettings, check_choice, parse_choice
from sessions_app.engines.loading import load_engines
from tests.documents import page, rows, section

MODULE = "programs"
OWN = "An engine of your own, in one file"
HOLA = base.TranslationRequest("hola", Direction.ES_TO_EN)
HEARS = "import sys; print(len(sys.stdin.buffer.read()), 'bytes of', sys.argv[1])"
SHOUTS = "import sys; print(sys.argv[1], sys.stdin.read().upper())"
FAILS = "import sys; sys.exit(1)"
KINDS = {
    "Transcribers": base.Transcriber,
    "Translators": base.Translator,
    "Detectors": base.Detector,
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of the page's file, which lies where Python looks."""
    (code,) = re.findall(r"```python\n(.*?)```", section(page("engines"), OWN), re.DOTALL)
    (tmp_path / f"{MODULE}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield MODULE
    sys.modules.pop(MODULE, None)


def chosen(kind: str, engine: str, program: str, **options: Any) -> EngineChoice:
    """Return a choice as the environment would hold it, checked as before the server starts."""
    command = [sys.executable, "-c", program]
    value = {"BACKEND": f"{MODULE}.{engine}", "OPTIONS": {"command": command, **options}}
    variable = f"HABLA_{kind.upper()}"
    choice = parse_choice(json.dumps(value), variable=variable)
    check_choice(choice, variable=variable)
    return choice


def with_programs(hears: str = HEARS, says: str = SHOUTS) -> EngineSettings:
    return EngineSettings(
        chosen("transcriber", "ProgramTranscriber", hears, languages=["en"]),
        chosen("translator", "ProgramTranslator", says),
        EngineChoice("fake"),
        Path("nowhere"),
    )


async def test_the_example_transcribes_and_translates(module: str) -> None:
    engines = await load_engines(with_programs())
    assert engines.transcriber is not None
    heard = await engines.transcriber.transcribe(bytes(32_000), language=None, final=True)
    assert (heard.text, heard.language) == ("32000 bytes of en", "en")
    translation = await engines.translator.translate(HOLA)
    assert (translation.text, translation.engine) == ("es_to_en HOLA", "program")
    info = engines.infos["transcriber"]
    assert (info.name, info.languages) == (f"{module}.ProgramTranscriber", ("en",))
    await engines.aclose()


async def test_the_example_fails_as_an_engine_does(module: str) -> None:
    engines = await load_engines(with_programs(FAILS, FAILS))
    with pytest.raises(EngineError, match="failed"):
        await engines.translator.translate(HOLA)
    await engines.aclose()
    missing = EngineChoice(f"{module}.ProgramTranslator", {"command": ["no-such-program"]})
    settings = EngineSettings(EngineChoice("none"), missing, EngineChoice("fake"), Path("nowhere"))
    with pytest.raises(EngineUnavailableError, match="no-such-program is not installed"):
        await load_engines(settings)
    text = EngineChoice(f"{module}.ProgramTranslator", {"command": "cat"})
    with pytest.raises(EngineUnavailableError, match="must be a list"):
        await load_engines(replace(settings, translator=text))


@pytest.mark.usefixtures("module")
def test_options_that_the_example_does_not_take_are_told() -> None:
    with pytest.raises(SettingsError, match="It takes: command, languages, parallel, sample"):
        chosen("transcriber", "ProgramTranscriber", HEARS, speed=2)


def members(kind: type) -> dict[str, Any]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("_")}


@pytest.mark.parametrize(
    ("title", "kind"), [("What holds for every engine", base.Engine), *KINDS.items()]
)
def test_the_page_names_every_capability_with_its_default(title: str, kind: type) -> None:
    documented = {row[0]: row[1] for row in rows(section(page("engines"), title))}
    assert {name.strip("`").partition("(")[0] for name in documented} == set(members(kind))
    for cell, default in documented.items():
        value = members(kind)[cell.strip("`").partition("(")[0]]
        is_call = cell.endswith(")`")
        assert is_call is callable(value)
        if is_call:
            is_needed = getattr(value, "__isabstractmethod__", False)
            assert (default == "must be written") is is_needed
        elif not isinstance(value, property):
            assert named(default.strip("`")) == value


def named(default: str) -> Any:
    """Return the value that stands in the page: a literal, or a constant of base."""
    return getattr(base, default) if hasattr(base, default) else ast.literal_eval(default)


def test_the_page_lists_every_field() -> None:
    for name, fields in rows(section(page("engines"), "What they take and return")):
        kind = getattr(base, name.strip("`"))
        assert re.findall(r"`(\w+)`", fields) == [each.name for each in dataclasses.fields(kind)]
        needed = [each.name for each in dataclasses.fields(kind) if is_needed(each)]
        assert re.findall(r"\*\*`(\w+)`\*\*", fields) == needed


def is_needed(field: Any) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def test_the_page_lists_all_that_a_model_elsewhere_has() -> None:
    section_text = section(page("engines"), "A model that another program holds")
    listed = {row[0].strip("`").removesuffix("()") for row in rows(section_text)}
    assert listed == set(members(base.RemoteModel))


def test_the_page_names_nothing_that_base_does_not_have() -> None:
    text = re.sub(r"```.*?```", "", page("engines"), flags=re.DOTALL)
    capitals = {name for name in re.findall(r"`([A-Z]\w+)[`.]", text) if not name.isupper()}
    constants = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", text)) - {"PYTHONPATH"}
    assert capitals | constants <= {*base.__all__, "False", "None", "True"}

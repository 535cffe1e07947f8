"""Apertium translates by rules, whatever happens to its processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, Translation, TranslationRequest
from sessions_app.engines.translation.apertium import ApertiumTranslator
from sessions_app.engines.translation.apertium_modes import MODES_DIR
from tests.engines.processes import all_ended, children_of, watch
from tests.engines.test_translators import needs_apertium

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES
Ask = Callable[[str, Direction], Translation]


def own_children() -> set[int]:
    return set(children_of(os.getpid()))


@pytest.fixture
def stages_before() -> set[int]:
    """The processes of other tests' translators, which live on."""
    return own_children()


@pytest.fixture
async def spanish(stages_before: set[int]) -> AsyncIterator[ApertiumTranslator]:
    """Spanish into English, with short time limits."""
    translator = ApertiumTranslator(directions=["es_to_en"], timeout_seconds=2)
    await translator.load()
    yield translator
    await translator.aclose()


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asyncio.Runner() as runner:
        translator = ApertiumTranslator(timeout_seconds=2)
        runner.run(translator.load())
        yield lambda text, way: runner.run(translator.translate(TranslationRequest(text, way)))
        runner.run(translator.aclose())


@needs_apertium
@pytest.mark.parametrize(
    ("text", "direction", "translation"),
    [
        ("La casa es roja.", ES, "The house is red."),
        ("la casa es roja", ES, "the house is red"),
        ("no entiendo", ES, "I do not understand"),
        ("El frobniz está roto.", ES, "The frobniz is broken."),
        ("[hola] *hola* 2^3", ES, "[hello] *hello* 2^3"),
        ("¿Tienes hambre?", ES, "Are you hungry?"),
        ("I am hungry.", EN, "Tengo hambre."),
        ("Good morning! Where is the house?", EN, "¡Buenos días! ¿Dónde es la casa?"),
        ("The xylophonist sees the house", EN, "El xylophonist ve la casa"),
    ],
)
def test_sentences_are_translated_by_rules(
    ask: Ask, text: str, direction: Direction, translation: str
) -> None:
    assert ask(text, direction) == Translation(text=translation, engine="apertium")


@pytest.mark.slow
@needs_apertium
@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60), direction=st.sampled_from([ES, EN]))
def test_any_text_is_answered(ask: Ask, text: str, direction: Direction) -> None:
    assert isinstance(ask(text, direction).text, str)


@needs_apertium
@settings(max_examples=150, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(
            [
                "hola",
                "casa",
                "[",
                "]",
                "^",
                "$",
                "/",
                "@",
                "\\",
                "<",
                ">",
                "{",
                "}",
                "*",
                "#",
                "+",
                "~",
                ".",
                ",",
            ]
        )
    )
)
def test_apertiums_own_notation_passes_through_as_text(ask: Ask, words: list[str]) -> None:
    notation = set("[]^$/@\\<>{}")
    answer = ask(" ".join(words), ES).text
    assert [c for c in answer if c in notation] == [w for w in words if w in notation]


@pytest.mark.slow
@needs_apertium
async def test_a_stage_that_hangs_is_given_up_and_replaced(
    spanish: ApertiumTranslator, stages_before: set[int]
) -> None:
    stages = own_children() - stages_before
    hanging = max(stages)
    os.kill(hanging, signal.SIGSTOP)
    with pytest.raises(EngineError, match="in time"):
        await spanish.translate(TranslationRequest("La casa es roja.", ES))
    answer = await spanish.translate(TranslationRequest("La casa es roja.", ES))
    assert answer.text == "The house is red."
    assert hanging not in own_children()
    assert len(own_children() - stages_before) == len(stages)


@needs_apertium
async def test_a_stage_that_is_killed_costs_no_answer(
    spanish: ApertiumTranslator, stages_before: set[int]
) -> None:
    os.kill(max(own_children() - stages_before), signal.SIGKILL)
    answer = await spanish.translate(TranslationRequest("La casa es roja.", ES))
    assert answer.text == "The house is red."


@needs_apertium
async def test_only_the_directions_that_are_wanted_are_started(
    spanish: ApertiumTranslator,
) -> None:
    assert spanish.directions == {ES}
    with pytest.raises(EngineError, match="not loaded for this direction"):
        await spanish.translate(TranslationRequest("hello", EN))


@needs_apertium
async def test_a_mode_that_is_not_installed_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "spa-eng.mode").symlink_to(MODES_DIR / "spa-eng.mode")
    translator = ApertiumTranslator(modes_dir=tmp_path)
    await translator.load()
    assert translator.directions == {ES}
    await translator.aclose()


async def test_without_the_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="apt install apertium-eng-spa"):
        await ApertiumTranslator(modes_dir=tmp_path).load()


async def test_a_mode_whose_programs_fail_is_told_and_leaves_no_process(tmp_path: Path) -> None:
    before = own_children()
    (tmp_path / "spa-eng.mode").write_text("false | cat $1 | no-such-program '/x.bin'")
    with pytest.raises(EngineUnavailableError, match="does not answer"):
        await ApertiumTranslator(modes_dir=tmp_path).load()
    assert own_children() == before


@pytest.mark.slow
@needs_apertium
async def test_closing_leaves_no_process() -> None:
    before = own_children()
    translator = ApertiumTranslator()
    await translator.load()
    assert len(own_children() - before) > 10
    await translator.aclose()
    assert own_children() == before


OWNER = """
import asyncio
from sessions_app.engines.translation.apertium import ApertiumTranslator

async def main():
    await ApertiumTranslator().load()
    print("loaded", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
@needs_apertium
def test_its_processes_die_with_an_owner_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"loaded\n"
        stages = watch(children_of(owner.pid))
        owner.kill()
    assert len(stages) > 10
    assert all_ended(stages, within_seconds=5)

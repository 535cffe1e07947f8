"""What Apertium's rules get wrong is said otherwise: the kinds of everyday sentences."""

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest

from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.translation.apertium import ApertiumTranslator
from sessions_app.engines.translation.rules.draft import Draft
from sessions_app.engines.translation.rules.english_clock import tell_times
from sessions_app.engines.translation.rules.units import read_stream, write_stream
from tests.engines.everyday import ENGLISH, SPANISH
from tests.engines.test_translators import needs_apertium

Say = Callable[[str, Direction], str]
LEFT_OVER = re.compile(r"[*#@\ue000-\uf8ff]|\bxq|\bzq|prpers", re.IGNORECASE)


@pytest.fixture(scope="module")
def say() -> Iterator[Say]:
    with asyncio.Runner() as runner:
        translator = ApertiumTranslator(timeout_seconds=5)
        runner.run(translator.load())
        yield lambda text, way: runner.run(translator.translate(TranslationRequest(text, way))).text
        runner.run(translator.aclose())


def failures(say: Say, cases: list[tuple[str, ...]], way: Direction) -> list[str]:
    """Return the sentences whose translation lacks a property, with it."""
    failed = []
    for source, *properties in cases:
        translation = say(source, way)
        missing = [one for one in properties if not holds(one, translation)]
        if missing or LEFT_OVER.search(translation):
            failed.append(f"{source} -> {translation} lacks {missing}")
    return failed


def holds(wanted: str, translation: str) -> bool:
    if wanted.startswith("!"):
        return re.search(wanted[1:], translation) is None
    return re.search(wanted, translation) is not None


@needs_apertium
@pytest.mark.parametrize("kind", ENGLISH)
def test_everyday_english_is_understood(say: Say, kind: str) -> None:
    assert failures(say, ENGLISH[kind], Direction.EN_TO_ES) == []


@needs_apertium
@pytest.mark.parametrize(
    "text",
    ["Xqaaz is here.", "I saw \ue100 and \ue101.", "please", "Please?", "press", "- a - b -"],
)
def test_what_looks_like_a_mark_or_stands_alone_is_translated_too(say: Say, text: str) -> None:
    assert re.search("prensa|complac|prpers", say(text, Direction.EN_TO_ES)) is None


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("at 7", ["a las 7"]),
        ("at 7 people", []),
        ("It'll be half past one", ["será la una y media"]),
        ("at 11 p.m.", ["a las 11 de la noche"]),
        ("by twelve o'clock sharp", ["para las doce en punto"]),
        ("at twenty-five to nine", ["a las nueve menos veinticinco"]),
        ("half to nine", []),
        ("15.30", ["las 15:30"]),
    ],
)
def test_times_of_day_are_said_in_spanish(text: str, times: list[str]) -> None:
    draft = Draft(text)
    tell_times(draft)
    assert [insert.text for insert in draft.inserts.values()] == times


def test_a_stream_is_written_as_it_was_read() -> None:
    stream = r"^Let/Let<vblex><inf>$^'s/be<vbser>$ \[x\] [~m]^a\/b/*a\/b$^./.<sent>$ "
    assert write_stream(*read_stream(stream)) == stream


@needs_apertium
@pytest.mark.parametrize("kind", SPANISH)
def test_everyday_spanish_is_understood(say: Say, kind: str) -> None:
    assert failures(say, SPANISH[kind], Direction.ES_TO_EN) == []

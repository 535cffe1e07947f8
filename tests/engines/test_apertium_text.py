"""Text reaches Apertium without being taken for markup, and keeps its capitals and full stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.translation.apertium_text import (
    escape,
    lower_first,
    open_questions,
    prepare,
    restore,
    unescape,
)

PLAIN = st.text(st.characters(exclude_characters="\ue05e"))


@given(PLAIN)
def test_what_was_escaped_is_found_again(text: str) -> None:
    assert unescape(escape(text)) == text


@given(st.from_regex(r"[A-Z0-9][a-zñ]*(,? [a-zñ]+)*[.?!)]?", fullmatch=True))
def test_a_sentence_that_has_its_capital_is_undressed_to_itself(text: str) -> None:
    dressed = prepare(text)
    assert not dressed.was_lowercase
    assert restore(dressed.text, dressed) == text


@pytest.mark.parametrize(
    ("source", "dressed"),
    [
        ("la casa es roja", "La casa es roja."),
        ("¿Qué?", "¿Qué?"),
        ("¿qué?", "¿Qué?"),
        ("Sí.", "Sí."),
        ("5", "5."),
    ],
)
def test_a_sentence_gets_the_capital_and_the_stop_it_lacks(source: str, dressed: str) -> None:
    assert prepare(source).text == dressed


@pytest.mark.parametrize(
    ("source", "answer", "text"),
    [
        ("la casa es roja", "The house is red.", "the house is red"),
        ("La casa es roja.", "The house is red.", "The house is red."),
        ("no sé", "I do not know.", "I do not know"),
        ("lunes", "Monday.", "Monday"),
        ("Soy Ana", "I am Ana .", "I am Ana"),
        ("¿qué?", "What?", "what?"),
        ("3 casas", "3 Houses.", "3 Houses"),
    ],
)
def test_what_the_source_had_not_is_taken_back(source: str, answer: str, text: str) -> None:
    assert restore(answer, prepare(source)) == text


def test_a_small_letter_comes_after_an_opening_mark_too() -> None:
    assert lower_first("¿Cómo estás?") == "¿cómo estás?"


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("Hola! Dónde es la canal?", "¡Hola! ¿Dónde es la canal?"),
        ("¿Ya? ¡Sí!", "¿Ya? ¡Sí!"),
        ("?!", "?!"),
        ("", ""),
    ],
)
def test_spanish_questions_are_opened(text: str, opened: str) -> None:
    assert open_questions(text) == opened

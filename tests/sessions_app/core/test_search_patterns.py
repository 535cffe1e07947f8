"""Tests of search patterns."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.search_patterns import MAX_CHARACTERS, patterns


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("el", "Él viene."),
        ("ÉL", "él viene"),
        ("manana", "Mañana."),
        ("MAÑANA", "mañana"),
        ("que", "¿QUÉ?"),
        ("a.b", "a.b"),
        ("(?", "what(?!"),
        ("50%", "50% off"),
    ],
)
def test_capitals_and_accents_are_forgiven(query, text):
    assert all(re.search(pattern, text, re.IGNORECASE) for pattern in patterns(query))


@pytest.mark.parametrize(("query", "text"), [("a.b", "axb"), ("si", "no"), ("%", "x")])
def test_other_words_are_not_found(query, text):
    assert not any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns(query))


def test_every_word_is_a_pattern_of_its_own():
    assert patterns("  x   z ") == ["x", "z"]
    assert patterns(" ") == []


@given(st.text(max_size=MAX_CHARACTERS))
def test_any_text_finds_itself(text):
    composed = unicodedata.normalize("NFC", text)
    assert all(re.search(pattern, composed, re.IGNORECASE) for pattern in patterns(text))

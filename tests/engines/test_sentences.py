"""Long text is split where sentences end, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.text.sentences import clean, split_sentences


@given(st.text())
def test_the_sentences_joined_are_the_text(text: str) -> None:
    assert clean(" ".join(split_sentences(text))) == clean(text)


@given(st.text(), st.integers(min_value=5, max_value=40))
def test_no_sentence_is_longer_than_the_limit(text: str, limit: int) -> None:
    sentences = split_sentences(text, limit)
    assert all(0 < len(sentence) <= limit for sentence in sentences)
    assert "".join(sentences).replace(" ", "") == clean(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n ", []),
        ("Hola. ¿Qué tal?", ["Hola.", "¿Qué tal?"]),
        ("Dijo «no». ¡Vaya! Y se fue…", ["Dijo «no».", "¡Vaya!", "Y se fue…"]),
        ("Mr. Smith met Dr. J. Jones.", ["Mr. Smith met Dr. J. Jones."]),
        ("Son 3.5 euros", ["Son 3.5 euros"]),
        ("Wait... what?", ["Wait...", "what?"]),
        ("one\ntwo", ["one two"]),
    ],
)
def test_sentences_end_at_their_stops(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_long_sentence_is_split_at_a_pause() -> None:
    assert split_sentences("uno dos tres, cuatro cinco seis", 20) == [
        "uno dos tres,",
        "cuatro cinco seis",
    ]


def test_decomposed_letters_and_control_characters_become_plain_text() -> None:
    assert clean("an\u0303o\x00\t1 \x07") == "año 1"


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert clean("\ud800 hola") == "? hola"

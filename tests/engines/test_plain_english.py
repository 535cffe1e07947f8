"""Bare words become sentences that a translator can take."""

import pytest

from sessions_app.engines.plain_english import sentence


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("the children are playing in the garden", "The children are playing in the garden."),
        ("where is the nearest train station", "Where is the nearest train station?"),
        ("how much does this cost", "How much does this cost?"),
        ("can you help me find my suitcase", "Can you help me find my suitcase?"),
        ("and what's your name", "And what's your name?"),
        ("what about tomorrow", "What about tomorrow?"),
        ("what you can do for your country", "What you can do for your country."),
        ("and what you can do for your country", "And what you can do for your country."),
        ("can openers are in the drawer", "Can openers are in the drawer."),
        ("i think i'm late and i'll run", "I think I'm late and I'll run."),
        ("we meet on monday in spain", "We meet on Monday in Spain."),
        ("this is it", "This is it."),
        ("yes", "Yes."),
        ("", ""),
    ],
)
def test_words_get_the_shape_of_a_sentence(words: str, text: str) -> None:
    assert sentence(words) == text


def test_what_is_not_whole_has_no_end() -> None:
    assert sentence("how much does", whole=False) == "How much does"

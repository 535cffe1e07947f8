"""Tests of the cues of subtitles."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.subtitles import (
    CUE_LINES,
    LINE_CHARACTERS,
    SHORTEST_MS,
    SPOKEN_MS,
    Caption,
    Cue,
    cues_of,
)

LONG = (
    "Cuando llegamos a la estación ya había salido el último tren, así que tuvimos que "
    "buscar un hotel en medio de la noche.",
    "When we got to the station the last train had already left, so we had to look for a "
    "hotel in the middle of the night.",
)


def shown(*captions: Caption) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(cue.start_ms, cue.end_ms, cue.lines) for cue in cues_of(captions)]


def test_what_is_short_is_one_cue_at_the_time_of_speaking() -> None:
    assert shown(Caption(0.5, 1.25, ("Hola.", "Hello."))) == [(500, 1250, ("Hola.", "Hello."))]


def test_one_word_can_be_read() -> None:
    assert shown(Caption(1, 1.2, ("Sí.", "Yes.")), Caption(1.5, 4, ("Vale.",))) == [
        (1_000, 1_700, ("Sí.", "Yes.")),
        (1_700, 4_000, ("Vale.",)),
    ]


def test_what_is_left_of_a_long_sentence_can_be_read() -> None:
    (*_, last) = shown(Caption(0, 4, (" ".join(["a" * 40] * 4 + ["sí"]),)))
    assert last == (3_167, 4_000, ("sí",))


def test_a_long_sentence_is_cut_in_time_both_languages_side_by_side() -> None:
    cues = list(cues_of([Caption(10.0, 19.0, LONG, "Ana")]))
    assert [cue.lines for cue in cues] == [
        (
            "Cuando llegamos a la estación ya había",
            "When we got to the station the last train",
        ),
        (
            "salido el último tren, así que tuvimos",
            "had already left, so we had to look for a",
        ),
        (
            "que buscar un hotel en medio de la noche.",
            "hotel in the middle of the night.",
        ),
    ]
    assert (cues[0].start_ms, cues[-1].end_ms) == (10_000, 19_000)
    assert [one.end_ms for one in cues[:-1]] == [other.start_ms for other in cues[1:]]
    assert all(2_500 < cue.end_ms - cue.start_ms < 3_500 for cue in cues)
    assert {cue.voice for cue in cues} == {"Ana"}


def test_without_a_translation_both_lines_are_the_source() -> None:
    cues = list(cues_of([Caption(0, 6, LONG[:1])]))
    assert [len(cue.lines) for cue in cues] == [2, 1]
    assert " ".join(" ".join(cue.lines) for cue in cues) == LONG[0]


def test_a_short_source_stands_while_its_long_translation_goes_on() -> None:
    cues = list(cues_of([Caption(0, 6, ("Sí.", LONG[1]))]))
    assert [cue.lines[0] for cue in cues] == ["Sí."] * 3
    assert " ".join(cue.lines[1] for cue in cues) == LONG[1]


def test_a_word_without_an_end_is_cut_at_the_end_of_the_line() -> None:
    ((*_, first), (*_, second)) = shown(Caption(0, 2, ("a" * 100,)))
    assert [len(line) for line in (*first, *second)] == [42, 42, 16]


def test_who_speaks_makes_way_for_what_is_typed_meanwhile() -> None:
    assert shown(
        Caption(10, 15, ("Hablo.",)), Caption(12, 12, ("Escribo.",)), Caption(13, 14, ("Y sigo.",))
    ) == [
        (10_000, 12_000, ("Hablo.",)),
        (12_000, 13_000, ("Escribo.",)),
        (13_000, 14_000, ("Y sigo.",)),
    ]


def test_what_is_typed_at_once_is_shown_one_after_the_other() -> None:
    typed = [Caption(5, 5, (word,)) for word in ("uno", "dos", "tres")]
    assert [(start, end) for start, end, _ in shown(*typed)] == [
        (5_000, 5_833),
        (5_833, 6_666),
        (6_666, 8_666),
    ]


def test_typed_text_stands_as_long_as_it_takes_to_read() -> None:
    (*_, last) = cues_of([Caption(0, 0, (LONG[0],))])
    assert last.end_ms == len(LONG[0]) * 1000 // 17


WORDS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=60)
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
TIMES = st.floats(0, 3_600)
CAPTIONS = st.lists(
    st.builds(Caption, TIMES, TIMES, st.tuples(TEXTS) | st.tuples(TEXTS, TEXTS)), max_size=6
).map(lambda captions: sorted(captions, key=lambda caption: caption.start_seconds))


@given(CAPTIONS)
def test_no_cue_lies_on_another_and_none_is_longer_than_two_lines(
    captions: list[Caption],
) -> None:
    cues = list(cues_of(captions))
    assert all(cue.end_ms - cue.start_ms >= min(SPOKEN_MS, SHORTEST_MS) for cue in cues)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(cues))
    assert all(1 <= len(cue.lines) <= CUE_LINES for cue in cues)
    assert all(0 < len(line) <= LINE_CHARACTERS for cue in cues for line in cue.lines)


@pytest.mark.slow
@given(CAPTIONS)
def test_nothing_of_a_source_is_lost(captions: list[Caption]) -> None:
    for caption in captions:
        parts = list(cues_of([Caption(0, 0, caption.texts[:1])]))
        assert _letters(line for cue in parts for line in cue.lines) == _letters(caption.texts[:1])


def _letters(lines: Iterable[str]) -> str:
    return "".join(lines).replace(" ", "")


@pytest.mark.parametrize("texts", [(), ("",), ("", "")])
def test_where_there_are_no_words_something_is_shown_all_the_same(texts: tuple[str, ...]) -> None:
    assert list(cues_of([Caption(1, 2, texts)])) == [Cue(1_000, 2_000, ("…",))]

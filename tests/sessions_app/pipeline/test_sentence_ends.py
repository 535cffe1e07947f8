"""Which sentences have ended in speech that goes on: by marks, by times, by what follows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.audio import SAMPLE_RATE, to_samples
from sessions_app.core.events import SpokenWord, Transcript
from sessions_app.pipeline.endpointing.sentence_ends import (
    SHORTEST_SECONDS,
    finished_sentences,
    words_after,
)

EACH = 0.5
"""How long each word lasts, with nothing between words."""


def heard(text: str) -> tuple[Transcript, int]:
    """Return words of EACH, and how much sound they take."""
    words = text.split()
    times = [SpokenWord(f" {w}", EACH * n, EACH * (n + 1)) for n, w in enumerate(words)]
    return Transcript(text, "en", words=tuple(times)), to_samples(EACH * len(words))


def finished(text: str) -> list[str]:
    return [one.transcript.text for one in finished_sentences(*heard(text))]


def test_sentences_end_where_their_marks_stand_and_the_last_one_goes_on():
    text = "This house is red. Is it not yours? ¿Where is the other one"
    assert finished(text) == ["This house is red.", "Is it not yours?"]


@pytest.mark.parametrize(
    "text",
    [
        "This sentence has no end at all",
        "It ends only where the sound ends.",
        "I would like to have ... a cup of coffee please",
        "I am going with Mr. Miller to the house",
        "It costs 3.50 in the shop over there",
    ],
)
def test_what_goes_on_is_no_end(text: str) -> None:
    assert finished(text) == []


def test_a_word_that_was_cut_short_does_not_prove_that_the_sentence_before_it_ended():
    transcript, samples = heard("It ends just here. So")
    assert len(finished_sentences(transcript, samples)) == 1
    assert finished_sentences(transcript, samples - to_samples(0.1)) == []


def test_a_short_sentence_goes_together_with_the_next():
    assert finished("Yes. I will do that. And then we go") == ["Yes. I will do that."]
    assert finished("I will do that. Yes. And then we go") == ["I will do that."]


def test_the_gap_lies_between_the_last_word_and_the_first():
    words = (
        SpokenWord(" It", 0.0, 0.5),
        SpokenWord(" is", 0.5, 1.0),
        SpokenWord(" here.", 1.0, 2.0),
        SpokenWord(" So", 2.5, 3.0),
        SpokenWord(" what", 3.0, 4.0),
    )
    (found,) = finished_sentences(Transcript("It is here. So what", "en", words=words), 64_000)
    first, last = (sample / SAMPLE_RATE for sample in found.gap)
    assert (first, last) == pytest.approx((1.95, 2.55))


def test_words_without_times_or_that_are_not_the_text_end_nothing():
    transcript, samples = heard("This house is red. Is it not yours? So it is")
    assert finished_sentences(Transcript(transcript.text, "en"), samples) == []
    others = Transcript(transcript.text + " now", "en", words=transcript.words)
    assert finished_sentences(others, samples) == []


def test_pieces_of_one_word_are_put_together():
    text = "It is twenty-three. So we go home now"
    times = [" It", " is", " twenty", "-three.", " So", " we", " go", " home", " now"]
    words = tuple(SpokenWord(w, n / 2, n / 2 + 0.5) for n, w in enumerate(times))
    (found,) = finished_sentences(Transcript(text, "en", words=words), 80_000)
    assert found.transcript.text == "It is twenty-three."


@given(
    st.lists(st.sampled_from(["so", "it.", "No", "is?", "Yes!", "we…", "Dr.", "5."]), max_size=40)
)
def test_sentences_and_the_rest_are_the_text_and_none_is_too_short(words: list[str]) -> None:
    transcript, samples = heard(" ".join(words))
    found = finished_sentences(transcript, samples)
    rest = words_after(transcript, found)
    texts = [one.transcript.text for one in found]
    assert " ".join([*texts, rest.text]).split() == transcript.text.split()
    assert [word for one in found for word in one.transcript.words] + list(rest.words) == list(
        transcript.words
    )
    assert rest.words or not words
    for one in found:
        spoken = one.transcript.words
        assert spoken[-1].end_seconds - spoken[0].start_seconds >= SHORTEST_SECONDS
    assert all(before.gap[1] <= after.gap[0] for before, after in pairwise(found))

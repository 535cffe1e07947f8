"""What counts as a wrong word, and as a word that was taken back."""

import math

import pytest

from benches.quality.words import compared, erased_words, error_percent


def test_accents_case_points_and_small_numbers_make_no_difference() -> None:
    said, heard = "Marque uno, contrasena.", "marque 1 contraseña"
    assert compared(said, "es") == compared(heard, "es") == ["marque", "uno", "contrasena"]


def test_a_number_is_a_word_of_its_language() -> None:
    assert (compared("2", "es"), compared("2", "en")) == (["dos"], ["two"])


def test_wrong_missing_and_added_words_are_counted_over_all_clips_together() -> None:
    pairs = [("uno dos tres", "uno dos"), ("a b c d e f g", "a b x d e f g y")]
    assert error_percent(pairs, "es") == pytest.approx(100 * 3 / 10)


def test_where_nothing_was_said_nothing_can_be_wrong() -> None:
    assert math.isnan(error_percent([("...", "hola")], "es"))


def test_words_that_stay_are_not_taken_back() -> None:
    assert erased_words([["the"], ["the", "train"], ["the", "train", "had"]]) == 0


def test_a_changed_word_takes_back_all_behind_it() -> None:
    assert erased_words([["a", "b", "c"], ["a", "x", "c"], ["a", "x"]]) == 2 + 1

"""Words on which two hypotheses agree stay."""

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pipeline.recognition.agreement import Agreement

WORDS = st.sampled_from(
    ["Hola", "hola,", "¿qué", "Que", "tal.", "tal", "—", "sí", "SÍ!", "no", "1"]
)
HYPOTHESES = st.lists(st.lists(WORDS, max_size=8).map(" ".join), min_size=1, max_size=8)


def test_nothing_is_stable_at_first() -> None:
    assert Agreement().update("Hola a todos") == ("", "Hola a todos")


def test_what_two_hypotheses_share_at_their_beginning_is_stable() -> None:
    agreement = Agreement()
    agreement.update("I think there for")
    assert agreement.update("I think therefore I") == ("I think", "therefore I")
    assert agreement.update("I think therefore I am") == ("I think therefore I", "am")


def test_case_and_punctuation_do_not_count_and_the_newest_spelling_is_shown() -> None:
    agreement = Agreement()
    agreement.update("hola qué tal")
    assert agreement.update("¡Hola! ¿Qué tal estás?") == ("¡Hola! ¿Qué tal", "estás?")


def test_stable_words_keep_their_spelling_though_a_newer_hypothesis_hears_others() -> None:
    agreement = Agreement()
    agreement.update("they're going home")
    agreement.update("they're going home now")
    assert agreement.update("They are going home now") == ("they're going home now", "")


def test_words_heard_in_another_number_do_not_double_or_swallow_what_follows() -> None:
    agreement = Agreement()
    agreement.update("I have two")
    agreement.update("I have two")
    assert agreement.update("I've got about two cats") == ("I have two", "cats")


def test_the_full_stop_of_a_sentence_that_goes_on_is_not_stable() -> None:
    agreement = Agreement()
    agreement.update("Voy a casa.")
    assert agreement.update("Voy a casa.") == ("Voy a casa", "")
    assert agreement.update("Voy a casa mañana.") == ("Voy a casa", "mañana.")


def test_an_empty_hypothesis_leaves_the_stable_words() -> None:
    agreement = Agreement()
    agreement.update("buenos días")
    agreement.update("buenos días")
    assert agreement.update("") == ("buenos días", "")
    assert agreement.update("...") == ("buenos días", "")


@given(HYPOTHESES)
def test_stable_text_only_grows(hypotheses: list[str]) -> None:
    agreement = Agreement()
    stable = [agreement.update(text)[0] for text in hypotheses]
    for before, after in zip(["", *stable], stable, strict=False):
        assert after.split()[: len(before.split())] == before.split()


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_a_hypothesis_heard_twice_is_wholly_stable(text: str) -> None:
    agreement = Agreement()
    _, unstable = agreement.update(text)
    stable, rest = agreement.update(text)
    assert (stable, rest) == (unstable.rstrip(".,!?—"), "")
    assert agreement.update(text) == (stable, "")


@given(HYPOTHESES)
def test_every_word_shown_was_heard_twice_or_just_now(hypotheses: list[str]) -> None:
    agreement = Agreement()
    for text in hypotheses:
        stable, unstable = agreement.update(text)
        heard = " ".join(hypotheses)
        assert all(word in heard for word in stable.split())
        assert all(word in text.split() for word in unstable.split())


@given(st.lists(st.sampled_from("abcdef"), max_size=12))
def test_hypotheses_that_only_grow_are_stable_up_to_the_one_before(words: list[str]) -> None:
    agreement = Agreement()
    for length in range(len(words) + 1):
        stable, unstable = agreement.update(" ".join(words[:length]))
        assert [*stable.split(), *unstable.split()] == words[:length]
        assert len(stable.split()) == max(0, length - 1)

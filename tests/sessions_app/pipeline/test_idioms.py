"""Idioms are found in all their forms, at their positions, and nothing else is."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.errors import CommandError
from sessions_app.pipeline.idioms.matching import Idiom, Idioms, builtin, check, fold, load

FOUND = {
    "es": {
        "Ayer metí la pata otra vez": "metí la pata",
        "METISTE, otra vez, la pata": "METISTE, otra vez, la pata",
        "Me importa un pepino lo que diga el jefe": "importa un pepino",
        "¡Ponte las pilas, hombre!": "Ponte las pilas",
        "Se va a poner las pilas": "Se va a poner las pilas",
        "Nos lo pasamos bomba": "lo pasamos bomba",
        "Se me ha ido el santo al cielo": "Se me ha ido el santo al cielo",
        "Le habrá costado un riñón": "costado un riñón",
        "Si dieras en el clavo": "dieras en el clavo",
        "No quiero que saques de quicio a nadie": "saques de quicio",
        "Está dando palos de ciego": "dando palos de ciego",
        "Al pie de la letra": "Al pie de la letra",
        "Me he dado cuenta": "Me he dado cuenta",
    },
    "en": {
        "He finally spilled the beans": "spilled the beans",
        "She's pulling John's leg": "pulling John's leg",
        "I couldn\u2019t make up my mind": "make up my mind",
        "It rained cats and dogs": "rained cats and dogs",
        "They were left; he took it with a grain of salt": "took it with a grain of salt",
    },
}
NOT_FOUND = {
    "es": [
        "El coche pasa bien por aquí",
        "Metió la pataleta",
        "Pon las pilas en la radio",
        "La pata del perro",
        "",
    ],
    "en": ["The beans were spilled", "Break the icebox", "raining"],
}
LANGUAGES = st.sampled_from(["es", "en"])


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [(language, *pair) for language, texts in FOUND.items() for pair in texts.items()],
)
def test_a_phrase_is_found_in_whatever_form_at_its_place(
    language: str, text: str, found: str
) -> None:
    (phrase,) = builtin(language).find(text)
    assert (phrase.text, phrase.kind) == (found, "idiom")
    assert phrase.start is not None
    assert text[phrase.start : phrase.end] == found


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in NOT_FOUND.items() for text in texts]
)
def test_what_means_what_it_says_is_left_alone(language: str, text: str) -> None:
    assert builtin(language).find(text) == ()


@given(st.sampled_from(load()), st.sampled_from([str.lower, str.upper, str.title, fold]))
def test_a_pattern_always_finds_its_own_phrase(idiom: Idiom, change: object) -> None:
    assert callable(change)
    text = f"Bueno, {change(idiom.phrase)}."
    (phrase,) = Idioms([idiom]).find(text)
    assert fold(phrase.text) == fold(idiom.phrase)


@given(LANGUAGES, st.text())
def test_whatever_is_said_is_looked_through(language: str, text: str) -> None:
    for phrase in builtin(language).find(text):
        assert text[phrase.start : phrase.end] == phrase.text


@pytest.mark.slow
def test_there_are_enough_of_them_and_each_is_whole() -> None:
    count = Counter(idiom.language for idiom in load())
    assert count["es"] >= 150
    assert count["en"] >= 60
    assert len({(idiom.language, idiom.phrase) for idiom in load()}) == count.total()
    for idiom in load():
        assert all((idiom.meaning, idiom.literal, idiom.region, idiom.register)), idiom.pattern
        check(idiom)
    regions = {place for idiom in load() for place in idiom.region.split(",")}
    assert regions == {"ES", "LA", "US", "UK"}
    assert {i.register for i in load()} == {"neutral", "informal", "vulgar", "humorous"}


def test_of_two_that_overlap_the_longer_one_counts() -> None:
    short, long = Idiom("la pata", "the leg"), Idiom("~meter la pata", "to blunder")
    assert [p.meaning for p in Idioms([short, long]).find("Metió la pata")] == ["to blunder"]


def test_several_come_in_the_order_in_which_they_are_said() -> None:
    text = "Dio a luz ayer, y luego durmió como un tronco"
    assert [p.meaning for p in builtin("es").find(text)] == ["to give birth", "to sleep like a log"]


@pytest.mark.parametrize(
    "pattern", ["", "hola", "~meter ~poner la pata", "la " * 15, "x " * 100, "¿? ¡!"]
)
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(CommandError) as refused:
        check(Idiom(pattern, "nothing"))
    assert refused.value.code == "bad_idiom"


def test_a_pattern_that_takes_too_long_is_refused() -> None:
    with pytest.raises(CommandError) as refused:
        check(Idiom("~meter la pata", "to blunder"), limit_seconds=0)
    assert refused.value.code == "bad_idiom"


@pytest.mark.slow
@given(st.text(alphabet="~ab se'lo", max_size=120))
def test_whatever_passes_the_check_is_found_in_itself_and_quickly(pattern: str) -> None:
    idiom = Idiom(pattern, "something")
    try:
        check(idiom)
    except CommandError:
        return
    idioms = Idioms([idiom])
    assert idioms.find(idiom.phrase) != ()
    began = time.process_time()
    idioms.find((idiom.phrase[:-1] + " ") * 20 + "a " * 500)
    assert time.process_time() - began < 1

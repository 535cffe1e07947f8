"""Spanish or English? Of sound with hysteresis, of typed text by its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pipeline.languages import LanguageChooser, language_of_text

BOTH = frozenset({"es", "en"})

SPANISH = (
    "hola",
    "Gracias",
    "buenos días",
    "Buenos dias a todos",
    "¿Qué tal?",
    "que tal estas",
    "me gusta el café",
    "Me importa un pepino lo que diga el jefe",
    "no me digas",
    "no lo se",
    "ya voy",
    "Tengo hambre",
    "donde esta el bano",
    "¿Dónde está la estación de tren?",
    "cuanto cuesta esto",
    "Nos vemos mañana",
    "hasta luego",
    "perdon, no entiendo",
    "Necesito ayuda con mi maleta",
    "mi hermana vive en Madrid",
    "El perro come pan",
    "hace mucho calor hoy",
    "La cuenta, por favor",
    "habla mas despacio",
    "estoy buscando una farmacia",
    "Trabajábamos juntos",
    "feliz cumpleanos",
    "sin problema",
    "Me llamo Ana y soy de Chile",
    "vale",
)
ENGLISH = (
    "hello",
    "Thanks",
    "good morning",
    "How are you?",
    "I like coffee",
    "I don't care what the boss says",
    "no way",
    "I don’t know",  # noqa: RUF001 -- as a phone types it
    "I'm coming",
    "I am hungry",
    "where is the bathroom",
    "Where is the train station?",
    "how much is this",
    "See you tomorrow",
    "see you later",
    "sorry, I do not understand",
    "I need help with my suitcase",
    "my sister lives in Madrid",
    "The dog eats bread",
    "it is very hot today",
    "The check, please",
    "speak more slowly",
    "looking for a pharmacy",
    "We used to work together",
    "happy birthday",
    "no problem at all",
    "My name is Ana and I'm from Chile",
    "right",
    "Come here once more",
    "Ask not what your country can do for you",
)
EITHER = ("", "no", "Madrid", "OK", "¡!"[1:], "12:30", "Ana", "hotel", "me", "a")


@pytest.mark.parametrize("text", SPANISH)
def test_spanish_text_is_known_by_its_words_accents_or_not(text: str) -> None:
    assert language_of_text(text) == "es"


@pytest.mark.parametrize("text", ENGLISH)
def test_english_text_is_known_by_its_words(text: str) -> None:
    assert language_of_text(text) == "en"


@pytest.mark.parametrize("text", EITHER)
def test_text_that_could_be_either_is_left_open(text: str) -> None:
    assert language_of_text(text) is None


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    assert language_of_text(text) in {"es", "en", None}


def test_sixty_sentences_are_tried() -> None:
    assert len({*SPANISH, *ENGLISH}) == 60


def test_the_first_utterance_takes_the_likelier_language() -> None:
    chooser = LanguageChooser(BOTH)
    assert chooser.current is None
    assert chooser.choose({"es": 0.45, "en": 0.55}, 0.5) == "en"
    assert chooser.current == "en"


def test_it_stays_with_the_last_language_unless_the_other_is_clearly_likelier() -> None:
    chooser = LanguageChooser(BOTH)
    chooser.choose({"es": 0.9, "en": 0.1}, 3)
    assert chooser.choose({"es": 0.4, "en": 0.6}, 3) == "es"
    assert chooser.choose({"es": 0.2, "en": 0.8}, 3) == "en"
    assert chooser.choose({"es": 0.6, "en": 0.4}, 3) == "en"


def test_a_short_utterance_needs_more_to_change_the_language() -> None:
    chooser = LanguageChooser(BOTH)
    chooser.choose({"es": 0.9, "en": 0.1}, 3)
    assert chooser.choose({"es": 0.2, "en": 0.8}, 0.6) == "es"
    assert chooser.choose({"es": 0.1, "en": 0.9}, 0.6) == "en"


def test_probabilities_of_other_languages_do_not_count() -> None:
    chooser = LanguageChooser(BOTH)
    chooser.choose({"es": 1.0, "en": 0.0}, 3)
    assert chooser.choose({"fr": 0.7, "es": 0.05, "en": 0.25}, 3) == "en"
    assert chooser.choose({"fr": 1.0}, 3) == "en"


@pytest.mark.parametrize("only", ["en", "es"])
def test_an_engine_with_one_language_leaves_no_choice(only: str) -> None:
    chooser = LanguageChooser(frozenset({only}))
    assert chooser.current == only
    assert chooser.choose({"es": 0.5, "en": 0.5}, 3) == only
    assert chooser.choose({"es": 0.99, "en": 0.01}, 3) == only
    assert chooser.choose({"es": 0.01, "en": 0.99}, 3) == only


def test_what_was_found_otherwise_is_remembered() -> None:
    chooser = LanguageChooser(BOTH)
    chooser.note("en")
    chooser.note("fr")
    assert chooser.current == "en"
    assert chooser.choose({"es": 0.6, "en": 0.4}, 3) == "en"


@given(st.lists(st.floats(0.31, 0.69), min_size=1, max_size=20))
def test_doubtful_utterances_never_change_the_language(spanish: list[float]) -> None:
    chooser = LanguageChooser(BOTH)
    chooser.choose({"es": 0.9, "en": 0.1}, 2)
    chosen = [chooser.choose({"es": share, "en": 1 - share}, 2) for share in spanish]
    assert set(chosen) == {"es"}

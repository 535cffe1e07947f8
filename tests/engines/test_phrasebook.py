"""The phrasebook answers everyday sentences, however they are written, and leaves the others."""

import json
from importlib.resources import files

import pytest

from sessions_app.core.events import Direction, Translation, TranslationRequest
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.translation.phrasebook import PhrasebookTranslator, look_up, phrase_key

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES


@pytest.mark.parametrize(
    ("sentence", "direction", "answer"),
    [
        ("Nice to meet you.", EN, "Encantado de conocerte."),
        ("nice to meet you", EN, "encantado de conocerte"),
        ("How are you?", EN, "¿Cómo estás?"),
        ("don\u2019t worry", EN, "no pasa nada"),
        ("Hello!", EN, "¡Hola!"),
        ("Encantada de conocerte.", ES, "Nice to meet you."),
        ("¿cómo estás?", ES, "how are you?"),
        ("COMO ESTAS", ES, "How are you?"),
        ("¡Gracias!", ES, "Thank you!"),
        ("no lo sé", ES, "I don't know"),
        (
            "Me importa un pepino lo que diga el jefe.",
            ES,
            "I couldn't care less what the boss says.",
        ),
    ],
)
def test_sentences_are_found_without_regard_to_capitals_accents_and_stops(
    sentence: str, direction: Direction, answer: str
) -> None:
    assert look_up(sentence, direction) == answer


def test_only_whole_sentences_are_found() -> None:
    assert look_up("Gracias por el perro.", ES) is None
    assert look_up("...", ES) is None


def test_an_enye_is_a_letter_of_its_own() -> None:
    assert phrase_key("¿Qué AÑOS, tú?") == "que años tu"
    assert phrase_key("an\u0303o") == "año"


async def test_each_sentence_is_answered_by_the_book_or_by_the_translator_behind() -> None:
    translator = PhrasebookTranslator(FakeTranslator())
    answer = await translator.translate(TranslationRequest("¿Qué tal? quiero agua", ES))
    assert answer == Translation("What's up? want water", engine="fake")
    known = await translator.translate(TranslationRequest("¡Hola! ¿Qué tal?", ES))
    assert known == Translation("Hello! What's up?", engine="phrasebook")


def test_every_entry_is_found_in_both_directions() -> None:
    text = (
        files("sessions_app.engines.translation")
        .joinpath("phrasebook.json")
        .read_text(encoding="utf-8")
    )
    entries = json.loads(text)
    assert all(look_up(sentence, ES) for entry in entries for sentence in entry["es"])
    assert all(look_up(sentence, EN) for entry in entries for sentence in entry["en"])
    assert all(entry.keys() == {"es", "en"} for entry in entries)

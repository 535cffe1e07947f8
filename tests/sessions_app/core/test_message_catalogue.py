"""Tests of messages in another language: sentences, values in their places, and what is unknown."""

import time

import pytest
from django.utils import translation

from sessions_app.core.message_catalogue import Template, in_language

BETTER = "Better: manage.py fetch_models whisper-small, then manage.py reload_engines."


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("", ""),
        ("Log in first.", "Primero inicie sesión."),
        ("loading the translator llm", "cargando el traductor llm"),
        ("OPUS-MT is not on this machine for Spanish → English.",
         "OPUS-MT no está en esta máquina para español → inglés."),
        (f"Whisper is not on this machine yet. {BETTER}",
         "Whisper todavía no está en esta máquina. "
         "Mejor: manage.py fetch_models whisper-small, y después manage.py reload_engines."),
        ("The engines do not work: the transcriber has a bug; the log has it.",
         "Los motores no funcionan: el transcriptor tiene un fallo de programación; está en el "
         "registro."),
        ("x could not be fetched: The hub does not answer. Try again: whole files are kept.",
         "No se pudo descargar x: El repositorio de modelos no responde. "
         "Inténtelo otra vez: los archivos completos se conservan."),
        ("The disk is full: the sound is not recorded from here on. Everything else goes on.",
         "El disco está lleno: desde aquí no se graba el sonido. Todo lo demás sigue."),
        ("Something went wrong with this command.", "Algo salió mal con esta orden."),
        ("text: Field required", "text: Falta este campo"),
    ],
)  # fmt: skip
def test_a_text_is_told_sentence_by_sentence_with_its_values(english: str, spanish: str) -> None:
    assert in_language(english, "es") == spanish
    assert in_language(english, "en") == english


@pytest.mark.parametrize(
    "text", ["Nobody wrote this sentence.", "manage.py", "Está en español.", "{name}"]
)
def test_what_is_unknown_stays_as_it_is(text: str) -> None:
    assert in_language(text, "es") == text


def test_an_unknown_sentence_does_not_hide_those_around_it() -> None:
    assert in_language("Log in first. My engine is odd. Whisper is closed.", "es") == (
        "Primero inicie sesión. My engine is odd. Whisper está cerrado."
    )


@pytest.mark.parametrize("name", ["Live", "Settings", "Model", "Mr. Mist. 7B! new", "{names}"])
def test_the_name_of_a_model_is_never_translated(name: str) -> None:
    told = in_language(f"The language model {name} is being loaded.", "es")
    assert told == f"Se está cargando el modelo de lenguaje {name}."


def test_the_language_is_that_of_the_request_unless_it_is_given() -> None:
    with translation.override("es"):
        assert in_language("Log in first.") == "Primero inicie sesión."
        assert in_language("Log in first.", "en") == "Log in first."
    with translation.override(None):
        assert in_language("Log in first.") == "Log in first."


def test_a_value_that_stands_twice_is_the_same_in_both_places() -> None:
    template = Template.of("{name} is {name}, of {count}.", "")
    assert template.values_in("a is a, of 3.") == {"name": "a", "count": "3"}
    assert template.values_in("a is b, of 3.") is None
    assert template.values_in("a is , of 3.") is None
    assert template.values_in("a is a, of 3") is None


def test_long_texts_take_no_longer_than_they_are_long() -> None:
    text = "The model a lacks " * 4_000
    begun_at = time.process_time()
    assert in_language(f"{text}.", "es").startswith("The model a lacks")
    assert time.process_time() - begun_at < 1

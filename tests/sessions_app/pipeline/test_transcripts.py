"""What was said is believed, what was not said is rejected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.events import DiscardReason, Transcript
from sessions_app.pipeline.recognition.transcripts import judge

REAL = (
    ("Sí", 0.3),
    ("No", 0.3),
    ("Ya", 0.3),
    ("¿Qué?", 0.3),
    ("Gracias.", 0.6),
    ("Thank you.", 0.6),
    ("Bye!", 0.4),
    ("Okay.", 0.4),
    ("No, no, no, no.", 1.2),
    ("Sí, sí, sí, claro que sí.", 1.5),
    ("Muchas gracias por ver el video conmigo ayer.", 2.5),
    ("Thanks for watching the children while I was away.", 2.5),
    ("Suscríbete al canal de noticias si quieres estar al día.", 3.0),
    ("Please subscribe me to the newsletter.", 2.0),
    ("Me gusta la música.", 1.5),
    ("Ask not what your country can do for you, ask what you can do for your country.", 5.0),
    ("Era el mejor de los tiempos, era el peor de los tiempos, era la edad de la sabiduría.", 6.0),
    ("La pregunta es si (como dice el jefe) podemos llegar a tiempo.", 4.0),
    ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10.", 4.0),
    ("Treinta y tres mil trescientos treinta y tres.", 2.0),
    ("Jajaja", 1.0),
    ("Quiero 2ª clase, por favor.", 1.6),
)
PHANTOM = (
    "Subtítulos realizados por la comunidad de Amara.org",
    "Subtitulos por la comunidad de Amara.org.",
    "¡Suscríbete al canal!",
    "¡Suscríbete al canal! ¡Suscríbete al canal!",
    "Gracias por ver el video.",
    "Gracias por ver el vídeo. ¡Suscríbete!",
    "Thanks for watching!",
    "Thank you for watching. Please subscribe to my channel.",
    "Don't forget to like and subscribe!",
    "Subtitles by the Amara.org community",
    "For more information visit www.beadaholique.com",
)
SILENT = ("", "   ", "...", "¿?", "-", "♪♪", "♪ la la la ♪", "[Música]", "(aplausos)", "*risas*")
LOOPS = (
    "no " * 12,
    "de la de la de la de la de la de la",
    "Vale. " + "Y luego se fue a la casa. " * 4,
    "I don't know. " * 6,
)


@pytest.mark.parametrize(("text", "seconds"), REAL)
def test_what_people_say_passes(text: str, seconds: float) -> None:
    assert judge(Transcript(text, "es"), seconds) is None


@pytest.mark.parametrize("text", PHANTOM)
def test_the_well_known_phantom_sentences_are_hallucinations(text: str) -> None:
    assert judge(Transcript(text, "es"), 4.0) is DiscardReason.HALLUCINATION


@pytest.mark.parametrize("text", SILENT)
def test_no_words_are_no_speech(text: str) -> None:
    assert judge(Transcript(text, "es"), 2.0) is DiscardReason.NO_SPEECH


SURE: dict[str, Any] = {
    "average_log_probability": -0.1,
    "no_speech_probability": 0.01,
    "confidence": 0.9,
}
"""The figures of an engine that is sure of the words, and that somebody spoke."""
DOUBTS: tuple[dict[str, Any], ...] = (
    {},
    {"confidence": 0.45, "average_log_probability": -0.8, "no_speech_probability": 0.01},
    {"confidence": 0.9, "average_log_probability": -0.1, "no_speech_probability": 0.4},
    {"confidence": 0.7, "average_log_probability": -0.35},
    {"confidence": 0.7, "average_log_probability": -0.35, "no_speech_probability": 1e-10},
    {"confidence": 0.6},
)
ODD = (
    ("Música.", 1.0),
    ("Music playing.", 1.0),
    ("¡Suscríbete al canal!", 1.5),
    ("Subtítulos realizados por la comunidad de Amara.org", 3.0),
    ("no no no no no no no no no no no", 3.0),
    ("0 0 0 0 0 0 0 0 0 0 0", 3.0),
    ("Vale. " + "Y luego se fue a la casa. " * 4, 9.0),
    ("Ωμέγα αλφα", 1.5),
    ("ご視聴ありがとうございました", 2.0),
)
"""What looks like a hallucination of an engine, but people say it too."""


@pytest.mark.parametrize(("text", "seconds"), ODD)
def test_what_looks_invented_is_believed_where_the_engine_is_sure(
    text: str, seconds: float
) -> None:
    assert judge(Transcript(text, "es", compression_ratio=3.0, **SURE), seconds) is None
    enough: tuple[dict[str, Any], ...] = (
        {"confidence": 0.9},
        {"no_speech_probability": 0.01},
        {"confidence": 0.55, "average_log_probability": -0.6, "no_speech_probability": 0.25},
    )
    for told in enough:
        assert judge(Transcript(text, "es", **told), seconds) is None


@pytest.mark.parametrize("doubt", DOUBTS, ids=str)
@pytest.mark.parametrize(("text", "seconds"), ODD)
def test_what_looks_invented_is_a_hallucination_where_the_engine_leaves_doubt(
    text: str, seconds: float, doubt: dict[str, Any]
) -> None:
    assert judge(Transcript(text, "es", **doubt), seconds) is DiscardReason.HALLUCINATION


def test_nobody_says_the_same_word_that_often_in_that_time() -> None:
    assert judge(Transcript("no " * 100, "es", **SURE), 20.0) is None
    assert judge(Transcript("no " * 100, "es", **SURE), 8.0) is DiscardReason.HALLUCINATION


@pytest.mark.parametrize(
    "text",
    [
        *("(risas) Hola, ¿qué tal?", "(Hola, ¿qué tal?)", "*Hola, ¿qué tal?*", "Hola [ruido]"),
        *("Eres un c*** de m***", "****", "*** ***", "**Hola**", "2 * 3 * 4"),
    ],
)
def test_words_beside_brackets_and_behind_stars_are_words(text: str) -> None:
    assert judge(Transcript(text, "es", **SURE), 2.0) is None


@pytest.mark.parametrize(
    "text",
    [
        *("[BLANK_AUDIO]", "[ Silence ]", "(música de fondo)", "*risas* *aplausos*"),
        *("\uff08笑\uff09", "【音楽】", "<noise>", "<|nospeech|>", "♪ la la la", "**"),
    ],
)
def test_an_engine_that_tells_of_a_sound_tells_of_no_words(text: str) -> None:
    assert judge(Transcript(text, "es", **SURE), 2.0) is DiscardReason.NO_SPEECH


@pytest.mark.parametrize("text", LOOPS)
def test_the_same_words_again_and_again_are_a_hallucination(text: str) -> None:
    assert judge(Transcript(text, "en"), 12.0) is DiscardReason.HALLUCINATION


@pytest.mark.parametrize("text", ["Gracias.", "Thank you.", "You", "¡Muchas gracias!"])
def test_thanks_are_believed_unless_silence_is_likelier(text: str) -> None:
    assert judge(Transcript(text, "es", no_speech_probability=0.5), 0.8) is None
    judged = judge(Transcript(text, "es", no_speech_probability=0.7), 0.8)
    assert judged is DiscardReason.NO_SPEECH


def test_words_over_certain_silence_are_no_speech() -> None:
    judged = judge(Transcript("Buenos días a todos", "es", no_speech_probability=0.95), 2.0)
    assert judged is DiscardReason.NO_SPEECH


def test_likely_silence_counts_only_where_the_engine_is_unsure_of_the_words() -> None:
    sure = Transcript("Buenos días", "es", no_speech_probability=0.7, average_log_probability=-0.3)
    unsure = Transcript(
        "Buenos días", "es", no_speech_probability=0.7, average_log_probability=-1.1
    )
    assert judge(sure, 2.0) is None
    assert judge(unsure, 2.0) is DiscardReason.NO_SPEECH


@pytest.mark.parametrize(
    "doubtful",
    [
        Transcript("he's a man of the four", "en", confidence=0.3),
        Transcript("Buenos días", "es", average_log_probability=-1.2),
        Transcript("Buenos días", "es", compression_ratio=2.6),
        Transcript("Это был дом", "es"),
        Transcript("ご視聴ありがとうございました", "en"),
    ],
)
def test_words_that_the_engine_itself_doubts_are_a_hallucination(doubtful: Transcript) -> None:
    assert judge(doubtful, 3.0) is DiscardReason.HALLUCINATION


def test_words_the_engine_is_fairly_sure_of_pass() -> None:
    fair = Transcript(
        "Buenos días",
        "es",
        confidence=0.35,
        no_speech_probability=0.3,
        average_log_probability=-0.9,
        compression_ratio=2.2,
    )
    assert judge(fair, 1.0) is None


def test_nobody_talks_that_fast() -> None:
    sentence = Transcript("Todos los seres humanos nacen libres e iguales en dignidad", "es")
    assert judge(sentence, 0.5) is DiscardReason.HALLUCINATION
    assert judge(sentence, 2.0) is None


@given(st.text(max_size=80), st.floats(0, 30))
def test_any_text_gets_a_verdict(text: str, seconds: float) -> None:
    assert judge(Transcript(text, "es"), seconds) in {None, *DiscardReason}

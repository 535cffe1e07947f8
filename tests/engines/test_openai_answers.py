"""What speech servers answer, in all its variants, is a transcript or a reported failure."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.errors import EngineError
from sessions_app.engines.speech.openai_answers import (
    StrangeAnswerError,
    parse_transcription,
    read_words,
)


def answer(**fields: object) -> bytes:
    return json.dumps({"text": "Hola", "language": "es"} | fields).encode()


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("spanish", "es"),
        ("Spanish", "es"),
        (" ESPAÑOL ", "es"),
        ("Spanish; Castilian", "es"),
        ("es-ES", "es"),
        ("es_419", "es"),
        ("spa", "es"),
        ("English (US)", "en"),
        ("en-GB", "en"),
        ("estonian", "estonian"),
        ("portuguese", "portuguese"),
        ("pt", "pt"),
        (None, ""),
        ("", ""),
        ("auto", ""),
        ("Unknown", ""),
        (7, ""),
        (["es"], ""),
    ],
)
def test_a_language_is_known_by_its_code_or_its_name(told: object, language: str) -> None:
    assert parse_transcription(answer(language=told), None).language == language


def test_the_language_that_was_asked_for_wins() -> None:
    assert parse_transcription(answer(language="portuguese"), "es").language == "es"


@pytest.mark.parametrize(
    ("log_probability", "silence", "told"),
    [
        (-0.1, 0.01, (-0.1, 0.01)),
        ("-0.1", "0.01", (-0.1, 0.01)),
        (None, None, (0.0, 0.0)),
        (math.nan, math.nan, (0.0, 0.0)),
        (-math.inf, math.inf, (0.0, 0.0)),
        ("nan", "very likely", (0.0, 0.0)),
        (10**400, -(10**400), (0.0, 0.0)),
        ([], {}, (0.0, 0.0)),
        (True, True, (0.0, 0.0)),
        (3, 7, (0.0, 1.0)),
    ],
)
def test_what_is_no_number_is_not_told(
    log_probability: object, silence: object, told: tuple[float, float]
) -> None:
    segment = {"text": "Hola", "avg_logprob": log_probability, "no_speech_prob": silence}
    heard = parse_transcription(answer(segments=[segment]), None)
    assert (heard.text, heard.average_log_probability, heard.no_speech_probability) == (
        "Hola",
        *told,
    )


@pytest.mark.parametrize("segments", [None, [], "none", {}, [None], ["Hola"], [{}], 3])
def test_words_without_segments_are_words(segments: object) -> None:
    heard = parse_transcription(answer(segments=segments), None)
    assert (heard.text, heard.average_log_probability) == ("Hola", 0.0)


def test_words_that_stand_in_the_segments_alone_are_found() -> None:
    segments = [{"text": " Hola,"}, {"text": None}, {"text": " ¿qué tal? "}]
    assert parse_transcription(answer(text=None, segments=segments), None).text == "Hola, ¿qué tal?"


def test_the_text_is_text() -> None:
    assert parse_transcription(answer(text="  Hola,\n\u0000 ¿qué\ttal?  \n"), None).text == (
        "Hola, ¿qué tal?"
    )
    assert parse_transcription(b'{"text": "Hola \\ud83d"}', None).text == "Hola ?"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Hola, \xc2\xbfqu\xc3\xa9 tal?\n", "Hola, ¿qué tal?"),
        (b"\xef\xbb\xbfHola", "Hola"),
        (b'"Hola"', "Hola"),
        (b'{"text": "Hola"}', "Hola"),
        (b"[Applause] Hola", "[Applause] Hola"),
        (b"ma\xf1ana", "ma\N{REPLACEMENT CHARACTER}ana"),
        (b"12", "12"),
        (b"null", ""),
        (b"", ""),
    ],
)
def test_plain_text_is_the_words(body: bytes, text: str) -> None:
    assert read_words(body, "es").text == text


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Log in</html>",
        b" <!DOCTYPE html><p>Log in",
        b"<?xml version='1.0'?><e/>",
        b'{"error": {"message": "no model"}}',
        b'{"text": 5}',
        b"RIFF\x24\0\0\0WAVE",
        b"\xff\xfe\xfd" * 40,
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_told(body: bytes) -> None:
    for read in (parse_transcription, read_words):
        if read is read_words and body.startswith(b"[["):
            continue  # strange words, but words
        with pytest.raises(StrangeAnswerError):
            read(body, None)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from(["text", "segments", "language", "avg_logprob", "no_speech_prob"]),
)
def test_whatever_a_server_answers_is_a_transcript_or_a_told_failure(
    value: object, name: str
) -> None:
    segment = {"avg_logprob": -1, "text": "hola"} | {name: value}
    whole = {"text": "hola", "language": "spanish", "segments": [segment]}
    try:
        heard = parse_transcription(json.dumps(whole | {name: value}).encode(), None)
    except EngineError:
        return
    assert 0 <= heard.confidence <= 1
    assert 0 <= heard.no_speech_probability <= 1

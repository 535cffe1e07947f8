"""Reading the responses of /v1/audio/transcriptions, which differ between servers."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Transcript
from sessions_app.engines.text.sentences import clean

LANGUAGES = {
    **dict.fromkeys(("es", "spa", "spanish", "castilian", "español", "castellano"), "es"),
    **dict.fromkeys(("en", "eng", "english", "inglés"), "en"),
}
"""OpenAI answers with the language's name, others with its code."""
UNKNOWN = frozenset({"auto", "unknown", "und", "undefined", "null", "none", "multi", "mul"})
"""What servers say that do not know the language."""

_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!--|!doctype\b|html\b|head\b|body\b|\?xml\b)", re.IGNORECASE
)


class StrangeAnswerError(EngineError):
    """It is no response of such a server."""

    def __init__(self) -> None:
        super().__init__("The server for speech recognition gave a strange answer.")


def is_page(body: bytes) -> bool:
    """Return whether ``body`` is a web page: usually the login page of a proxy.

    The content type says little: programs that never set one send words as ``text/html``.
    """
    return _PAGE.match(body) is not None


def parse_transcription(body: bytes, language: str | None) -> Transcript:
    """Return the transcript in ``body``, JSON; the requested ``language`` takes precedence.

    Raises:
        StrangeAnswerError: it is no answer of such a server.
    """
    answer = _json(body)
    if not isinstance(answer, dict):
        raise StrangeAnswerError
    segments = _segments(answer)
    text = _text(answer, segments)
    return _transcript(clean(text), segments, language or _language(answer))


def read_words(body: bytes, language: str | None) -> Transcript:
    """Return the transcript in ``body``, usually plain text: without any probability.

    Raises:
        StrangeAnswerError: it is no answer of such a server.
    """
    if is_page(body):
        raise StrangeAnswerError
    try:
        answer = _json(body)
    except StrangeAnswerError:
        answer = _plain_text(body)
    if isinstance(answer, dict | list):
        return parse_transcription(body, language)
    # some encode the text as JSON; "12" is a number then
    text = "" if answer is None else str(answer)
    return _transcript(clean(text), [], language or "")


def _plain_text(body: bytes) -> str:
    text = body.decode(errors="replace").removeprefix("\N{BYTE ORDER MARK}")
    # a few letters in another encoding do no harm; other bytes are no text
    if "\0" in text or 2 * text.count("\N{REPLACEMENT CHARACTER}") > len(text):
        raise StrangeAnswerError
    return text


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise StrangeAnswerError from error


def _segments(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = answer.get("segments")
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _text(answer: Mapping[str, Any], segments: Iterable[Mapping[str, Any]]) -> str:
    text = answer.get("text")
    if isinstance(text, str):
        return text
    told = [one["text"] for one in segments if isinstance(one.get("text"), str)]
    if text is not None or not (told or "segments" in answer):
        raise StrangeAnswerError
    return " ".join(told)


def _transcript(text: str, segments: list[Mapping[str, Any]], language: str) -> Transcript:
    silence = _mean(_numbers(segments, "no_speech_prob"), 0.0)
    log_probability = min(_mean(_numbers(segments, "avg_logprob"), 0.0), 0.0)
    return Transcript(
        text,
        language,
        confidence=math.exp(log_probability) if text else 0.0,
        no_speech_probability=min(max(silence, 0.0), 1.0),
        average_log_probability=log_probability,
        compression_ratio=max(_numbers(segments, "compression_ratio"), default=1.0),
    )


def _language(answer: Mapping[str, Any]) -> str:
    """Return the code of the stated language, ``es`` or ``en``, or the name of another one.

    Empty: none is stated. A region, or a second name, is ignored: ``es-MX``.
    """
    told = answer.get("language")
    words = re.split(r"[^\w]|_", told.strip().casefold()) if isinstance(told, str) else [""]
    return "" if words[0] in UNKNOWN else LANGUAGES.get(words[0], words[0])


def _numbers(segments: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    values = (_number(segment.get(name)) for segment in segments)
    return [value for value in values if value is not None]


def _number(value: Any) -> float | None:
    """Return a finite number, which some write as a string; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _mean(values: list[float], empty: float) -> float:
    return sum(values) / len(values) if values else empty

"""Words found by another machine, which may not even name the language."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence
from tests.tiny.fakeears import FakeEars


def by(*servers: FakeEars) -> str:
    urls = [server.url for server in servers]
    return json.dumps({"BACKEND": "openai", "OPTIONS": {"urls": urls}})


async def test_what_another_machine_hears_is_translated_here(
    house: House, connect: Connect
) -> None:
    with FakeEars() as server:
        await house.restart(transcriber=by(server))
        async with connect(direction="auto") as browser:
            await browser.speak(say("hola mundo"))
        assert browser.translations() == ["hello world"]


async def test_a_language_that_is_not_told_is_found_in_the_words(
    house: House, connect: Connect
) -> None:
    with FakeEars(formats=("json",)) as server:
        await house.restart(transcriber=by(server))
        async with connect(direction="auto") as browser:
            await browser.speak(say("hello world"))
        (heard,) = browser.told("transcript")
        assert (heard["text"], heard["language"]) == ("hello world", "en")


def sure(words: str, **fields: Any) -> bytes:
    """Return the answer of a server that is sure of ``words``, and that somebody spoke."""
    segment = {"text": words, "avg_logprob": -0.1, "no_speech_prob": 0.01, "compression_ratio": 1.0}
    answer = {"text": words, "language": "es", "segments": [segment]}
    return json.dumps(answer | fields).encode()


@pytest.mark.parametrize(
    "text",
    [
        "Música.",
        "Music playing.",
        "0 0 0 0 0 0 0 0 0 0 0",
        "no no no no no no no no no no no",
        "(risas) Hola, ¿qué tal?",
        "Eres un c*** de m***",
        "Ωμέγα αλφα",
    ],
)
async def test_what_a_machine_is_sure_of_is_told_as_it_is(
    house: House, connect: Connect, text: str
) -> None:
    with FakeEars() as server:
        server.says = sure(text)
        await house.restart(transcriber=by(server))
        async with connect() as browser:
            await browser.speak(say("hola mundo"))
        assert browser.texts() == [text]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (json.dumps({"text": "Música."}).encode(), "hallucination"),
        (sure("Música.", segments=None), "hallucination"),
        (sure("[BLANK_AUDIO]"), "no_speech"),
    ],
)
async def test_what_leaves_doubt_or_says_itself_that_it_is_no_speech_is_discarded(
    house: House, connect: Connect, answer: bytes, reason: str
) -> None:
    with FakeEars() as server:
        server.says = answer
        await house.restart(transcriber=by(server))
        async with connect() as browser:
            await browser.speak(say("hola mundo"))
        assert [told["reason"] for told in browser.told("discarded")] == [reason]
        assert browser.texts() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "Spanish"},
        {"language": "es-ES"},
        {"language": None},
        {"language": "portuguese"},
        {"segments": None},
        {"segments": [{"text": "Hola", "avg_logprob": "-0.1", "no_speech_prob": "0.01"}]},
        {"segments": [{"avg_logprob": float("nan"), "no_speech_prob": float("nan")}]},
        {"text": None},
    ],
    ids=str,
)
async def test_an_odd_answer_is_read_for_what_it_tells(
    house: House, connect: Connect, fields: dict[str, Any]
) -> None:
    with FakeEars() as server:
        server.says = sure("Hola, ¿qué tal?", **fields)
        await house.restart(transcriber=by(server))
        async with connect(direction="auto") as browser:
            await browser.speak(say("hola mundo"))
        (heard,) = browser.told("transcript")
        assert (heard["text"], heard["language"]) == ("Hola, ¿qué tal?", "es")


@pytest.mark.parametrize(
    "fault", [HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, "page"], ids=str
)
async def test_a_machine_that_hears_nothing_leaves_all_to_the_one_that_does(
    house: House, connect: Connect, fault: HTTPStatus | str
) -> None:
    with FakeEars() as ill, FakeEars() as well:
        ill.trouble = fault
        await house.restart(transcriber=by(ill, well))
        async with connect() as browser:
            await browser.speak((say("hola mundo") + silence(1)) * 6)
        assert browser.texts() == ["hola mundo"] * 6
        assert browser.problems() == []

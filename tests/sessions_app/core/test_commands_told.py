"""Tests of who is told of commands: those who run the server, and nobody else."""

import json
from typing import Any

import pytest

from sessions_app.consumers.sender import Sender
from sessions_app.consumers.wording import language_of
from sessions_app.core.commands_told import ASK, for_everybody
from sessions_app.core.events import Event, Failure, Notice
from sessions_app.engines.automatic import CHOOSE_WHISPER, GET_OPUS_MT, GET_WHISPER

NO_WHISPER = f"Whisper is not on this machine yet. {GET_WHISPER}"


@pytest.mark.parametrize("advice", [GET_WHISPER, GET_OPUS_MT, CHOOSE_WHISPER])
def test_everybody_is_told_the_reason_and_whom_to_ask(advice: str) -> None:
    assert for_everybody(f"It is small. Its words are few. {advice}") == (
        f"It is small. Its words are few. {ASK}"
    )
    assert for_everybody(advice) == ASK


@pytest.mark.parametrize("text", ["", "It works.", "One. Two.  Three"])
def test_what_tells_of_no_command_stays_as_it_is(text: str) -> None:
    assert for_everybody(text) == text


async def told(event: Event, *, is_operators: bool) -> dict[str, Any]:
    """Return the message that a client gets."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(json.loads(message["text"]))

    sender = Sender(send, None, lambda: None)
    sender.is_operators = is_operators
    await sender.emit(event)
    return sent[0]


async def test_whoever_runs_the_server_is_told_of_commands_and_others_are_not() -> None:
    for event in (
        Notice("ready", {"engines": {"transcriber": {"name": "none", "why": NO_WHISPER}}}),
        Failure("engines_fail", NO_WHISPER),
    ):
        assert NO_WHISPER in json.dumps(await told(event, is_operators=True))
        others = json.dumps(await told(event, is_operators=False))
        assert "manage.py" not in others
        assert ASK in others


async def test_what_people_say_of_commands_is_sent_as_they_said_it() -> None:
    words = "Run manage.py serve. Now."
    said = Notice("transcript", {"utterance_id": 1, "text": words})
    assert (await told(said, is_operators=False))["text"] == words


async def test_those_who_read_spanish_are_told_in_spanish() -> None:
    sent: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["text"])

    sender = Sender(send, None, lambda: None)
    sender.language = "es"
    for is_operators in (True, False):
        sender.is_operators = is_operators
        for advice in (GET_WHISPER, GET_OPUS_MT, CHOOSE_WHISPER):
            text = f"Whisper is not on this machine yet. Only typed text is translated. {advice}"
            await sender.emit(Notice("ready", {"engines": {"transcriber": {"why": text}}}))
            why = json.loads(sent[-1])["engines"]["transcriber"]["why"]
            assert why.startswith("Whisper todavía no está en esta máquina. Solo se traduce")
            assert not any(sentence in why for sentence in (*text.split(". "), ASK))


def test_the_language_of_a_client_is_that_of_its_pages() -> None:
    assert language_of({}) == "en"
    assert language_of({"accept-language": "es-MX, en;q=0.5"}) == "es"
    assert language_of({"accept-language": "es", "cookie": "a=b; habla_language=en"}) == "en"
    assert language_of({"accept-language": "xx", "cookie": "habla_language=\0"}) == "en"

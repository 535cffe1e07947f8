"""The protocol: whatever comes in is a command or an error; what goes out is JSON."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playback_app.protocol import StartPlayback
from sessions_app import protocol
from sessions_app.core import events
from sessions_app.core.audio import Encoding
from sessions_app.core.errors import CommandError, Fault
from sessions_app.core.events import Direction, Mode
from sessions_app.live.commands import parse

SPEAKER = events.Speaker("es", "Ana")

KINDS = [
    "start_listening",
    "stop_listening",
    "text_input",
    "set_direction",
    "set_mode",
    "rename_speaker",
    "new_conversation",
    "start_playback",
    "pause_playback",
    "ping",
    "nope",
]
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
fields = st.sampled_from(
    ["text", "speaker_id", "name", "encoding", "sample_rate", "direction", "mode", "speed", "t"]
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type":"stop_listening"}', protocol.StopListening(type="stop_listening")),
        ('{"type":"new_conversation"}', protocol.NewConversation(type="new_conversation")),
        (
            '{"type":"start_listening"}',
            protocol.StartListening(
                type="start_listening", encoding=Encoding.WEBM_OPUS, sample_rate=16_000
            ),
        ),
        (
            '{"type":"start_listening","encoding":"pcm-s16le","sample_rate":48000}',
            protocol.StartListening(
                type="start_listening", encoding=Encoding.PCM_S16LE, sample_rate=48_000
            ),
        ),
        (
            '{"type":"text_input","text":" ho\\u0000la ","speaker_id":"es"}',
            protocol.TextInput(type="text_input", text="hola", speaker_id="es"),
        ),
        (
            '{"type":"set_direction","direction":"auto"}',
            protocol.SetDirection(type="set_direction", direction=Direction.AUTO),
        ),
        (
            '{"type":"set_mode","mode":"classroom"}',
            protocol.SetMode(type="set_mode", mode=Mode.CLASSROOM),
        ),
        (
            '{"type":"start_playback","recording_id":7,"speed":0}',
            StartPlayback(type="start_playback", recording_id=7, speed=0),
        ),
        ('{"type":"ping","t":[1]}', protocol.Ping(type="ping", t=[1])),
    ],
)
def test_a_command_is_read(text: str, command: protocol.ClientCommand) -> None:
    assert parse(text) == command


def decoded_or_refused(text: str) -> bool:
    """Decode; allow no error but a CommandError whose answer can be sent."""
    try:
        parse(text)
    except CommandError as error:
        failure = events.Failure(error.code, str(error), about=protocol.subject(text))
        assert protocol.encode(failure).encode()
    return True


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_text_does_any_harm(text: str) -> None:
    assert decoded_or_refused(text)


@pytest.mark.slow
@given(any_json)
def test_no_json_does_any_harm(value: object) -> None:
    assert decoded_or_refused(json.dumps(value))


@pytest.mark.slow
@given(st.sampled_from(KINDS), st.dictionaries(fields, any_json))
def test_no_field_does_any_harm(kind: str, values: dict[str, object]) -> None:
    assert decoded_or_refused(json.dumps({"type": kind, **values}))


NOTHING = [
    "\u200b",
    "\u200b\u200c\u200d\u2060\ufeff",
    " \u00ad ",
    "\u3164\u2800",
    "\u0301",
    "\u202e",
    "\u2065\ufff0\U000e0000",
    "\U0001d159",
]
"""Zero-width characters, a soft hyphen, blank letters, a mark alone."""


@pytest.mark.parametrize("nothing", NOTHING, ids=ascii)
def test_text_and_names_of_which_nothing_can_be_seen_are_refused(nothing: str) -> None:
    for message in (
        {"type": "text_input", "text": nothing},
        {"type": "rename_speaker", "speaker_id": "es", "name": nothing},
    ):
        with pytest.raises(CommandError, match="Nothing of it can be seen") as refusal:
            parse(json.dumps(message))
        assert refusal.value.code == "bad_field"


@pytest.mark.parametrize(
    "words", ["a\u200b", "👩\u200d👧", "e\u0301", "?", "ñ\u00ad", "日"], ids=ascii
)
def test_what_can_be_seen_is_taken_with_all_that_belongs_to_it(words: str) -> None:
    message = json.dumps({"type": "text_input", "text": words})
    assert parse(message) == protocol.TextInput(type="text_input", text=words, speaker_id=None)


def test_an_error_names_the_field() -> None:
    with pytest.raises(CommandError) as refusal:
        parse('{"type":"set_direction","direction":"fr"}')
    assert refusal.value.code == "bad_field"
    assert str(refusal.value).startswith("direction: ")


@pytest.mark.parametrize("speed", [0, 0.25, 1, 16, -1, 0.1, 17])
def test_a_playback_is_asked_for_at_any_speed_and_refused_in_its_turn(speed: float) -> None:
    command = parse(f'{{"type":"start_playback","recording_id":1,"speed":{speed}}}')
    assert isinstance(command, StartPlayback)
    assert command.speed == speed


@pytest.mark.parametrize("speed", ["NaN", "1e999", '"2"', "null", "true"])
def test_what_is_no_number_is_no_speed(speed: str) -> None:
    with pytest.raises(CommandError, match="speed"):
        parse(f'{{"type":"start_playback","recording_id":1,"speed":{speed}}}')


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"type":"ping"}', "ping"),
        ('{"type":5}', None),
        ("[]", None),
        ("{", None),
        ("[" * 100_000, None),
        ('{"type":"' + "a" * 100 + '"}', "a" * 40),
    ],
)
def test_an_error_is_about_the_type_that_was_claimed(text: str, kind: str | None) -> None:
    assert protocol.subject(text) == kind


# --- what goes out

EXCHANGE = events.Exchange(
    utterance_id=3,
    source="hola",
    translated="hello",
    language="es",
    direction=Direction.ES_TO_EN,
    start_seconds=0.12345,
    end_seconds=1.0,
    speaker=SPEAKER,
    phrases=(events.Phrase("hola", "a greeting"),),
    transcriber="fake",
    translator="opus-mt",
    exchange_id=9,
)


def told(event: events.Event) -> dict[str, object]:
    message: dict[str, object] = json.loads(protocol.encode(event))
    return message


def test_a_translation_is_told_with_what_the_contract_names() -> None:
    assert told(EXCHANGE) == {
        "type": "translation",
        "utterance_id": 3,
        "exchange_id": 9,
        "stored": True,
        "source": "hola",
        "corrected": "hola",
        "translated": "hello",
        "direction": "es_to_en",
        "speaker": {"id": "es", "name": "Ana"},
        "phrases": [
            {
                "text": "hola",
                "meaning": "a greeting",
                "kind": "idiom",
                "literal": "",
                "region": "",
                "register": "",
                "start": None,
                "end": None,
            }
        ],
        "engine": "opus-mt",
    }


def test_what_rules_translated_is_told_to_be_for_the_gist() -> None:
    assert told(replace(EXCHANGE, is_gist=True))["gist"] is True


def test_who_gave_no_translation_is_told_with_the_one_that_did() -> None:
    passed = (events.PassedOver("llm", Fault.LOOP),)
    message = told(replace(EXCHANGE, passed_over=passed))
    assert message["passed_over"] == [{"engine": "llm", "fault": "loop"}]


def test_why_there_is_no_translation_is_told_where_it_was_judged() -> None:
    failure = events.Failure("translation_failed", "It refused.", 3)
    assert told(replace(failure, fault=Fault.REFUSAL))["fault"] == "refusal"
    assert "fault" not in told(failure)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            events.SpeechStarted(1, 0.12345),
            {"type": "speech_started", "utterance_id": 1, "at_seconds": 0.123},
        ),
        (
            events.SpeechEnded(1, 2.0),
            {"type": "speech_ended", "utterance_id": 1, "at_seconds": 2.0},
        ),
        (
            events.Partial(1, 2, "hola", "mun"),
            {
                "type": "partial",
                "utterance_id": 1,
                "revision": 2,
                "stable": "hola",
                "unstable": "mun",
            },
        ),
        (
            events.Discarded(1, events.DiscardReason.TOO_SHORT),
            {"type": "discarded", "utterance_id": 1, "reason": "too_short"},
        ),
        (events.Lag(4.5, 0), {"type": "lag", "seconds": 4.5, "dropped_seconds": 0}),
        (
            events.Failure("code", "words", about=7),
            {"type": "error", "code": "code", "message": "words", "about": 7, "fatal": False},
        ),
        (events.Notice("pong", {"t": None}), {"type": "pong", "t": None}),
    ],
)
def test_an_event_is_told_as_the_contract_says(
    event: events.Event, message: dict[str, object]
) -> None:
    assert told(event) == message


@given(
    st.text(alphabet=st.characters(exclude_categories=())),
    st.floats(),
)
def test_whatever_an_engine_says_is_valid_json_and_utf_8(text: str, number: float) -> None:
    final = events.FinalTranscript(
        1, text, "es", Direction.ES_TO_EN, events.Speaker("es", text), 0, number, number
    )
    frame = protocol.encode(final)
    assert frame.encode()
    message = json.loads(frame, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert message["confidence"] == (round(number, 3) if math.isfinite(number) else None)

"""Bad input of every kind: it is answered, changes nothing, and the connection still works."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Connect
from tests.sounds import say

NOT_JSON = [
    "",
    "{",
    "hola",
    "{'type': 'ping'}",
    '{"type":"ping"}}',
    '{"type":"ping","t":"\\ud800"}',
]
NO_OBJECTS = ["[]", "1", "null", '"ping"', "true", '[{"type":"ping"}]']
NO_TYPES = ["{}", '{"type":"nope"}', '{"type":5}', '{"type":null}', '{"type":["ping"]}']
BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("text_input", {}),
    ("text_input", {"text": 5}),
    ("text_input", {"text": ""}),
    ("text_input", {"text": " \n "}),
    ("text_input", {"text": "\0"}),
    ("text_input", {"text": "a" * 2_001}),
    ("text_input", {"text": "hola", "speaker_id": 7}),
    ("start_listening", {"encoding": "mp3"}),
    ("start_listening", {"encoding": None}),
    ("start_listening", {"encoding": "pcm-s16le", "sample_rate": "16000"}),
    ("start_listening", {"encoding": "pcm-s16le", "sample_rate": 0}),
    ("start_listening", {"encoding": "pcm-s16le", "sample_rate": -16_000}),
    ("start_listening", {"encoding": "pcm-s16le", "sample_rate": 10**9}),
    ("set_direction", {}),
    ("set_direction", {"direction": "fr_to_en"}),
    ("set_mode", {"mode": "party"}),
    ("rename_speaker", {"speaker_id": "es"}),
    ("rename_speaker", {"speaker_id": "es", "name": ""}),
    ("rename_speaker", {"speaker_id": "es", "name": "a" * 61}),
    ("rename_speaker", {"speaker_id": "e" * 21, "name": "Ana"}),
    ("start_playback", {}),
    ("start_playback", {"recording_id": 1, "mode": 7}),
    ("start_playback", {"recording_id": 1, "mode": "a" * 21}),
    ("start_playback", {"recording_id": 1, "speed": "2"}),
    ("start_playback", {"recording_id": 1, "speed": None}),
    ("start_playback", {"recording_id": [1]}),
]
OUT_OF_PLACE = [
    ("stop_listening", {}, "not_listening"),
    ("rename_speaker", {"speaker_id": "fr", "name": "Ana"}, "unknown_speaker"),
    ("text_input", {"text": "hola", "speaker_id": "fr"}, "unknown_speaker"),
    ("start_playback", {"recording_id": 1}, "unknown_recording"),
    ("start_playback", {"recording_id": 1, "mode": "backwards", "speed": 17}, "unknown_recording"),
    ("pause_playback", {}, "not_playing"),
    ("resume_playback", {}, "not_playing"),
]


async def test_what_is_no_json_is_answered(connect: Connect) -> None:
    await answered_each(connect, NOT_JSON, "bad_json")


async def test_json_that_is_no_object_is_answered(connect: Connect) -> None:
    await answered_each(connect, NO_OBJECTS, "bad_message")


async def test_an_unknown_type_is_answered(connect: Connect) -> None:
    await answered_each(connect, NO_TYPES, "unknown_type")


async def answered_each(connect: Connect, texts: list[str], code: str) -> None:
    async with connect() as browser:
        for text in texts:
            await browser.send_text(text)
            assert (await browser.until("error"))["code"] == code
        await browser.speak(say("hola mundo"))
    assert len(browser.problems()) == len(texts)
    assert browser.translations() == ["hello world"]


async def test_a_missing_or_wrong_field_is_named(connect: Connect) -> None:
    async with connect() as browser:
        for kind, fields in BAD_FIELDS:
            await browser.say(kind, **fields)
            answer = await browser.until("error")
            assert (kind, fields, answer["code"], answer["about"]) == (
                kind,
                fields,
                "bad_field",
                kind,
            )
        await browser.speak(say("hola mundo"))
    assert browser.translations() == ["hello world"]


async def test_the_answer_to_a_wrong_field_says_which_one_and_what_would_be_right(
    connect: Connect,
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="mp3")
        answer = await browser.until("error")
    assert answer["message"] == (
        "encoding: Input should be 'webm-opus', 'ogg-opus', 'mp4-aac' or 'pcm-s16le'"
    )
    assert answer["fatal"] is False


@pytest.mark.parametrize(("kind", "fields", "code"), OUT_OF_PLACE)
async def test_a_command_out_of_place_is_answered(
    connect: Connect, kind: str, fields: dict[str, object], code: str
) -> None:
    async with connect() as browser:
        await browser.say(kind, **fields)
        await browser.until("error", code=code, about=kind)
        await browser.speak(say("hola mundo"))
    assert browser.problems() == [(code, kind)]
    assert browser.translations() == ["hello world"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_infinity_is_no_number(connect: Connect, value: str) -> None:
    async with connect() as browser:
        await browser.send_text(f'{{"type":"ping","t":{value}}}')
        await browser.until("error", about="ping")
        await browser.send_text(f'{{"type":"start_playback","recording_id":1,"speed":{value}}}')
        await browser.until("error", about="start_playback")
        assert await browser.still_works()
    assert [code for code, _ in browser.problems()] == ["bad_field", "bad_field"]


@pytest.mark.parametrize("depth", [300, 100_000])
async def test_deep_nesting_is_refused(connect: Connect, depth: int) -> None:
    async with connect() as browser:
        await browser.send_text('{"type":"ping","t":' + "[" * depth + "]" * depth + "}")
        assert (await browser.until("error"))["code"] == "bad_json"
        assert await browser.still_works()


async def test_half_a_surrogate_pair_is_answered_in_valid_utf_8(connect: Connect) -> None:
    async with connect() as browser:
        await browser.send_text('{"type":"\\ud83d"}')
        answer = await browser.until("error", code="bad_json")
        assert json.dumps(answer, ensure_ascii=False).encode()
        assert await browser.still_works()


async def test_a_nul_in_what_is_typed_is_left_out(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="ho\0la mundo")
        await browser.until("translation")
    assert browser.texts() == ["hola mundo"]


async def test_text_of_the_greatest_length_is_taken(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="a" * 2_000)
        await browser.say("rename_speaker", speaker_id="es", name="b" * 60)
        await browser.until("speakers")
    assert [len(text) for text in browser.texts()] == [2_000]
    assert browser.problems() == []


async def test_fields_that_nobody_knows_do_no_harm(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="hola", colour="red")
        await browser.until("translation")
    assert browser.translations() == ["hello"]


async def test_sound_before_listening_is_told_once(connect: Connect) -> None:
    async with connect() as browser:
        await browser.send_sound(say("hola mundo"), 0.1)
        await browser.speak(say("gracias"))
    assert browser.problems() == [("not_listening", "audio")]
    assert browser.texts() == ["gracias"]


async def test_sound_after_listening_is_told_once_and_not_heard(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("gracias"))
        await browser.send_sound(say("hola mundo"), 0.1)
        await browser.speak(say("sí"))
    assert browser.problems() == [("not_listening", "audio")]
    assert browser.texts() == ["gracias", "sí"]


async def test_empty_and_odd_frames_do_no_harm(connect: Connect) -> None:
    sound = say("hola mundo")
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_bytes(b"")
        for chunk in (sound[:1], sound[1:5_000], sound[5_000:10_001], sound[10_001:]):
            await browser.send_bytes(chunk)
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo"]
    assert browser.problems() == []


@pytest.mark.parametrize(
    "query",
    [
        {"direction": "fr_to_en"},
        {"mode": "party"},
        {"conversation": "7"},
        {"direction": "\udcff".encode("latin1", "replace").decode()},
    ],
)
async def test_a_bad_query_is_told_and_the_defaults_hold(
    connect: Connect, query: dict[str, str]
) -> None:
    async with connect(**query) as browser:
        await browser.speak(say("hola mundo"))
    assert browser.problems() == [("bad_query", "query")]
    assert browser.told("ready")[0]["direction"] == "es_to_en"
    assert browser.told("ready")[0]["mode"] == "conversation"
    assert browser.translations() == ["hello world"]


async def test_a_conversation_that_is_not_there_is_told_and_a_new_one_begins(
    connect: Connect,
) -> None:
    unknown = str(uuid4())
    async with connect(conversation=unknown) as browser:
        await browser.speak(say("hola mundo"))
    assert browser.problems() == [("unknown_conversation", "query")]
    assert browser.told("ready")[0]["conversation_id"] != unknown
    assert browser.translations() == ["hello world"]


async def test_fifty_malformed_messages_in_a_row_end_the_connection(connect: Connect) -> None:
    async with connect() as browser:
        for _ in range(50):
            await browser.send_text("{bad")
        assert await browser.close_code() == 4400
    assert len(browser.told("error")) == 50
    assert [m["reason"] for m in browser.told("closed")] == ["not_our_protocol"]


async def test_a_good_message_among_bad_ones_makes_the_count_begin_again(
    connect: Connect,
) -> None:
    async with connect() as browser:
        for _ in range(2):
            for _ in range(49):
                await browser.send_text("{bad")
            assert await browser.still_works()
    assert len(browser.told("error")) == 98


@pytest.mark.parametrize("size", [256 * 1024 + 1, 900_000])
async def test_a_message_that_is_too_big_is_answered(connect: Connect, size: int) -> None:
    async with connect() as browser:
        await browser.send_text("é" * (size // 2 + 1))
        await browser.send_bytes(bytes(size))
        assert await browser.still_works()
    assert browser.problems() == [("too_big", None), ("too_big", None)]


async def test_commands_that_are_well_formed_are_no_strikes(connect: Connect) -> None:
    async with connect() as browser:
        for _ in range(60):
            await browser.say("pause_playback")
        for _ in range(60):
            await browser.until("error")
        assert await browser.still_works()
    assert browser.problems() == [("not_playing", "pause_playback")] * 60

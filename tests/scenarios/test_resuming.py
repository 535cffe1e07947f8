"""A session outlives its connection, for a client that asks for it; nothing is told twice."""

import asyncio
import itertools

import pytest

from sessions_app.consumers import allowance
from sessions_app.core.audio import SAMPLE_RATE, count_samples
from sessions_app.core.token_buckets import Rate
from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.resuming import LOST, numbers, resuming, seen_by
from tests.sounds import chunks, say, silence, webm


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.order_by("started_at")]


async def test_what_is_said_goes_on_where_the_connection_was_lost(connect: Connect) -> None:
    sound = say("hola mundo") + silence(1) + say("gracias") + silence(1)
    pieces = chunks(sound, 0.1)
    async with connect(resumable="1") as first:
        assert first.told("ready")[0]["resume"]["seconds"] == 120
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        for piece in pieces[:3]:
            await first.send_bytes(piece)
        assert (await first.until("listening_started"))["stream"] == 1
        await first.leave(LOST)
    async with resuming(connect, first) as second:
        resumed = await second.until("resumed")
        assert resumed["session_id"] == first.told("ready")[0]["session_id"]
        assert (resumed["listening"], resumed["stream"], resumed["command"]) == (True, 1, 1)
        assert resumed["bytes"] == sum(map(len, pieces[:3]))
        begun = first.told("listening_started")[0]
        assert {resumed[name] == begun[name] for name in ("encoding", "recording")} == {True}
        for piece in pieces[3:]:
            await second.send_bytes(piece)
        await second.say("stop_listening", command=2)
        await second.until("listening_stopped")
        await second.leave()
    assert second.texts() == ["hola mundo", "gracias"]
    assert numbers(first, second) == sorted(set(numbers(first, second)))
    row = await TranslationSession.objects.aget()
    assert (row.reason, row.received_samples) == ("client_left", count_samples(sound))
    assert [e.source async for e in Exchange.objects.order_by("pk")] == ["hola mundo", "gracias"]


async def test_what_was_missed_is_told_once_and_in_order(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"delay_seconds": 0.2})
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1) + say("gracias") + silence(1))
        await first.say("stop_listening", command=2)
        await first.until("speech_ended")
        await first.leave(LOST)
    await eventually(lambda: [s.state for s in house.registry.sessions.values()] == ["detached"])
    [session] = house.registry.sessions.values()
    await eventually(lambda: not session.is_listening)
    async with resuming(connect, first) as second:
        resumed = await second.until("resumed")
        await second.until("listening_stopped")
        assert (resumed["listening"], resumed["command"]) == (False, 2)
        assert resumed["events_from"] == seen_by(first) + 1
        await second.leave()
    all_of_it = numbers(first, second)
    assert all_of_it == list(range(1, len(all_of_it) + 1))
    words = [m["text"] for browser in (first, second) for m in browser.told("transcript")]
    assert words == ["hola", "gracias"]


async def test_who_has_seen_less_is_told_again(connect: Connect) -> None:
    async with connect(resumable="1") as first:
        await first.say("text_input", text="hola", command=1)
        await first.until("translation")
        await first.leave(LOST)
    async with resuming(connect, first, seen=0) as second:
        assert (await second.until("resumed"))["events_from"] == 1
        assert (await second.until("transcript"))["event"] == 1
        assert (await second.until("translation"))["event"] == 2
        await second.leave()


async def test_a_command_is_done_once(connect: Connect) -> None:
    async with connect(resumable="1") as first:
        await first.say("text_input", text="hola", command=1)
        await first.say("text_input", text="hola", command=1)
        await first.leave(LOST)
    async with resuming(connect, first) as second:
        assert (await second.until("resumed"))["command"] == 1
        await second.say("text_input", text="hola", command=1)
        await second.say("text_input", text="gracias", command=2)
        await second.until("translation", source="gracias")
        await second.leave()
    assert [e.source async for e in Exchange.objects.order_by("pk")] == ["hola", "gracias"]


async def test_a_command_that_came_too_fast_is_taken_under_another_number(
    connect: Connect,
) -> None:
    async with connect(resumable="1") as first:
        for number in range(1, 31):
            await first.say("rename_speaker", speaker_id="es", name=f"{number}", command=number)
        refused = await first.until("error", code="too_fast", about="rename_speaker")
        assert await first.still_works()
        await first.leave(LOST)
    async with resuming(connect, first, seen=refused["event"] - 1) as second:
        assert (await second.until("resumed"))["command"] == 30
        assert await second.until("error") == refused  # told again, should it have been missed
        await asyncio.sleep(refused["retry_after_seconds"])
        again = {"speaker_id": "es", "name": "Ana"}
        await second.say("rename_speaker", **again, command=refused["command"])
        await second.say("rename_speaker", **again, command=31)
        named: list[str] = []
        while "Ana" not in named:
            named = [one["name"] for one in (await second.until("speakers"))["speakers"]]
        assert await second.still_works()
        await second.leave()
    names = [one["name"] for told in second.told("speakers") for one in told["speakers"]]
    assert names.count("Ana") == 1


async def test_what_a_client_held_is_taken_in_its_order_however_much_it_is(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "COMMANDS", Rate(burst=3, per_second=20))
    monkeypatch.setattr(allowance, "TYPED", Rate(burst=1, per_second=20))
    async with connect(resumable="1") as first:
        await first.leave(LOST)
    words = ["hola", "mundo", "gracias", "agua", "casa"]
    async with resuming(connect, first) as second:
        await second.until("resumed")
        ordinals = itertools.count(1)
        for word in words:
            await second.say("start_listening", encoding="pcm-s16le", command=next(ordinals))
            await second.send_sound(say(word))
            await second.say("stop_listening", command=next(ordinals))
            await second.say("text_input", text=f"{word} {word}", command=next(ordinals))
        while len(second.told("translation")) < 2 * len(words):
            await second.next()
        await second.leave()
    assert second.told("error") == []
    said = [e.source async for e in Exchange.objects.order_by("said_at", "pk")]
    assert sorted(said) == sorted([*words, *(f"{word} {word}" for word in words)])
    assert [text for text in said if " " not in text] == words


async def test_a_second_connection_takes_over_from_the_first(connect: Connect) -> None:
    async with connect(resumable="1") as first, resuming(connect, first) as second:
        await second.until("resumed")
        assert await first.close_code() == 4414
        assert first.heard[-1] == {"type": "closed", "reason": "taken_over"}
        await first.say("text_input", text="agua")
        await first.leave()
        await second.say("text_input", text="hola")
        await second.until("translation")
        await second.leave()
    assert [e.source async for e in Exchange.objects.all()] == ["hola"]
    assert await reasons() == ["client_left"]


async def test_a_ticket_is_good_until_its_successor_is_known_to_have_come(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as first:
        await first.leave(LOST)
    async with resuming(connect, first) as second:  # the answer is lost on the way
        await second.until("resumed")
        await second.leave(LOST)
    async with resuming(connect, first) as third:
        await third.until("resumed")
        assert await third.still_works()
        await third.leave(LOST)
    for used in (first, second):
        async with resuming(connect, used) as stranger:
            await stranger.until("error", code="resume_unknown", about="query", fatal=False)
            ready = await stranger.until("ready")
            assert ready["session_id"] != first.told("ready")[0]["session_id"]
            await stranger.leave()
    async with resuming(connect, third) as fourth:
        await fourth.until("resumed")
        await fourth.leave()
    assert await reasons() == ["client_left"] * 3


async def test_a_ticket_that_is_none_begins_a_session(connect: Connect) -> None:
    for ticket in ("", "x", "é" * 50, "a" * 43, "\0"):
        async with connect(resumable="1", resume=ticket) as browser:
            assert "resume" in browser.told("ready")[0]


async def test_who_does_not_come_back_in_time_ends_it(house: House, connect: Connect) -> None:
    await house.restart(resume_seconds=0.3)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.say("text_input", text="hola mundo", command=2)
        await first.send_sound(say("hola mundo"))
        await first.leave(LOST)
        await eventually(lambda: not house.registry.sessions)
    assert await reasons() == ["not_resumed"]
    assert [e.source async for e in Exchange.objects.all()] == ["hola mundo"] * 2
    async with resuming(connect, first) as late:
        ready = await late.until("ready")
        assert ready["conversation_id"] == first.told("ready")[0]["conversation_id"]
        assert ready["continues"] == {"stream": 1, "bytes": len(say("hola mundo"))}
        assert ready["command"] == 2
        await late.leave()
    async with resuming(connect, first) as later:  # the ticket is used up
        await later.until("error", code="resume_unknown")
        assert "continues" not in await later.until("ready")
        await later.leave()


@pytest.mark.parametrize("code", [1001, 1005, 1006])
async def test_only_a_client_that_can_come_back_is_waited_for(
    house: House, connect: Connect, code: int
) -> None:
    async with connect() as browser:
        assert "resume" not in browser.told("ready")[0]
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola") + silence(1))
        await browser.until("translation")
        assert numbers(browser) == []
        await browser.leave(code)
    assert not house.registry.sessions
    async with connect(resumable="1") as browser:
        await browser.leave(code)
        assert [s.state for s in house.registry.sessions.values()] == ["detached"]
    async with resuming(connect, browser) as back:
        await back.until("resumed")
        await back.leave()


async def test_who_leaves_is_gone(house: House, connect: Connect) -> None:
    async with connect(resumable="1") as browser:
        await browser.say("text_input", text="hola")
        await browser.say("leave")
        assert await browser.close_code() == 1000
        assert browser.translations() == ["hello"]
        assert browser.told("closed")[0]["reason"] == "client_left"
    async with connect(resumable="1") as browser:
        await browser.leave(1000)
    assert not house.registry.sessions
    assert await reasons() == ["client_left", "client_left"]


async def test_nothing_at_all_to_resume_where_it_is_switched_off(
    house: House, connect: Connect
) -> None:
    await house.restart(resume_seconds=0)
    async with connect(resumable="1") as browser:
        assert "resume" not in browser.told("ready")[0]
        await browser.leave(LOST)
    assert not house.registry.sessions


async def test_a_client_that_went_silent_may_come_back(house: House, connect: Connect) -> None:
    await house.restart(silence_seconds=1)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le")
        await first.send_sound(say("hola"))
        assert await first.close_code() == 4408
        assert first.told("closed")[0]["reason"] == "silent"
        assert [s.state for s in house.registry.sessions.values()] == ["detached"]
    async with resuming(connect, first) as second:
        await second.until("resumed", listening=True)
        await second.send_sound(say("mundo"))
        await second.say("stop_listening")
        await second.until("listening_stopped")
        await second.leave()
    assert second.texts() == ["hola mundo"]


# --- what may be forgotten


@pytest.mark.parametrize("recording", ["on", "off"])
async def test_what_is_kept_may_be_forgotten(
    house: House, connect: Connect, recording: str
) -> None:
    await house.restart(recording=recording)
    sound = say("hola") + silence(1.5)
    async with connect(resumable="1") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(sound)
        kept = await browser.until("kept", stream=1)
        assert kept["durable"] == (recording == "on")
        assert 0 < kept["bytes"] <= len(sound)
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        await browser.leave()
    last = browser.told("kept")[-1]
    assert last == {"type": "kept", "stream": 1, "bytes": len(sound), "durable": recording == "on"}


async def test_without_a_recording_only_words_that_were_told_are_kept(
    house: House, connect: Connect
) -> None:
    await house.restart(recording="off", transcriber={"delay_seconds": 2})
    sound = silence(0.5) + say("hola") + silence(1)
    async with connect(resumable="1") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(sound, 0.1)
        await browser.until("speech_ended")
        before = await browser.until("kept")
        assert before["bytes"] <= len(silence(0.5))
        await browser.until("translation")
        after = await browser.until("kept")
        assert after["bytes"] >= len(silence(0.5) + say("hola"))
        await browser.leave()


async def test_a_client_that_does_not_resume_is_not_told(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola"))
        await asyncio.sleep(1.2)
        assert await browser.still_works()
        assert browser.told("kept") == []


async def test_what_could_not_be_sent_is_accounted_for(connect: Connect) -> None:
    async with connect(resumable="1") as browser:
        await browser.say("start_listening", encoding="pcm-s16le", command=1)
        await browser.send_sound(say("hola"), 0.11)
        lost = SAMPLE_RATE * 2 * 3
        await browser.say("not_sent", stream=1, bytes=lost, seconds=3.0, command=2)
        await browser.send_sound(say("gracias"), 0.11)
        await browser.leave(LOST)
    async with resuming(connect, browser) as second:
        resumed = await second.until("resumed")
        assert resumed["bytes"] == len(say("hola")) + lost + len(say("gracias"))
        await second.say("stop_listening", command=3)
        stopped = await second.until("listening_stopped")
        await second.leave()
    words = [m for each in (browser, second) for m in each.told("transcript")]
    assert [m["text"] for m in words] == ["hola", "gracias"]
    assert stopped["dropped_seconds"] == 3.0
    row = await TranslationSession.objects.aget()
    assert row.losses == {"not_sent": 3 * SAMPLE_RATE}
    first, later = [e async for e in Exchange.objects.order_by("pk")]
    assert later.start_seconds - first.end_seconds >= 2.5


# --- how many


async def test_who_is_away_gives_way(house: House, connect: Connect) -> None:
    await house.restart(max_sessions=2)
    async with connect(resumable="1") as first:
        await first.leave(LOST)
    async with connect(resumable="1") as second:
        await second.leave(LOST)
    async with connect() as third:
        await third.say("text_input", text="hola")
        await third.until("translation")
        await eventually(lambda: len(house.registry.sessions) == 2)
    assert await reasons() == ["gave_way", "", "client_left"]
    async with resuming(connect, second) as back:
        await back.until("resumed")
        await back.leave()


async def test_a_container_goes_on_in_the_middle_of_it(connect: Connect) -> None:
    sound = webm(say("hola mundo") + silence(1) + say("gracias") + silence(1))
    pieces = [sound[i : i + 500] for i in range(0, len(sound), 500)]
    browsers: list[Client] = []
    async with connect(resumable="1") as browser:
        browsers.append(browser)
        await browser.say("start_listening", command=1)
        for piece in pieces[:2]:
            await browser.send_bytes(piece)
        await browser.leave(LOST)
    for piece in pieces[2:]:
        async with resuming(connect, *browsers) as browser:
            resumed = await browser.until("resumed")
            browsers.append(browser)
            assert resumed["listening"]
            assert resumed["bytes"] == 500 * (len(browsers))
            await browser.send_bytes(piece)
            await browser.leave(LOST)
    async with resuming(connect, *browsers) as browser:
        await browser.until("resumed")
        browsers.append(browser)
        await browser.say("stop_listening", command=2)
        await browser.until("listening_stopped")
        await browser.leave()
    told = [m["text"] for each in browsers for m in each.told("transcript")]
    assert told == ["hola mundo", "gracias"]

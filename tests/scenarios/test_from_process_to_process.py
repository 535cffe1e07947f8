"""A session goes from process to process: none of them loses its stream, or counts it anew."""

import asyncio

import pytest

from sessions_app.access.logins import Login
from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.events import Direction, Event, Manner, Mode, Notice, Numbered
from sessions_app.engines.decoding.process import DecoderProcess
from sessions_app.live import returning
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.tickets import ticket_hash
from sessions_app.live.returning import ResumeTicket, come_back
from sessions_app.live.states import SessionRequest
from sessions_app.models import (
    Exchange,
    Recording,
    Resumption,
    SessionState,
    TranslationSession,
)
from sessions_app.pipeline.account import Account
from sessions_app.recording.finishing import FinishedRecording, RecordingFinisher
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.recording.recovery import recover_recordings
from sessions_app.store import ownership, sessions
from sessions_app.store.row_owner import RowOwner
from tests.conftest import Connect
from tests.engines.streams import encode
from tests.house import Client, House
from tests.patience import PATIENCE_SECONDS
from tests.resuming import LOST, resuming, seen_by, ticket_of
from tests.sounds import say, silence


async def all_rows() -> tuple[list[tuple[str, int]], list[tuple[str, bool]], list[str]]:
    """Return how sessions ended, the states of recordings, and the words."""
    sessions = TranslationSession.objects.order_by("started_at")
    recordings = Recording.objects.order_by("started_at")
    return (
        [(row.reason, row.close_count) async for row in sessions],
        [(row.state, row.has_sound) async for row in recordings],
        [row.source async for row in Exchange.objects.order_by("pk")],
    )


async def test_a_third_process_counts_streams_on(house: House, connect: Connect) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1))
        await first.say("stop_listening", command=2)
        await first.until("listening_stopped")
        await first.leave(LOST)
    visits = [first]
    for _ in range(2):
        await house.restart()
        async with resuming(connect, *visits) as next_one:
            visits.append(next_one)
            resumed = await next_one.until("resumed")
            assert (resumed["stream"], resumed["listening"]) == (1, False)
            assert resumed["bytes"] == len(say("hola") + silence(1))
            await next_one.leave(LOST)
    await house.restart()
    async with resuming(connect, *visits) as last:
        await last.until("resumed")
        await last.say("start_listening", encoding="pcm-s16le", command=3)
        assert (await last.until("listening_started"))["stream"] == 2
        await last.send_sound(say("gracias"))
        await last.say("leave")
        await last.close_code()
    sessions, recordings, words = await all_rows()
    assert sessions == [("client_left", 1)]
    assert recordings == [("complete", True)] * 2
    assert words == ["hola", "gracias"]


@pytest.mark.parametrize("recording", ["on", "off"])
async def test_a_quit_without_time_cuts_nothing_off_that_goes_on_elsewhere(
    recording: str, house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 600}, recording=recording)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1))
        await first.until("speech_ended")
        report = await house.registry.drain(0.5)
    assert (report.sessions, report.cut_off, report.stuck, report.unkept) == (1, 0, 0, 0)
    await house.restart(transcriber={}, recording=recording)
    async with resuming(connect, first) as second:
        kind = "resumed" if recording == "on" else "ready"
        await second.until(kind)
        await second.leave()


async def test_a_quit_without_time_cuts_off_what_nobody_goes_on_with(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 600})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola") + silence(1))
        await browser.until("speech_ended")
        report = await house.registry.drain(0.5)
    assert (report.sessions, report.cut_off, report.stuck) == (1, 1, 0)


async def test_a_quit_does_not_wait_for_what_the_next_process_hears_again_in_any_case(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = say("hola mundo") + silence(1) + say("gracias") + silence(1)
    stream = encode(spoken, Encoding.MP4_AAC)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="mp4-aac", command=1)
        await first.send_bytes(stream)
        await first.until("speech_ended")
        await first.leave(LOST)
    await house.restart(drain_seconds=120)
    is_decoding = asyncio.Event()

    async def decode(process: DecoderProcess, chunk: bytes) -> bytes:
        is_decoding.set()
        await asyncio.Event().wait()  # as one that starts while twenty others do
        return b""

    with monkeypatch.context() as slow:
        slow.setattr(DecoderProcess, "decode", decode)
        async with resuming(connect, first) as second:
            await second.until("resumed")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await is_decoding.wait()
                report = await house.registry.drain(120)
            assert (report.sessions, report.cut_off, report.stuck, report.unkept) == (1, 0, 0, 0)
    await house.restart()
    async with resuming(connect, first, second) as third:
        resumed = await third.until("resumed")
        await third.send_bytes(stream[resumed["bytes"] :])
        await third.say("stop_listening", command=2)
        await third.until("listening_stopped")
        await third.leave()
    sessions, recordings, words = await all_rows()
    assert sessions == [("client_left", 1)]
    assert recordings == [("complete", True)]
    assert words == ["hola mundo", "gracias"]


async def test_a_stream_of_which_nothing_came_goes_through_three_processes(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        begun = await first.until("listening_started")
        await first.leave(LOST)
    visits = [first]
    for _ in range(2):
        await house.restart()
        async with resuming(connect, *visits) as next_one:
            visits.append(next_one)
            resumed = await next_one.until("resumed")
            assert (resumed["stream"], resumed["listening"], resumed["bytes"]) == (1, True, 0)
            for name in ("recording", "encoding"):
                assert resumed[name] == begun[name]
            await next_one.leave(LOST)
    async with resuming(connect, *visits) as last:
        await last.until("resumed")
        await last.send_sound(say("hola"))
        await last.say("stop_listening", command=2)
        await last.until("listening_stopped")
        await last.leave()
    sessions, recordings, words = await all_rows()
    assert sessions == [("client_left", 1)]
    assert recordings == [("complete", True)]
    assert words == ["hola"]


async def test_a_recording_to_which_nothing_came_is_closed_by_the_third_process(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.until("listening_started")
        await first.leave(LOST)
    await house.restart()
    async with resuming(connect, first) as second:
        await second.until("resumed")
        await second.leave(LOST)
    await house.restart()
    async with resuming(connect, first, second) as third:
        await third.until("resumed")
        await third.say("stop_listening", command=2)
        await third.until("listening_stopped")
        await third.leave()
    assert await all_rows() == ([("client_left", 1)], [], [])


async def abort_when_greeted(house: House, browser: Client) -> None:
    """Let the client come back, and abort its session at once when it is greeted."""
    row = await TranslationSession.objects.select_related("conversation").aget()
    user_id = row.conversation.user_id
    told: list[str] = []

    async def emit(event: Event | Numbered) -> None:
        if isinstance(event, Notice):
            told.append(event.type)
        if told[-1:] == ["resumed"]:
            house.registry.abort()

    async def disconnect(code: int) -> None:
        told.append(str(code))

    connection = ClientConnection(emit, disconnect)
    manner = Manner(Direction.AUTO, Mode.CONVERSATION)
    request = SessionRequest(user_id, manner, login=Login(user_id), is_resumable=True)
    ticket = ResumeTicket(ticket_hash(ticket_of(browser)), seen_by(browser))
    found = await come_back(house.registry, request, ticket, connection)
    assert found is not None
    _, life = found.live
    await asyncio.wait({life})
    assert told == ["resumed", "closed", "4012"]


async def test_a_session_that_is_aborted_while_it_is_restored_keeps_its_stream_and_its_words(
    house: House, connect: Connect
) -> None:
    sound = say("hola") + silence(1) + say("mundo")
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(sound)
        await first.until("translation")
        await first.leave(LOST)
    await house.restart()
    await abort_when_greeted(house, first)
    await house.restart()
    async with resuming(connect, first) as last:
        resumed = await last.until("resumed")
        assert (resumed["stream"], resumed["listening"]) == (1, True)
        assert resumed["bytes"] == len(sound)
        await last.send_sound(silence(1) + say("gracias"))
        await last.say("stop_listening", command=2)
        await last.until("listening_stopped")
        await last.leave()
    sessions, recordings, words = await all_rows()
    assert sessions == [("client_left", 1)]
    assert recordings == [("complete", True)]
    assert words == ["hola", "mundo", "gracias"]
    row = await TranslationSession.objects.aget()
    assert row.received_samples == count_samples(sound + silence(1) + say("gracias"))
    assert row.unfinished_samples == 0


async def test_what_cannot_go_on_here_ends_as_continued(house: House, connect: Connect) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1))
        await first.until("translation")
        await first.leave(LOST)
    await house.restart(recording="off")
    async with resuming(connect, first) as second:
        ready = await second.until("ready")
        assert ready["continues"]["stream"] == 1
        row = await TranslationSession.objects.order_by("started_at").afirst()
        assert row is not None
        assert (row.state, row.close_count) == (SessionState.CLOSED, 1)
        assert row.reason == ("continued_cut_off" if row.unfinished_samples else "continued")
        await ownership.mark_lost(house.registry.boot)
        await second.leave()
    assert [reason for reason, _ in (await all_rows())[0]] == [row.reason, "client_left"]


async def test_what_was_killed_and_cannot_go_on_here_ends_as_continued(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1))
        await first.until("translation")
        await first.leave(LOST)
    await house.restart(recording="off")
    await Resumption.objects.aupdate(is_handed_over=False)  # as if it had been killed
    async with resuming(connect, first) as second:
        assert (await second.until("ready"))["continues"]["stream"] == 1
        await second.leave()
    row = await TranslationSession.objects.order_by("started_at").afirst()
    assert row is not None
    assert (row.state, row.reason, row.close_count) == (SessionState.LOST, "continued", 1)
    assert row.boot != house.registry.boot
    left = RowOwner(row.pk, row.boot.partition("-")[0] + "-1")  # it was frozen, and is not dead
    assert await sessions.end_session(left, "client_left", Account()) is False
    closed = {"state": SessionState.CLOSED, "reason": "continued_cut_off"}
    await TranslationSession.objects.filter(pk=row.pk).aupdate(**closed)  # its account is not known


async def test_all_sessions_of_a_killed_process_go_on_one_after_the_other(
    house: House, connect: Connect
) -> None:
    visits = []
    for _ in range(3):
        async with connect(resumable="1") as first:
            await first.say("text_input", text="hola", command=1)
            await first.until("translation")
            await first.leave(LOST)
            visits.append(first)
    await house.restart()
    await Resumption.objects.aupdate(is_handed_over=False)  # as if it had been killed
    for first in reversed(visits):  # those that gave the newest signs of life come first
        async with resuming(connect, first) as second:
            assert (await second.until("resumed"))["command"] == 1
            await second.leave()
    assert (await all_rows())[0] == [("client_left", 1)] * 3


async def test_what_a_frozen_process_does_not_end_is_taken_from_it(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returning, "END_SECONDS", 0.3)
    async with connect(resumable="1") as first:
        await first.say("text_input", text="hola", command=1)
        await first.until("translation")
        await first.leave(LOST)
    await house.restart()
    await TranslationSession.objects.aupdate(boot="there-1")  # it lives elsewhere, and is silent
    await Resumption.objects.aupdate(is_handed_over=False)
    async with resuming(connect, first) as second:
        ready = await second.until("ready")
        assert ready["conversation_id"] == first.told("ready")[0]["conversation_id"]
        await second.leave()
    row = await TranslationSession.objects.order_by("started_at").afirst()
    assert row is not None
    assert (row.state, row.reason, row.close_count) == (SessionState.LOST, "continued", 1)
    assert (
        await sessions.end_session(RowOwner(row.pk, "there-1"), "client_left", Account()) is False
    )
    await TranslationSession.objects.filter(pk=row.pk).aupdate(state=SessionState.CLOSED)


async def test_a_stream_is_said_to_be_over_before_its_recording_is_closed(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[bool, bool, list[int]]] = []
    finish = RecordingFile.finish

    def finish_file(file: RecordingFile, *, is_whole: bool) -> bool:
        checkpoint = Resumption.objects.get().checkpoint
        said.append((checkpoint["is_open"], checkpoint["open"] is not None, checkpoint["undone"]))
        return finish(file, is_whole=is_whole)

    async with connect(resumable="1") as browser:
        monkeypatch.setattr(RecordingFile, "finish", finish_file)
        await browser.say("start_listening", encoding="pcm-s16le", command=1)
        await browser.send_sound(say("hola") + silence(1))
        await browser.say("stop_listening", command=2)
        await browser.until("listening_stopped")
        await browser.say("start_listening", encoding="pcm-s16le", command=3)
        await browser.send_sound(say("gracias") + silence(1))
        await browser.say("new_conversation", command=4)
        await browser.until("conversation_started")
        await browser.leave()
    # a file is closed before its row; the new conversation comes again
    assert said == [(False, False, []), (False, False, [4])]


async def test_a_recording_whose_process_was_killed_at_its_end_is_recovered(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = asyncio.Event()

    async def finish(finisher: RecordingFinisher, finished: FinishedRecording) -> None:
        await finisher.writer.run(finished.file.release)
        killed.set()

    async with connect(resumable="1") as first:
        with monkeypatch.context() as patched:
            patched.setattr(RecordingFinisher, "_finish", finish)
            await first.say("start_listening", encoding="pcm-s16le", command=1)
            await first.send_sound(say("hola") + silence(1))
            await first.say("stop_listening", command=2)
            await first.until("listening_stopped")
            await killed.wait()
        await first.leave(LOST)
    await house.restart()
    await Resumption.objects.aupdate(is_handed_over=False)
    async with resuming(connect, first) as second:
        resumed = await second.until("resumed")
        assert (resumed["listening"], resumed["command"]) == (False, 2)
        assert await recover_recordings(house.registry.boot) == 1
        await second.say("start_listening", encoding="pcm-s16le", command=3)
        await second.send_sound(say("gracias") + silence(1))
        await second.until("translation")
        assert await recover_recordings(house.registry.boot) == 0
        await second.leave()
    sessions, states, words = await all_rows()
    assert sessions == [("client_left", 1)]
    assert states == [("salvaged", True), ("complete", True)]
    assert words == ["hola", "gracias"]


# --- without a recording


async def quit_in_mid_sentence(house: House, connect: Connect) -> Client:
    """Return a client whose server quits while it speaks its second sentence, unrecorded."""
    await house.restart(recording="off")
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1) + say("mundo"))
        await first.until("translation")
        await house.close()
        await first.close_code()
    return first


async def test_without_a_recording_what_nobody_sends_again_is_told_as_unfinished(
    house: House, connect: Connect
) -> None:
    first = await quit_in_mid_sentence(house, connect)
    row = await TranslationSession.objects.aget()
    assert (row.state, row.reason) == (SessionState.CLOSED, "server_quits_cut_off")
    assert row.received_samples == count_samples(say("hola") + silence(1) + say("mundo"))
    assert row.unfinished_samples >= count_samples(say("mundo"))
    told = first.told("closed")[0]["account"]
    assert (told["received"], told["unfinished"]) == (row.received_samples, row.unfinished_samples)


async def test_without_a_recording_what_is_sent_again_counts_once(
    house: House, connect: Connect
) -> None:
    first = await quit_in_mid_sentence(house, connect)
    await house.open()
    sound = say("hola") + silence(1) + say("mundo") + silence(1)
    async with resuming(connect, first) as second:
        continues = (await second.until("ready"))["continues"]
        await second.say("start_listening", encoding="pcm-s16le", command=1)
        await second.send_sound(sound[continues["bytes"] :])
        await second.say("stop_listening", command=2)
        await second.until("listening_stopped")
        await second.leave()
    rows = [row async for row in TranslationSession.objects.order_by("started_at")]
    assert [(row.reason, row.unfinished_samples) for row in rows] == [
        ("server_quits", 0),
        ("client_left", 0),
    ]
    assert sum(row.received_samples for row in rows) == count_samples(sound)
    assert (await all_rows())[2] == ["hola", "mundo"]

"""When a drain is cut off: by nobody else's speech prolonged, and never in silence."""

import asyncio
import signal
import time
from pathlib import Path

from sessions_app.live.states import EndCause, EndReason, State
from sessions_app.models import TranslationSession
from sessions_app.protocol import CloseCode
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.lifecycle.invariants import rows
from tests.lifecycle.shutdown_tools import mark_of, wayward
from tests.server.running import running
from tests.server.visitor import visitor
from tests.sounds import say, silence

ABORT = EndCause(EndReason.SERVER_QUITS, CloseCode.QUITTING, is_graceful=False)
HANGING = {"delay_seconds": 600}


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.order_by("ended_at")]


async def talk(client: Client) -> None:
    await client.say("start_listening", encoding="pcm-s16le")
    while True:
        await client.send_sound(say("hola") + silence(0.6))
        await asyncio.sleep(0.3)


async def test_others_speech_does_not_prolong_the_drain_of_who_waits_for_a_translator(
    house: House, connect: Connect
) -> None:
    await house.restart(drain_seconds=1, translator=HANGING)
    async with connect() as other:
        async with connect() as leaving:
            await leaving.say("start_listening", encoding="pcm-s16le")
            await leaving.send_sound(say("agua") + silence(1))
            await leaving.until("transcript")
            talking = asyncio.create_task(talk(other))
            await other.until("transcript")
            began_at = time.monotonic()
            await leaving.leave()
            assert time.monotonic() - began_at < 4
        talking.cancel()
        await asyncio.wait({talking})
    assert (await reasons())[0] == "client_left_cut_off"


async def test_an_abort_that_comes_first_counts_as_cut_off_only_where_something_was_left(
    house: House, connect: Connect
) -> None:
    await house.restart(translator=HANGING)
    async with connect() as idle, connect() as busy:
        await busy.say("text_input", text="hola")
        await busy.until("transcript")
        for session in list(house.registry.sessions.values()):
            session.end(ABORT)
        assert [await client.close_code() for client in (idle, busy)] == [4012, 4012]
    assert sorted(await reasons()) == ["server_quits", "server_quits_cut_off"]


async def test_a_process_that_was_held_up_cuts_no_drain_off_for_that(
    house: House, connect: Connect
) -> None:
    await house.restart(drain_seconds=2, transcriber={"delay_seconds": 1})
    async with connect() as client:
        await client.say("start_listening", encoding="pcm-s16le")
        await client.send_sound(say("hola mundo") + silence(1))
        await client.until("speech_ended")
        (session,) = house.registry.sessions.values()
        leaving = asyncio.create_task(client.leave())
        await eventually(lambda: session.state is State.DRAINING)
        time.sleep(3.5)  # noqa: ASYNC251 -- the machine is suspended
        await leaving
    assert await reasons() == ["client_left"]


async def test_two_signals_at_once_during_a_translation_end_with_cut_off(data_dir: Path) -> None:
    endless = wayward(data_dir, "translate", "waits")
    async with running(data_dir, **endless) as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("text_input", text="quiero agua")
            await guest.until("transcript")
            server.signal(signal.SIGINT)
            server.signal(signal.SIGTERM)
            assert await guest.close_code() == 4012
        assert await server.ended() == 3
    assert mark_of(data_dir).exists()
    assert [row.reason for row in rows(data_dir)] == ["server_quits_cut_off"]

"""A session's tasks may die, vanish or be collected: it ends completely, and the client is told."""

import asyncio
import gc
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from habla_project.asgi import application
from sessions_app.consumers.session import SessionConsumer
from sessions_app.core.events import Lag
from sessions_app.live.session import LiveSession
from sessions_app.models import Conversation, Exchange, Speaker, TranslationSession
from sessions_app.protocol import CloseCode
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.lifecycle.engines import MOODY, STUCK, MoodyTranscriber
from tests.sounds import say, silence

WORKERS = ("listen", "transcribe", "translate", "partials", "silence")


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.order_by("started_at")]


def worker_of(session: LiveSession, name: str) -> "asyncio.Task[None]":
    wanted = f"habla {name} {session.id}"
    (found,) = [task for task in asyncio.all_tasks() if task.get_name() == wanted]
    return found


async def is_told_and_closed(browser: Client) -> bool:
    code = await browser.close_code()
    return (code, browser.problems()) == (CloseCode.FAILED, [("internal", None)])


@pytest.mark.parametrize("name", WORKERS)
async def test_a_worker_that_a_stranger_cancels_ends_its_session_and_no_other(
    name: str, house: House, connect: Connect
) -> None:
    async with connect() as browser, connect() as other:
        session = next(iter(house.registry.sessions.values()))
        worker_of(session, name).cancel()
        assert await is_told_and_closed(browser)
        await other.speak(say("hola"))
        assert other.translations() == ["hello"]
    assert await reasons() == ["failed", "client_left"]


@contextmanager
def instead_of_workers(work: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Make every stage that starts meanwhile do ``work`` in place of its own."""

    async def run() -> None:
        await work()

    def make(loop: asyncio.AbstractEventLoop, inner: Any, **options: Any) -> Any:
        if getattr(inner, "__qualname__", "") == "Stage.run":
            inner.close()
            inner = run()
        return asyncio.Task(inner, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(make)
    try:
        yield
    finally:
        loop.set_task_factory(None)


async def give_up() -> None:
    """End, as no worker should."""
    await asyncio.sleep(0)


async def break_down() -> None:
    """Raise what nobody expects."""
    await asyncio.sleep(0)
    raise RuntimeError("/srv/secret")


@pytest.mark.parametrize("work", [give_up, break_down])
async def test_a_worker_that_returns_or_raises_ends_its_session_told(
    work: Callable[[], Awaitable[None]], connect: Connect
) -> None:
    with instead_of_workers(work):
        async with connect(is_ready=False) as browser:
            assert await is_told_and_closed(browser)
    async with connect() as later:
        await later.speak(say("hola"))
        assert later.translations() == ["hello"]
    assert await reasons() == ["failed", "client_left"]


class Unreadable(str):
    """A text that breaks whatever processes it."""

    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("/srv/secret")


async def test_a_bug_before_the_session_begins_is_told(house: House) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.disconnect" if sent else "websocket.connect", "code": 1006}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "headers": 1}  # which no server sends
    with pytest.raises(TypeError):
        await SessionConsumer()(scope, receive, send)
    accepted, told, closed = sent
    assert accepted["type"] == "websocket.accept"
    assert json.loads(told["text"])["code"] == "internal"
    assert (closed["type"], closed["code"]) == ("websocket.close", CloseCode.FAILED)


async def test_a_handler_that_raises_while_a_segment_is_at_work_ends_its_session_told(
    house: House, connect: Connect
) -> None:
    async def speak_and_break() -> None:
        async with connect() as browser:
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola") + silence(1))
            await browser.until("speech_ended")
            await browser.send_text(Unreadable("{}"))
            assert await is_told_and_closed(browser)

    await house.restart(transcriber={"delay_seconds": 60})
    async with connect() as other:
        with pytest.raises(RuntimeError):
            await speak_and_break()
        assert await other.still_works()
    assert sorted(await reasons()) == ["client_left", "failed"]


async def test_a_connection_cancelled_again_and_again_waits_for_its_session(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3})
    with suppress(asyncio.CancelledError):  # what the connection ends with
        async with connect() as browser:
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola mundo"))
            await browser.until("speech_started")
            assert await cancel_again_and_again(task_of_connection()) > 5
    assert await reasons() == ["cancelled"]
    assert [row.source async for row in Exchange.objects.all()] == ["hola mundo"]


def task_of_connection() -> "asyncio.Task[Any]":
    """Return the task of the only connection."""
    outermost = type(application).__call__.__qualname__
    (found,) = [
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__qualname__", "") == outermost
    ]
    return found


async def cancel_again_and_again(task: "asyncio.Task[Any]") -> int:
    """Cancel as Daphne does every second, only faster; return how often that was needed."""
    cancels = 0
    while not task.done():
        cancels += task.cancel()
        await asyncio.sleep(0.01)
    return cancels


@pytest.mark.parametrize("name", ["transcribe", "translate"])
async def test_a_worker_that_dies_while_its_client_leaves_does_not_hold_it_up(
    name: str, house: House, connect: Connect
) -> None:
    await house.restart(transcriber=f'{{"BACKEND": "{STUCK}"}}', drain_seconds=60)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("agua") + silence(1))
        await browser.until("speech_ended")
        (session,) = house.registry.sessions.values()
        leaving = asyncio.create_task(browser.leave())
        await eventually(lambda: session.state == "draining")
        worker_of(session, name).cancel()
        await leaving
    assert await reasons() == ["client_left_cut_off"]


async def test_what_cannot_be_put_together_gives_back_its_engines(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber=f'{{"BACKEND": "{MOODY}"}}')
    generations = house.registry.generations
    assert generations is not None
    with MoodyTranscriber.in_bad_mood():
        async with connect(is_ready=False) as browser:
            assert await is_told_and_closed(browser)
    assert generations.current is not None
    assert generations.current.leases == 0
    async with connect() as later:
        await later.speak(say("hola"))
    assert await reasons() == ["failed", "client_left"]


async def test_collecting_garbage_all_the_time_loses_no_task(connect: Connect) -> None:
    before = gc.get_stats()[2]["collections"]

    async def collect() -> None:
        while True:
            gc.collect()
            await asyncio.sleep(0.001)  # others run between two garbage collections

    gc.freeze()  # older objects are not scanned each time
    collecting = asyncio.create_task(collect())
    async with connect() as browser, connect() as other:
        for _ in range(5):
            await asyncio.gather(browser.speak(say("hola mundo")), other.speak(say("agua")))
        assert browser.translations() == ["hello world"] * 5
        assert other.translations() == ["water"] * 5
    collecting.cancel()
    await asyncio.wait({collecting})
    gc.unfreeze()
    assert gc.get_stats()[2]["collections"] - before > 10
    assert await reasons() == ["client_left"] * 2


async def test_emitting_after_the_close_does_nothing(house: House, connect: Connect) -> None:
    async with connect() as browser:
        (session,) = house.registry.sessions.values()
        await browser.leave()
        for _ in range(2):
            asyncio.get_running_loop().call_soon(session.feed, b"\0\0")
            await session.emit(Lag(1.0, 0.0))
    assert browser.told("lag") == []


# --- the database, and cancellation


async def test_only_the_lane_keeps_its_database_connection(house: House) -> None:
    def longest() -> Any:
        return connection.settings_dict["CONN_MAX_AGE"]

    assert await database_thread.run(longest) is None
    assert longest() == 0


STORE_CALLS: dict[str, tuple[str, dict[str, Any], Callable[[], QuerySet[Any]]]] = {
    "begin_conversation": ("new_conversation", {}, lambda: Conversation.objects.all()[1:]),
    "save_exchange": ("text_input", {"text": "hola"}, Exchange.objects.all),
    "rename_speaker": (
        "rename_speaker",
        {"speaker_id": "es", "name": "Ana"},
        lambda: Speaker.objects.filter(name="Ana"),
    ),
}
"""What is said for each, and what it writes."""


@contextmanager
def lane_held() -> Iterator[Callable[[], None]]:
    """Block the database thread until the yielded function is called or the test is over."""
    gate = threading.Event()
    holding = asyncio.get_running_loop().create_task(database_thread.run(gate.wait, 20))
    try:
        yield gate.set
    finally:
        gate.set()
        holding.add_done_callback(lambda task: task.result())


@pytest.mark.parametrize("call", STORE_CALLS)
async def test_a_cancel_during_a_database_call_completes_it_and_closes_the_row_after_it(
    call: str, house: House, connect: Connect
) -> None:
    kind, fields, written = STORE_CALLS[call]
    async with connect() as browser:
        (session,) = house.registry.sessions.values()
        with lane_held() as let_go:
            await browser.say(kind, **fields)
            if kind == "text_input":
                await browser.until("transcript")
            assert await browser.still_works()  # by now it waits for the database
            worker_of(session, "session").cancel()
            await asyncio.sleep(0)
            let_go()
        await browser.close_code()
    assert await reasons() == ["failed"]
    assert await written().acount() == 1

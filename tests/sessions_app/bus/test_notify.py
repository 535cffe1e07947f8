"""Hints that rows changed reach the same process at once, and no broker can delay that."""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import channel_layers

from sessions_app.bus import notify


@pytest.fixture
def silent_broker(settings: Any) -> Iterator[None]:
    """Make the channel layer a Redis that accepts connections and never answers."""
    before = channel_layers.backends
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [{"address": address, "socket_timeout": None}]},
            }
        }
        channel_layers.backends = {}
        yield
    channel_layers.backends = before


async def test_a_hint_from_a_thread_is_heard_in_the_loop_at_once() -> None:
    with notify.row_changes() as news:
        await asyncio.to_thread(notify.rows_changed)
        async with asyncio.timeout(1):
            await news.wait()
    news.clear()
    await asyncio.to_thread(notify.rows_changed)
    assert not news.is_set()


async def test_without_a_broker_nobody_listens() -> None:
    async with asyncio.timeout(1):
        await notify.listen_to_other_processes(asyncio.Event())


def test_a_broker_that_never_answers_holds_a_hint_up_for_half_a_second(
    silent_broker: None,
) -> None:
    began = time.monotonic()
    notify.rows_changed()
    assert time.monotonic() - began < notify.SEND_SECONDS + 1


async def test_listening_to_a_broker_that_never_answers_ends_when_it_is_told_to(
    silent_broker: None,
) -> None:
    listening = asyncio.create_task(notify.listen_to_other_processes(asyncio.Event()))
    await asyncio.sleep(0)
    listening.cancel()
    done, _ = await asyncio.wait({listening}, timeout=notify.SEND_SECONDS + 1)
    assert done == {listening}


async def test_a_broker_that_is_gone_is_told_of_once_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notify, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(notify, "LONGEST_PAUSE_SECONDS", 0.01)
    caplog.set_level("INFO")
    flaky = Flaky(fails=5)
    monkeypatch.setattr(channel_layers, "backends", {"default": flaky})
    listening = asyncio.create_task(notify.listen_to_other_processes(asyncio.Event()))
    async with asyncio.timeout(5):
        await flaky.is_heard.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert [record.getMessage() for record in caplog.records] == [
        "no hints come from other processes, rows are looked at each second: "
        "ConnectionRefusedError",
        "hints come from other processes again",
    ]


class Flaky:
    """A channel layer whose broker fails that many times, and then stays silent."""

    def __init__(self, fails: int) -> None:
        self._left = fails
        self.is_heard = asyncio.Event()

    async def new_channel(self) -> str:
        self._left -= 1
        if self._left >= 0:
            raise ConnectionRefusedError
        return "one"

    async def group_add(self, group: str, channel: str) -> None:
        pass

    async def group_discard(self, group: str, channel: str) -> None:
        pass

    async def receive(self, channel: str) -> dict[str, str]:
        self.is_heard.set()
        await asyncio.Event().wait()
        return {}

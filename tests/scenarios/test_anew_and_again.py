"""A container that is not recorded begins anew with each process: nothing of it is heard twice."""

from typing import Any

import pytest

from sessions_app.core.audio import Encoding
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.lifecycle.resuming.sound import Container, sentence, stream_of
from tests.resuming import resuming

SENTENCES = [sentence(number) for number in range(3)]


async def send(browser: Client, data: bytes, size: int) -> None:
    for start in range(0, len(data), size):
        await browser.send_bytes(data[start : start + size])


async def until_heard(house: House, browser: Client) -> None:
    await browser.say("ping")
    await browser.until("pong")  # all that was sent before has come by now
    await eventually(lambda: not house.registry.is_at_work)


def anew(ready: dict[str, Any], data: bytes, box: Container) -> tuple[bytes, Container]:
    """Return what a client sends again that was told from where, and what it knows of that."""
    if not (taken := (ready.get("continues") or {}).get("bytes", 0)):
        return data, box
    cut = box.next_cut(taken)
    return box.header + data[cut:], box.after(cut)


@pytest.mark.parametrize(("pieces", "size"), [(6, 700), (12, 1_500), (17, 700)])
async def test_a_quit_while_what_was_heard_before_is_skipped_doubles_nothing(
    pieces: int, size: int, house: House, connect: Connect
) -> None:
    await house.restart(recording="off")
    stream = stream_of(SENTENCES, Encoding.WEBM_OPUS)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="webm-opus", command=1)
        for piece in list(stream.pieces())[:pieces]:
            await first.send_bytes(piece)
        await until_heard(house, first)
        await house.close()
        await first.close_code()
    await house.open()
    async with resuming(connect, first) as second:
        ready = await second.until("ready")
        data, box = anew(ready, stream.data, stream.container)
        await second.say("start_listening", encoding="webm-opus", command=ready["command"] + 1)
        await send(second, data[:size], 350)
        await second.until("listening_started")
        await until_heard(house, second)
        await house.close()
        await second.close_code()
    await house.open()
    async with resuming(connect, second, seen=0) as third:
        ready = await third.until("ready")
        data, _ = anew(ready, data, box)
        await third.say("start_listening", encoding="webm-opus", command=ready["command"] + 1)
        await send(third, data, 2_000)
        await third.say("stop_listening", command=ready["command"] + 2)
        await third.until("listening_stopped")
        await third.leave()
    visits = (first, second, third)
    assert [m["source"] for visit in visits for m in visit.told("translation")] == SENTENCES
    assert [m for visit in visits for m in visit.told("discarded")] == []

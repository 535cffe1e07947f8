"""The client in docs/protocol.md loses nothing, whatever cuts its connection."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.audio import Encoding
from tests.documents import page, section
from tests.house import eventually
from tests.lifecycle.invariants import said, served
from tests.lifecycle.resuming.crowd import port_of
from tests.lifecycle.resuming.network import Fault, FaultyNetwork, faulty_network
from tests.lifecycle.resuming.sound import CHUNK_SECONDS, sentence, stream_of

CODE = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
MOST_LINES = 60
NOTICED = [Fault.RESET, Fault.ENDED, Fault.STALLED]
SWALLOWED = [Fault.HALF_OPEN, Fault.DEAF_CLIENT, Fault.DEAF_SERVER]
"""Faults of which no end is told; to notice each takes three seconds."""


@pytest.fixture
def documented() -> dict[str, Any]:
    """Return the names that the example in the document defines."""
    (example,) = CODE.findall(section(page("protocol"), "Resuming"))
    assert example.count("\n") <= MOST_LINES
    names: dict[str, Any] = {}
    exec(example, names)
    names["OPTIONS"]["proxy"] = None
    return names


async def microphone(sentences: list[str]) -> AsyncIterator[bytes]:
    """Yield the sentences as they are spoken, whoever may hear them."""
    for chunk in stream_of(sentences, Encoding.PCM_S16LE).chunks():
        yield chunk
        await asyncio.sleep(CHUNK_SECONDS)


async def be_cut(network: FaultyNetwork, faults: list[Fault]) -> None:
    for fault in faults:
        await asyncio.sleep(0.9)
        before = network.connections
        network.fail(fault, is_refusing=True)
        await asyncio.sleep(0.7)
        network.mend()
        if fault is not Fault.STALLED:
            await eventually(lambda: network.connections > before)  # noqa: B023


@pytest.mark.parametrize(
    ("faults", "count"), [(NOTICED, 4), (SWALLOWED, 8)], ids=["noticed", "swallowed"]
)
async def test_the_documented_client_loses_nothing(
    documented: dict[str, Any], data_dir: Path, faults: list[Fault], count: int
) -> None:
    heard: list[dict[str, Any]] = []
    sentences = [sentence(number) for number in range(count)]
    async with served(data_dir) as server, faulty_network(port_of(server.address)) as network:
        url = f"ws://127.0.0.1:{network.port}/ws/session/"
        cutting = asyncio.create_task(be_cut(network, faults))
        async for told in documented["interpret"](url, microphone(sentences), direction="es_to_en"):
            heard.append(told)
        await cutting
    kinds = [told["type"] for told in heard]
    assert kinds.count("ready") == 1
    assert kinds.count("resumed") >= 2
    assert [told["source"] for told in heard if told["type"] == "translation"] == sentences
    assert [told["text"] for told in heard if told["type"] == "transcript"] == sentences
    events = [told["event"] for told in heard if "event" in told]
    assert events == sorted(set(events))
    assert kinds[-1] == "closed"
    assert said(data_dir) == sentences

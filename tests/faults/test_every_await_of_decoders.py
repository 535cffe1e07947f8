"""Whichever await of a decoder's process is cancelled or fails: no process is left."""

import asyncio

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.engines.decoding.pool import DecoderPool
from tests.engines.hearing import STREAMS
from tests.engines.test_decoder_processes import children
from tests.faults.saboteur import Sabotage, Saboteur
from tests.house import eventually

FARTHEST = 100
"""More awaits than one stream has."""


async def stream(pool: DecoderPool) -> None:
    """Open a decoder, have it decode a stream, and close it."""
    decoder = await pool.open("ogg")
    try:
        assert await decoder.decode(STREAMS[Encoding.OGG_OPUS][:6000]) != b""
        await decoder.flush()
    finally:
        await decoder.close()


@pytest.mark.parametrize("kind", Sabotage)
async def test_every_await_of_a_decoder_may_be_cut(kind: Sabotage) -> None:
    pool = DecoderPool(lambda: 1)
    for k in range(1, FARTHEST):
        saboteur = Saboteur(kind, k, frozenset({"stream"}))
        with saboteur.at_work():
            await asyncio.wait({asyncio.create_task(stream(pool))})
        await eventually(lambda: children() == set())
        if not saboteur.has_acted:
            break
    assert not saboteur.has_acted
    await (await pool.open("ogg")).close()  # its only place is free
    await pool.aclose()

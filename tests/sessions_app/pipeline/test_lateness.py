"""Lag is reported when words come late, and when they no longer do."""

import asyncio

import pytest

from sessions_app.core.events import Lag
from sessions_app.engines.fake import FakeTranscriber
from sessions_app.pipeline import lateness
from tests.house import eventually
from tests.sessions_app.pipeline.assembled import Assembled, assembled
from tests.sounds import say, silence, speech

TOLD_SECONDS = 0.6
FIVE = (say("hola") + silence(1)) * 5


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "TOLD_SECONDS", TOLD_SECONDS)
    monkeypatch.setattr(lateness, "OVER_SECONDS", TOLD_SECONDS / 3)
    monkeypatch.setattr(lateness, "LOOK_SECONDS", 0.02)


def lags(pipeline: Assembled) -> list[Lag]:
    return [event for event in pipeline.told if isinstance(event, Lag)]


async def test_a_long_sentence_is_no_lag() -> None:
    async with assembled() as pipeline:
        await pipeline.hear([speech(6) + silence(1)])
    assert lags(pipeline) == []


@pytest.mark.slow
async def test_the_engines_own_time_is_no_lag_however_slow_it_is() -> None:
    async with assembled(FakeTranscriber(delay_seconds=2 * TOLD_SECONDS)) as pipeline:
        await pipeline.hear([speech(6) + silence(1)])
        await pipeline.hear([say("hola") + silence(1)])
    assert pipeline.texts == ["hola", "hola"]
    assert lags(pipeline) == []


@pytest.mark.slow
async def test_who_waits_for_others_is_told_once_and_so_is_that_it_is_over() -> None:
    async with assembled(FakeTranscriber(delay_seconds=TOLD_SECONDS / 2)) as pipeline:
        await pipeline.hear([FIVE])
        await eventually(lambda: len(lags(pipeline)) == 2)
    first, last = lags(pipeline)
    assert TOLD_SECONDS <= first.seconds < 2 * TOLD_SECONDS
    assert last == Lag(0.0, 0.0)
    assert pipeline.texts == ["hola"] * 5


@pytest.mark.slow
async def test_it_is_told_again_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "AGAIN_SECONDS", TOLD_SECONDS / 4)
    async with assembled(FakeTranscriber(delay_seconds=TOLD_SECONDS / 2)) as pipeline:
        await pipeline.hear([FIVE])
        await eventually(lambda: lags(pipeline)[-1:] == [Lag(0.0, 0.0)])
    *told, _ = [lag.seconds for lag in lags(pipeline)]
    assert len(told) > 2
    assert max(told) > told[0]


async def test_behind_an_engine_that_is_stuck_the_next_ones_wait() -> None:
    async with assembled(FakeTranscriber(delay_seconds=60)) as pipeline:
        hearing = asyncio.create_task(pipeline.hear([FIVE]))
        await eventually(lambda: lags(pipeline) != [])
        hearing.cancel()
        await asyncio.wait({hearing})
    assert lags(pipeline)[0].seconds >= TOLD_SECONDS


async def test_sound_that_was_dropped_is_told() -> None:
    async with assembled() as pipeline:
        pipeline.account.dropped["overrun"] += 16_000
        pipeline.interpreter.lateness.note_drop()
        await eventually(lambda: lags(pipeline) != [])
    assert lags(pipeline) == [Lag(0.0, 1.0)]

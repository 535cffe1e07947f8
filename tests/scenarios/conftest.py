"""What holds after every scenario: nothing is left over, and every sample is accounted for."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from django.db.models import QuerySet

from sessions_app.models import SessionState, TranslationSession
from tests.house import House, eventually, threads_left


@pytest.fixture
async def house(house: House, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """Return all of Habla; check, when the scenario is over, that it leaves nothing behind."""
    yield house
    await house.close()
    assert house.registry.sessions == {}
    assert [row.state async for row in _rows() if row.state != SessionState.CLOSED] == []
    assert [row.close_count async for row in _rows() if row.close_count != 1] == []
    assert [unbalanced(row) async for row in _rows() if unbalanced(row)] == []
    assert [task.get_name() for task in asyncio.all_tasks() if _is_ours(task.get_name())] == []
    await eventually(lambda: threads_left() == [])
    assert [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR] == []


def _rows() -> QuerySet[TranslationSession]:
    return TranslationSession.objects.all()


def _is_ours(name: str) -> bool:
    return name.startswith("habla")


def unbalanced(row: TranslationSession) -> dict[str, int]:
    """Return a row's account if it does not balance; empty: every sample is accounted for.

    Only a session that was cut off, or failed, may leave sound unfinished.
    """
    parts = {
        "speech": row.speech_samples,
        "silence": row.silence_samples,
        "discarded": row.discarded_samples,
        "dropped": row.dropped_samples,
        "unfinished": row.unfinished_samples,
    }
    holds = sum(parts.values()) == row.received_samples and min(parts.values()) >= 0
    is_finished = row.unfinished_samples == 0 or row.reason.endswith(("_cut_off", "failed"))
    return {} if holds and is_finished else {"received": row.received_samples, **parts}

"""Two servers of one database catch up on the same sessions: each utterance is heard once."""

import asyncio
from pathlib import Path

import pytest

from tests.lifecycle.shutdown_tools import fake
from tests.lifecycle.test_catching_up import (
    DONE_SECONDS,
    QUICK,
    SLOW,
    WORDS,
    end,
    rest,
    speak_and_leave,
    until_status,
)
from tests.server.pair import pair
from tests.server.postgres import find_program
from tests.server.running import Running


@pytest.mark.long
@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
async def test_two_servers_of_one_database_do_each_utterance_once(
    database: str, tmp_path: Path
) -> None:
    slow = SLOW | {"DATABASE_URL": database}
    async with pair(tmp_path, **slow) as (one, other):
        sessions = await asyncio.gather(
            *(speak_and_leave(server, *WORDS) for server in (one, other, one, other))
        )
        await until_status(one, sentences=4 * len(WORDS))  # all are closed
    quick = QUICK | {"DATABASE_URL": database, "HABLA_TRANSCRIBER": fake(delay_seconds=0.1)}
    async with pair(tmp_path, **quick) as (one, other):
        await until_status(other, sentences=0)
        for session in sessions:
            await until_said(one, session, len(WORDS))
            told = (await rest(one, f"/sessions/{session}/exchanges"))["items"]
            assert [each["source"] for each in reversed(told)] == [*WORDS]
        for server in (one, other):
            await end(server)
    logs = [(tmp_path / name / "serve.log").read_text() for name in ("one", "other")]
    assert sum(log.count("caught up on 8 utterances") for log in logs) == len(sessions)


async def until_said(server: Running, session: str, count: int) -> None:
    async with asyncio.timeout(DONE_SECONDS):
        while (await rest(server, f"/sessions/{session}"))["exchanges"] < count:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.1)

"""Two servers on one database, each with its own sound: a session is continued at the other."""

import asyncio
from pathlib import Path

import pytest

from tests.server.caller import Caller
from tests.server.pair import pair
from tests.server.postgres import find_program
from tests.server.test_two_processes import sessions
from tests.sounds import chunks, say, silence

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)
SOUND = say("hola mundo") + silence(1)
LOST_SECONDS = 40.0
"""A server is silent for 15 s at most; on a busy machine it takes longer to see that."""
REST = say("gracias") + silence(1)


async def test_what_the_other_server_has_not_is_sent_again_to_a_new_session(
    database: str, tmp_path: Path
) -> None:
    caller = Caller()
    async with pair(tmp_path, DATABASE_URL=database) as (one, other):
        first = await caller.call(one)
        await caller.say("start_listening", encoding="pcm-s16le", command=1)
        for piece in chunks(SOUND, 0.1):
            await caller.socket.send(piece)
        await caller.until("translation")
        caller.lose()
        again = await caller.call(other)
        assert again["type"] == "ready"
        assert again["session_id"] != first["session_id"]
        assert again["conversation_id"] == first["conversation_id"]
        assert again["continues"] == {"stream": 1, "bytes": len(SOUND)}
        assert caller.told("error") == []
        async with asyncio.timeout(20):
            while (await sessions(database, tmp_path))[0] == ["open", "", 0]:
                pass
        await caller.say("start_listening", encoding="pcm-s16le", command=1)
        for piece in chunks(REST, 0.1):
            await caller.socket.send(piece)
        await caller.say("stop_listening", command=2)
        await caller.until("listening_stopped")
        await caller.say("leave")
        await caller.until("closed")
    assert caller.words() == ["hola mundo", "gracias"]
    rows = await sessions(database, tmp_path)
    assert rows == [["closed", "ended_by_operator", 1], ["closed", "client_left", 1]]


async def test_a_session_of_a_server_that_was_killed_goes_on_as_a_new_one_at_the_other(
    database: str, tmp_path: Path
) -> None:
    caller = Caller()
    async with pair(tmp_path, DATABASE_URL=database) as (one, other):
        first = await caller.call(one)
        await caller.say("text_input", text="hola", command=1)
        await caller.until("translation")
        await one.kill()
        again = await caller.call(other)
        assert (again["type"], "continues" in again) == ("ready", False)
        assert again["conversation_id"] == first["conversation_id"]
        await caller.say("text_input", text="gracias", command=1)
        await caller.until("translation")
        async with asyncio.timeout(LOST_SECONDS):
            while (await sessions(database, tmp_path))[0][0] == "open":
                pass
        assert (await sessions(database, tmp_path))[0] == ["lost", "continued", 1]
        await caller.say("leave")
        await caller.until("closed")
    assert caller.words() == ["hola", "gracias"]

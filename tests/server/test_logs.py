"""The log of a real server: a line names its session, and never contains what people said."""

import json
from pathlib import Path

from tests.server.running import running
from tests.server.visitor import visitor
from tests.sounds import say, silence


async def test_lines_are_json_where_that_is_wanted_and_carry_the_session(data_dir: Path) -> None:
    async with running(data_dir, LOG_FORMAT="json") as server:
        async with visitor(server.socket_address) as guest:
            (session,) = [m["session_id"] for m in guest.heard if m["type"] == "ready"]
            await guest.listen(say("hola mundo") + silence(1))
            await guest.until("translation")
        server.signal()
        assert await server.ended() == 0
        log = server.log
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"asctime", "levelname", "name", "process", "session", "message"} <= records[0].keys()
    assert records[0]["session"] == "-"
    assert records[0]["asctime"].endswith("Z")  # it is UTC, and says so
    assert [r["message"] for r in records if r["session"] == session] != []
    assert "mundo" not in log
    assert "world" not in log

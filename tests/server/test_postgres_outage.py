"""PostgreSQL stopped, then frozen: every word is sent, and everything is stored afterwards."""

import asyncio
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.server.postgres import away, find_program, frozen
from tests.server.running import environment, manage, running
from tests.server.visitor import Visitor, status_of, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)
IS_LONG = os.environ.get("LONG_OUTAGES") == "on"
"""Whether outages last as long as the one that really happened (`make test-outages`)."""
GONE_SECONDS = 8.0 if IS_LONG else 3.0
BETWEEN_SECONDS = 2.0
GUESTS = 4 if IS_LONG else 3
WORDS = ["hola", "mundo", "gracias", "agua", "casa", "roja", "quiero", "no"] * (4 if IS_LONG else 2)
"""What each guest says, one word per second, from before the outages until after them."""
QUERY = """
import json
from sessions_app.models import Exchange, Recording, TranslationSession as S
said = Exchange.objects.order_by("session", "said_at", "pk")
print(json.dumps({
    "said": [[str(s), source, at.isoformat()] for s, source, at in
             said.values_list("session", "source", "said_at")],
    "sessions": list(S.objects.values_list("state", "reason", "close_count")),
    "recordings": list(Recording.objects.values_list("state", "has_sound")),
    "segments": [r.segments.count() for r in Recording.objects.all()],
}))
"""


async def listen(guest: Visitor) -> None:
    """Say all WORDS, and read messages until each is translated and stored."""
    await guest.say("start_listening", encoding="pcm-s16le")
    for word in WORDS:
        await guest.send_sound(say(word) + silence(0.8))
        await asyncio.sleep(0.8)
    await guest.say("stop_listening")
    await guest.until("listening_stopped")
    late = [m["utterance_id"] for m in guest.told("translation") if not m["stored"]]
    while len(guest.told("stored")) < len(late):
        await guest.next()
    assert [m["utterance_id"] for m in guest.told("stored")] == late


async def test_postgresql_gone_and_then_frozen_costs_no_word_and_no_recording(
    database: str, tmp_path: Path
) -> None:
    async with running(tmp_path, DATABASE_URL=database) as server:

        async def visit() -> list[str]:
            async with visitor(server.socket_address) as guest:
                await listen(guest)
                assert guest.told("error") == []
                return [m["source"] for m in guest.told("translation")]

        visits = [asyncio.create_task(visit()) for _ in range(GUESTS)]
        await asyncio.sleep(BETWEEN_SECONDS)
        async with away(database):
            for page in ("/history/", "/api/sessions"):
                assert await status_of(server.address + page) == 503
            await asyncio.sleep(GONE_SECONDS)
        await asyncio.sleep(BETWEEN_SECONDS)
        with frozen(database):
            await asyncio.sleep(GONE_SECONDS)
        assert await asyncio.gather(*visits) == [WORDS] * GUESTS
        server.signal()
        assert await server.ended() == 0
        # one line for an outage, not one for a query
        assert server.log.count("ERROR") <= 2
    kept = await look(database, tmp_path)
    by_session = defaultdict(list)
    for session_id, source, _ in kept["said"]:
        by_session[session_id].append(source)
    assert list(by_session.values()) == [WORDS] * GUESTS
    assert kept["sessions"] == [["closed", "client_left", 1]] * GUESTS
    assert kept["recordings"] == [["complete", True]] * GUESTS
    assert kept["segments"] == [len(WORDS)] * GUESTS


async def look(url: str, data_dir: Path) -> dict[str, Any]:
    """Return what the database holds."""
    arguments = ("shell", "--verbosity=0", "-c", QUERY)
    code, output = await manage(*arguments, env=environment(data_dir, DATABASE_URL=url))
    assert code == 0, output
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found

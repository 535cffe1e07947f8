"""A speaker who is renamed in one tab has the new name in another, on a real server."""

from pathlib import Path

from tests.server.running import running
from tests.server.visitor import visitor


async def test_a_second_tab_hears_of_a_new_name(data_dir: Path) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as one:
        conversation = one.told("ready")[0]["conversation_id"]
        again = f"{server.socket_address}?conversation={conversation}"
        async with visitor(again) as other:
            await one.say("rename_speaker", speaker_id="es", name="Ana")
            assert (await other.until("speakers"))["speakers"][0] == {"id": "es", "name": "Ana"}
            assert other.told("error") == []

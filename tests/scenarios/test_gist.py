"""What an engine of one's own translates by rules is the gist, wherever it is shown."""

import json
from typing import Any

from asgiref.sync import sync_to_async

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.house import House
from tests.scenarios.engines import RULE_BASED
from tests.sessions_app.kept import at_home

NOTE = "For the gist"


async def typed(connect: Connect, text: str) -> dict[str, Any]:
    async with connect(direction="es_to_en") as browser:
        await browser.say("text_input", text=text)
        return await browser.until("translation")


def shown(row: Exchange) -> list[bool]:
    """Return whether REST, an export and the page of a conversation show it as the gist."""
    program = at_home()
    address = f"/api/sessions/{row.session_id}"
    [listed] = program.get(f"{address}/exchanges").json()["items"]
    export: Any = program.get(f"{address}/export?format=json")
    [exported] = json.loads(export.getvalue())["exchanges"]
    page = program.get(f"/history/{row.conversation_id}/").content.decode()
    return [listed["gist"], exported["gist"], NOTE in page]


async def test_what_rules_translate_is_told_kept_and_shown_as_the_gist(
    house: House, connect: Connect
) -> None:
    assert "gist" not in await typed(connect, "hola")
    await house.restart(translator=RULE_BASED)
    assert (await typed(connect, "hola mundo"))["gist"] is True
    by_words, by_rules = [row async for row in Exchange.objects.order_by("pk")]
    assert await sync_to_async(shown)(by_words) == [False, False, False]
    assert await sync_to_async(shown)(by_rules) == [True, True, True]

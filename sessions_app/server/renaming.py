"""Names given to speakers elsewhere: sent to every live session of their conversation."""

import asyncio
from contextlib import suppress

from sessions_app.bus import notify
from sessions_app.bus.notify import LOOK_SECONDS
from sessions_app.core.errors import StoreError
from sessions_app.live.registry import Registry
from sessions_app.store import history


async def follow_renamed_speakers(registry: Registry) -> None:
    """Pass on the names that another tab, device or administrator gave, until cancelled."""
    with notify.row_changes() as news:
        while True:
            news.clear()
            with suppress(StoreError):  # retried at the next look
                await _look(registry)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()


async def _look(registry: Registry) -> None:
    # until a session is open, it is not certain that the conversation is its user's
    live = [session for session in registry.sessions.values() if session.is_open]
    if not live:
        return
    wanted = {each.conversation_id for each in live if each.conversation_id}
    renamings = [session.renamings for session in live]
    names = await history.names_in(wanted)
    for session, before in zip(live, renamings, strict=True):
        conversation_id = session.conversation_id
        known = names.get(conversation_id, {}) if conversation_id else {}
        await session.hear_names(known, before)

"""What one viewer is told: what was said before, then what is said, without gaps or doubles."""

import asyncio
import json
from typing import Any

from sessions_app.consumers.sender import Sender
from sessions_app.core.events import Event, Exchange, Notice, Partial
from sessions_app.protocol import VERSION
from sessions_app.store import tickets
from sessions_app.store.tickets import TicketState

MOST_BEFORE = 500
"""How many exchanges of what was said before a viewer is told."""
OF_ONE_WHO_SPEAKS = frozenset({"speech_started", "speech_ended", "partial", "transcript"})


class ViewerFeed:
    """One viewer of one session.

    What is published comes fast and may be lost; what is in the rows is whole. Both are taken, and
    an utterance's words and translation are told once each.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._newest: int | None = None
        self._has_words: set[int] = set()
        self._is_done: set[int] = set()
        self._is_unstored: set[int] = set()
        """What was told before it was kept."""
        self._turn = asyncio.Lock()
        self.has_news = asyncio.Event()
        """Set when something was published after which the rows should be looked at at once."""

    async def catch_up(self, standing: TicketState) -> None:
        """Tell what of the rows was not told yet; the first time, who is listened to.

        Raises:
            StoreError: the database does not say.
        """
        async with self._turn:
            if self._newest is None:
                await self._sender.emit(_welcome(standing))
            after = self._newest or 0
            if standing.newest > after:
                for said in await tickets.said_since(standing.session_id, after, MOST_BEFORE):
                    await self._tell(said.utterance_id, "translation", said)
            self._newest = max(after, standing.newest)

    async def take(self, text: str) -> None:
        """Tell what was published, unless it is known already."""
        fields = json.loads(text)
        kind = fields.pop("type")
        if kind == "closed":  # the row is, too: it says how
            self.has_news.set()
            return
        event = Partial(**fields) if kind == "partial" else Notice(kind, fields)
        async with self._turn:
            if kind == "error" and fields.get("about") in self._is_unstored:
                self._is_unstored.discard(fields["about"])
            await self._tell(fields.get("utterance_id"), kind, event)

    async def _tell(self, utterance_id: int | None, kind: str, event: Event) -> None:
        if utterance_id is not None and utterance_id in self._is_unstored:
            await self._tell_stored(utterance_id, kind, event)
            return
        if utterance_id is not None and not self._is_news(utterance_id, kind):
            return
        if kind == "translation":
            self._is_done.add(utterance_id or 0)
            if isinstance(event, Notice) and event.fields.get("stored") is False:
                self._is_unstored.add(utterance_id or 0)
        if kind == "transcript":
            self._has_words.add(utterance_id or 0)
        await self._sender.emit(event)

    async def _tell_stored(self, utterance_id: int, kind: str, event: Event) -> None:
        """Tell that what was told is kept by now, as was published, or as the rows say."""
        if isinstance(event, Exchange):
            fields = {"utterance_id": utterance_id, "exchange_id": event.exchange_id}
            event = Notice("stored", fields)
        elif kind != "stored":
            return
        self._is_unstored.discard(utterance_id)
        await self._sender.emit(event)

    def _is_news(self, utterance_id: int, kind: str) -> bool:
        if utterance_id in self._is_done:
            return False
        if kind == "stored":
            return False
        return not (kind in OF_ONE_WHO_SPEAKS and utterance_id in self._has_words)


def _welcome(standing: TicketState) -> Notice:
    fields: dict[str, Any] = {
        "protocol": VERSION,
        "session_id": str(standing.session_id),
        "direction": standing.direction,
        "mode": standing.mode,
    }
    return Notice("watching", fields)

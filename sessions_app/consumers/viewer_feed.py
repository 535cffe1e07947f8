"""What is sent to one viewer: earlier exchanges, then live events, without gaps or duplicates."""

import asyncio
import json
from typing import Any

from sessions_app.consumers.sender import Sender
from sessions_app.core.events import Event, Exchange, Notice, Partial
from sessions_app.protocol import VERSION
from sessions_app.store import tickets
from sessions_app.store.tickets import TicketState

MOST_BEFORE = 500
"""How many earlier exchanges a viewer gets."""
OF_ONE_WHO_SPEAKS = frozenset({"speech_started", "speech_ended", "partial", "transcript"})


class ViewerFeed:
    """One viewer of one session.

    What is published comes fast and may be lost; the rows are complete. Both are read, and the
    transcript and the translation of an utterance are sent once each.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._newest: int | None = None
        self._has_words: set[int] = set()
        self._is_done: set[int] = set()
        self._is_unstored: set[int] = set()
        """The ids of utterances that were sent before they were stored."""
        self._turn = asyncio.Lock()
        self.has_news = asyncio.Event()
        """Set when something was published after which the rows should be read at once."""

    async def catch_up(self, state: TicketState) -> None:
        """Send what the rows have that was not sent yet; the first time, `watching` before it.

        Raises:
            StoreError: the database does not answer.
        """
        async with self._turn:
            if self._newest is None:
                await self._sender.emit(_welcome(state))
            after = self._newest or 0
            if state.newest > after:
                for said in await tickets.said_since(state.session_id, after, MOST_BEFORE):
                    await self._tell(said.utterance_id, "translation", said)
            self._newest = max(after, state.newest)

    async def take(self, text: str) -> None:
        """Send what was published, unless it was sent already."""
        fields = json.loads(text)
        kind = fields.pop("type")
        if kind == "closed":  # its row is closed too, and says why
            self.has_news.set()
            return
        event = Partial(**fields) if kind == "partial" else Notice(kind, fields)
        async with self._turn:
            if self._newest is None:  # no welcome yet: the rows tell it, after that
                self.has_news.set()
                return
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
        """Send that an exchange is stored by now, as was published or as the rows say."""
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


def _welcome(state: TicketState) -> Notice:
    fields: dict[str, Any] = {
        "protocol": VERSION,
        "session_id": str(state.session_id),
        "direction": state.direction,
        "mode": state.mode,
    }
    return Notice("watching", fields)

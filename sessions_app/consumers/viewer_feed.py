"""What is sent to one viewer: earlier exchanges, then live events, without gaps or duplicates."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sessions_app.consumers.sender import Sender
from sessions_app.core.events import Notice
from sessions_app.protocol import VERSION, as_notice
from sessions_app.store import tickets
from sessions_app.store.tickets import TicketState, WatchedSession

MOST_BEFORE = 500
"""How many earlier exchanges a viewer gets."""
OF_ONE_WHO_SPEAKS = frozenset({"speech_started", "speech_ended", "partial", "transcript"})

UtteranceKey = tuple[str, int]
"""A session's id, and the id of an utterance within it."""


class ViewerFeed:
    """One viewer of one conversation, whichever sessions write to it.

    What is published comes fast and may be lost; the rows are complete. Both are read, and the
    transcript and the translation of an utterance are sent once each.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._live: dict[UUID, str] | None = None
        """The sessions that the viewer knows to be live, each with its server; None: no welcome."""
        self._newest = 0
        self._exchanges: int | None = None
        """How many exchanges were there at the last look; None: it was not looked yet."""
        self._has_words: set[UtteranceKey] = set()
        self._is_done: set[UtteranceKey] = set()
        self._is_unstored: set[UtteranceKey] = set()
        """Utterances that were sent before they were stored."""
        self._turn = asyncio.Lock()
        self.has_news = asyncio.Event()
        """Set when something was published after which the rows should be read at once."""

    async def catch_up(self, state: TicketState) -> None:
        """Send what the rows have that was not sent yet; the first time, `watching` before it.

        Raises:
            StoreError: the database does not answer.
        """
        async with self._turn:
            if self._live is None:
                newest = state.sessions[0]
                await self._sender.emit(_welcome(state.conversation_id, newest))
                self._live = {newest.id: newest.boot}
            await self._tell_said(state)
            self._live = await self._tell_sessions(self._live, state.sessions)

    async def take(self, message: Mapping[str, str]) -> None:
        """Send what was published, unless it was sent already.

        ``message`` has the ``session_id`` and, as the session's client gets it, the ``text``.
        """
        fields = {"session_id": message["session_id"], **json.loads(message["text"])}
        kind = fields.pop("type")
        if kind == "closed":  # its row is closed too, and says why
            self.has_news.set()
            return
        async with self._turn:
            if self._exchanges is None:  # first what was said before
                self.has_news.set()
                return
            if kind == "error":
                self._is_unstored.discard((fields["session_id"], fields["about"]))
            await self._tell(Notice(kind, fields, is_passing=kind == "partial"))

    # --- what was said

    async def _tell_said(self, state: TicketState) -> None:
        count = 0
        if state.newest > self._newest:
            count = await self._tell_rows(state, self._newest)
        if self._exchanges is not None and self._exchanges + count < state.exchanges:
            # two processes may commit out of order: what was not there yet has a lower id
            await self._tell_rows(state, 0)
        self._newest = max(self._newest, state.newest)
        self._exchanges = state.exchanges

    async def _tell_rows(self, state: TicketState, after: int) -> int:
        place = state.conversation_id
        rows = await tickets.fetch_said(place, after, state.newest, MOST_BEFORE)
        for session_id, said in rows:
            message = as_notice(said)
            fields = {"session_id": str(session_id), **message.fields}
            await self._tell(Notice(message.type, fields), is_stored=True)
        return len(rows)

    async def _tell(self, message: Notice, *, is_stored: bool = False) -> None:
        key = _key_of(message.fields)
        if key is not None and key in self._is_unstored:
            await self._tell_stored(key, message, is_stored=is_stored)
            return
        if key is not None:
            if not self._is_news(key, message.type):
                return
            self._note(key, message)
        await self._sender.emit(message)

    def _note(self, key: UtteranceKey, message: Notice) -> None:
        if message.type == "translation":
            self._is_done.add(key)
            if message.fields.get("stored") is False:
                self._is_unstored.add(key)
        if message.type == "transcript":
            self._has_words.add(key)

    async def _tell_stored(self, key: UtteranceKey, message: Notice, *, is_stored: bool) -> None:
        """Send that an exchange is stored by now, as was published or as the rows say."""
        if not is_stored and message.type != "stored":
            return
        names = ("session_id", "utterance_id", "exchange_id")
        self._is_unstored.discard(key)
        await self._sender.emit(Notice("stored", {each: message.fields[each] for each in names}))

    def _is_news(self, key: UtteranceKey, kind: str) -> bool:
        if key in self._is_done or kind == "stored":
            return False
        return not (kind in OF_ONE_WHO_SPEAKS and key in self._has_words)

    # --- who writes to the conversation

    async def _tell_sessions(
        self, known: Mapping[UUID, str], sessions: Sequence[WatchedSession]
    ) -> dict[UUID, str]:
        """Send which sessions have ended and which have begun; return those that are live."""
        live = {each.id: each.boot for each in sessions if each.is_live}
        reasons = {each.id: each.reason for each in sessions}
        for session_id, boot in known.items():
            if live.get(session_id) != boot:
                reason = reasons.get(session_id) or _why_away(is_live=session_id in live)
                fields = {"session_id": str(session_id), "reason": reason}
                await self._sender.emit(Notice("session_paused", fields))
        for each in reversed(sessions):
            if each.is_live and known.get(each.id) != each.boot:
                await self._sender.emit(Notice("session_resumed", _facts(each)))
        return live


def _welcome(conversation_id: UUID, session: WatchedSession) -> Notice:
    place = {"protocol": VERSION, "conversation_id": str(conversation_id)}
    return Notice("watching", {**place, **_facts(session), "is_live": session.is_live})


def _facts(session: WatchedSession) -> dict[str, Any]:
    return {
        "session_id": str(session.id),
        "direction": session.direction,
        "mode": session.mode,
    }


def _why_away(*, is_live: bool) -> str:
    """Return why a session that has not ended is not where it was: it went on elsewhere."""
    return "handed_over" if is_live else "new_conversation"


def _key_of(fields: Mapping[str, Any]) -> UtteranceKey | None:
    utterance_id = fields.get("utterance_id")
    return None if utterance_id is None else (fields["session_id"], utterance_id)

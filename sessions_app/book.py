"""What a session keeps: its row, the conversation it writes to, and the names in it."""

import uuid
from dataclasses import replace

from sessions_app import store
from sessions_app.events import Exchange, Speaker
from sessions_app.generations import Generation
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.utterance import Manner, Utterance


class Book:
    """One session's rows. ``close`` may be called before ``open`` has returned, or failed."""

    def __init__(self, user_id: int, conversation_id: uuid.UUID | None, boot: str) -> None:
        self.session_id = uuid.uuid4()
        self.conversation_id = conversation_id
        """None until it is open, unless the client wishes to continue one."""
        self.speakers = Speakers()
        self._user_id = user_id
        self.boot = boot
        """The run of the server that has the session."""

    async def open(self, generation: Generation, manner: Manner) -> None:
        """Write the session's row.

        Raises:
            StoreError: nothing was written.
        """
        row = store.NewSession(
            id=self.session_id,
            user_id=self._user_id,
            manner=manner,
            generation=generation.number,
            engines=generation.engines.infos,
            boot=self.boot,
        )
        self._take_up(await store.begin_session(row, self.conversation_id))

    async def keep(self, exchange: Exchange, utterance: Utterance) -> Exchange:
        """Keep an exchange; return it with its id.

        Raises:
            StoreError: it was not kept.
        """
        if self.conversation_id is None:
            raise RuntimeError("a book that is not open keeps nothing")
        exchange_id = await store.save_exchange(
            self.session_id,
            self.conversation_id,
            exchange,
            offset_samples=utterance.offset_samples,
            playback_id=utterance.playback_id,
        )
        return replace(exchange, exchange_id=exchange_id)

    async def rename(self, key: str, name: str) -> Speaker:
        """Call a speaker by another name from now on.

        Raises:
            CommandError: there is nobody of that id.
            StoreError: the name was not kept.
        """
        speaker = replace(self.speakers.of(key), name=name)
        if self.conversation_id is not None:
            await store.rename_speaker(self.conversation_id, speaker)
        self.speakers.call(speaker)
        return speaker

    async def begin_conversation(self) -> None:
        """Start afresh, in a new conversation where nobody has a name yet."""
        self._take_up(await store.begin_conversation(self.session_id))

    async def close(self, reason: str, account: Account) -> None:
        """Close the session's row, if it is there and open."""
        await store.end_session(self.session_id, reason, account)

    def _take_up(self, kept: store.Kept) -> None:
        self.conversation_id = kept.conversation_id
        self.speakers = Speakers(kept.names)

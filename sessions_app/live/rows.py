"""A session's rows: its own, the conversation it writes to, and the speakers' names in it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from sessions_app.core.errors import StoreError
from sessions_app.core.events import Emit, Event, Exchange, Failure, Manner, Notice, Speaker
from sessions_app.live.generations import Generation
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.timeline import Timeline
from sessions_app.pipeline.utterance import Utterance
from sessions_app.store import sessions
from sessions_app.store.database.write_behind import behind
from sessions_app.store.row_owner import RowOwner

Saving = asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class _ToldLate:
    """Something that the client was told before it was stored."""

    saving: asyncio.Future[Any]
    became: Callable[[], list[Event]]
    """Returns what is to be told when ``saving`` is done."""


class SessionRows:
    """One session's rows. ``close`` may be called before ``open`` has returned, or has failed."""

    def __init__(
        self,
        owner: RowOwner,
        user_id: int,
        conversation_id: uuid.UUID | None,
    ) -> None:
        self.session_id = owner.session_id
        self.conversation_id = conversation_id
        """None until it is open, unless the client asked to continue one."""
        self.speakers = Speakers()
        self.renamings = 0
        """Counts each renaming here, once when it begins and once when it is stored."""
        self._unkept_names = 0
        self.timeline = Timeline()
        """Of the session; it begins with its row."""
        self._user_id = user_id
        self._late: dict[int, Saving] = {}
        """Exchanges that are sent, or will be, but are not stored yet, by utterance id."""
        self._told_late: asyncio.Queue[_ToldLate] = asyncio.Queue()
        self._stored_names: dict[str, Speaker] = {}
        """Whom the client renamed, as stored last, by id."""
        self._owner = owner

    @property
    def written_to(self) -> uuid.UUID | None:
        """Return the conversation if its row exists for certain; None while it may wait."""
        return None if behind else self.conversation_id

    async def open(self, generation: Generation, manner: Manner) -> None:
        """Write the session's row.

        Raises:
            StoreError: nothing was written.
        """
        row = sessions.NewSession(
            id=self.session_id,
            user_id=self._user_id,
            manner=manner,
            generation=generation.number,
            engines=generation.engines.infos,
            boot=self._owner.boot,
        )
        self._take_up(await sessions.begin_session(row, self.conversation_id))
        self.timeline.begin()

    def adopt(self, kept: sessions.ConversationRef, age_seconds: float) -> None:
        """Go on with the row of another process, which was written so long ago."""
        self._take_up(kept)
        self.timeline.begin(age_seconds)

    def keep(
        self,
        exchange: Exchange,
        utterance: Utterance,
        event: int | None = None,
        checkpoint: Mapping[str, Any] | None = None,
    ) -> Awaitable[Exchange]:
        """Store an exchange, from this call on, whether or not its result is awaited.

        ``event`` and ``checkpoint`` are those of a session that can be resumed.

        The result is the exchange with its id, or without one if the database is late. Then it is
        stored as soon as the database allows, and ``tell_stored`` reports that.

        Raises:
            StoreError: it will never be stored; the result may raise it too.
        """
        if self.conversation_id is None:
            raise RuntimeError("a session whose row is not open stores nothing")
        place = sessions.ExchangePlace(
            self._owner,
            self.conversation_id,
            utterance.offset_samples,
            utterance.origin,
            event,
            checkpoint,
        )
        return self._kept(exchange, sessions.save_exchange(exchange, place))

    async def _kept(self, exchange: Exchange, saving: Saving) -> Exchange:
        if await behind.is_done_in_time(saving):
            return replace(exchange, exchange_id=saving.result())
        self._late[exchange.utterance_id] = saving
        return exchange

    def note_told(self, event: Event) -> None:
        """Note what was sent to the client before it is stored."""
        is_exchange = isinstance(event, Exchange)
        about = event.about if isinstance(event, Failure) else None
        utterance_id = event.utterance_id if isinstance(event, Exchange) else about
        if isinstance(utterance_id, int) and utterance_id in self._late:
            saving = self._late.pop(utterance_id)
            became = partial(_what_became, utterance_id, saving, is_exchange=is_exchange)
            self._told_late.put_nowait(_ToldLate(saving, became))

    async def tell_stored(self, emit: Emit) -> None:
        """Report, in order, what became of all that was sent before it was stored; never return."""
        while True:
            told = await self._told_late.get()
            try:
                await asyncio.wait({told.saving})
                for event in told.became():
                    await emit(event)
            finally:
                self._told_late.task_done()

    async def all_stored(self) -> None:
        """Wait until everything that was sent is stored, and the client was told so."""
        await self._told_late.join()

    async def rename(self, key: str, name: str) -> Speaker:
        """Rename a speaker.

        Raises:
            CommandError: there is no speaker of that id.
            StoreError: the name will never be stored.
        """
        speaker = replace(self.speakers.of(key), name=name)
        if (conversation_id := self.conversation_id) is not None:
            self._stored_names.setdefault(key, self.speakers.of(key))
            renaming = sessions.rename_speaker(self._owner, conversation_id, speaker)
            self._begin_renaming(renaming)
            if await behind.in_time(renaming):
                self._stored_names[key] = speaker
            else:
                became = partial(self._what_became_of_name, conversation_id, speaker, renaming)
                self._told_late.put_nowait(_ToldLate(renaming, became))
        self.speakers.call(speaker)
        return speaker

    def _what_became_of_name(
        self, conversation_id: uuid.UUID, speaker: Speaker, renaming: "asyncio.Future[None]"
    ) -> list[Event]:
        """Return what the client is told of a name that was stored late, or refused."""
        is_here = conversation_id == self.conversation_id
        try:
            renaming.result()
        except StoreError as error:
            if is_here and self.speakers.of(speaker.id) == speaker:
                self.speakers.call(self._stored_names[speaker.id])
            return [Failure(error.code, str(error), about="rename_speaker"), self.speakers_told()]
        if is_here:
            self._stored_names[speaker.id] = speaker
        return []

    def speakers_told(self) -> Notice:
        """Return the message with the speakers and their names."""
        speakers = [asdict(speaker) for speaker in self.speakers.all()]
        return Notice("speakers", {"speakers": speakers}, is_counted=True)

    def _begin_renaming(self, renaming: "asyncio.Future[None]") -> None:
        self._unkept_names += 1
        self.renamings += 1

        def end(_: object) -> None:
            self._unkept_names -= 1
            self.renamings += 1

        renaming.add_done_callback(end)

    def hear_names(self, kept: Mapping[str, str], renamings: int) -> Notice | None:
        """Adopt names given elsewhere; return the message about them, None if nothing is new.

        ``renamings`` is the count when ``kept`` was read: if somebody was renamed here since, the
        names read may be outdated and are ignored.
        """
        is_older = self._unkept_names > 0 or renamings != self.renamings
        return self.speakers_told() if not is_older and self.speakers.learn(kept) else None

    async def begin_conversation(self) -> None:
        """Begin a new conversation, in which no speaker has a name yet.

        Raises:
            StoreError: it will never be stored; the session goes on in the old one.
        """
        kept, beginning = self._begun_conversation()
        await behind.in_time(beginning)
        self._take_up(kept)

    def begin_conversation_unawaited(self) -> None:
        """Begin a new conversation for what is stored from now on, without waiting for that.

        Raises:
            StoreError: it will never be stored; the session goes on in the old one.
        """
        kept, _ = self._begun_conversation()
        self._take_up(kept)

    def _begun_conversation(self) -> "tuple[sessions.ConversationRef, asyncio.Future[None]]":
        if self.conversation_id is None:
            raise RuntimeError("a session whose row is not open begins no other conversation")
        return sessions.begin_conversation(self._owner, self._user_id, self.conversation_id)

    def end(self, reason: str, account: Account) -> "asyncio.Future[bool]":
        """Ask for the session's row to be closed, if it exists and is open."""
        return sessions.end_session(self._owner, reason, account)

    async def close(self, reason: str, account: Account) -> None:
        """Close the session's row, if it exists and is open; if the database is late, later."""
        await behind.in_time(self.end(reason, account))

    def _take_up(self, kept: sessions.ConversationRef) -> None:
        self.conversation_id = kept.conversation_id
        self.speakers.begin(kept.names)
        self._stored_names.clear()


def _what_became(utterance_id: int, saving: Saving, *, is_exchange: bool) -> list[Event]:
    try:
        fields = {"utterance_id": utterance_id, "exchange_id": saving.result()}
    except StoreError as error:
        return [Failure(error.code, str(error), about=utterance_id)]
    return [Notice("stored", fields, is_counted=True)] if is_exchange else []

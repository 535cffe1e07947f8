"""The event sinks: everything that receives a session's events, and in which order."""

from collections.abc import Awaitable

from sessions_app.core.events import Emit, Event, Exchange
from sessions_app.live.publisher import Publisher
from sessions_app.live.resuming.event_log import is_counted
from sessions_app.live.resuming.resume_state import ResumeState
from sessions_app.live.rows import SessionRows
from sessions_app.pipeline.no_words import NoWordsMonitor
from sessions_app.pipeline.utterance import Utterance
from sessions_app.recording.recorder import Recorder
from sessions_app.store.row_owner import RowOwner


class SessionEvents:
    """Sink for what a session says of itself: that it is ready, what a command did, how it ends."""

    def __init__(
        self, rows: SessionRows, owner: RowOwner, publisher: Publisher, client: Emit
    ) -> None:
        self._rows = rows
        self._owner = owner
        self._publisher = publisher
        self._client = client

    async def emit(self, event: Event) -> None:
        """Publish to viewers, which never waits, then send to the client, which may wait.

        Of a session that another process has, only that one tells what is numbered.
        """
        if self._owner.is_lost and is_counted(event):
            return
        self._publisher.publish(self._rows.session_id, self._rows.conversation_id, event)
        await self._client(event)


class PipelineEvents:
    """Sink for the pipeline's results: the recorder is first; the rows note what was sent."""

    def __init__(
        self,
        session: SessionEvents,
        recorder: Recorder,
        no_words: NoWordsMonitor,
        rows: SessionRows,
        resumption: ResumeState | None = None,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._no_words = no_words
        self._rows = rows
        self._resumption = resumption

    async def emit(self, event: Event) -> None:
        """Pass an event to each of them, in order."""
        self._recorder.note(event)
        self._no_words.note(event)
        await self._session.emit(event)
        await self._no_words.note_told(event)
        self._rows.note_told(event)
        if self._resumption is not None:
            self._resumption.kept.note_told(event)

    def keep(self, exchange: Exchange, utterance: Utterance) -> Awaitable[Exchange]:
        """Store an exchange, then note its words beside the recorded sound, stored or not.

        Raises:
            StoreError: it will never be stored; the result may raise it too.
        """
        event = checkpoint = None
        if self._resumption is not None:
            event, checkpoint = self._resumption.note_stored(utterance)
        try:
            return self._rows.keep(exchange, utterance, event, checkpoint)
        finally:
            self._recorder.note_words(exchange)

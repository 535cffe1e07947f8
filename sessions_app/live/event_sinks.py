"""Who hears a session's events, and in which order: all of it stands here."""

from collections.abc import Awaitable
from uuid import UUID

from sessions_app.core.events import Emit, Event, Exchange
from sessions_app.live.publisher import Publisher
from sessions_app.live.rows import SessionRows
from sessions_app.pipeline.utterance import Utterance
from sessions_app.pipeline.wordless import NoWordsMonitor
from sessions_app.recording.recorder import Recorder


class SessionEvents:
    """What a session says of itself: that it is ready, what a command did, how it ends."""

    def __init__(self, session_id: UUID, publisher: Publisher, client: Emit) -> None:
        self._session_id = session_id
        self._publisher = publisher
        self._client = client

    async def emit(self, event: Event) -> None:
        """Tell viewers, which never waits, and then the client, which may."""
        self._publisher.publish(self._session_id, event)
        await self._client(event)


class PipelineEvents:
    """What comes of what is said: the recorder hears it first, and the rows when it was told."""

    def __init__(
        self,
        session: SessionEvents,
        recorder: Recorder,
        wordless: NoWordsMonitor,
        rows: SessionRows,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._wordless = wordless
        self._rows = rows

    async def emit(self, event: Event) -> None:
        """Tell all of them."""
        self._recorder.note(event)
        self._wordless.note(event)
        await self._session.emit(event)
        await self._wordless.note_told(event)
        self._rows.note_told(event)

    def keep(self, exchange: Exchange, utterance: Utterance) -> Awaitable[Exchange]:
        """Keep an exchange, and then its words beside the recorded sound, kept or not.

        Raises:
            StoreError: it will never be kept; the result may raise it too.
        """
        try:
            return self._rows.keep(exchange, utterance)
        finally:
            self._recorder.note_words(exchange)

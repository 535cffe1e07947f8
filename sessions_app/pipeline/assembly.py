"""The one assembly of listener and interpreter: the same wherever sound is transcribed."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol
from uuid import UUID

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.loading import Engines
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.batching_thread import BatchingThread
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.listener import Listener, ListeningPlace
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.sound import open_sound
from sessions_app.pipeline.utterance import Utterance


class Equipment(Protocol):
    """What everything that uses one set of engines shares."""

    engines: Engines
    scheduler: Scheduler | None
    """Shares the transcriber among sessions; None: there is no transcriber."""
    sound: BatchingThread
    decoders: DecoderPool
    idioms: IdiomBook


class Assembly:
    """One session's way from sound to exchanges, with one seat in the transcriber's scheduler.

    Whoever creates it runs ``workers``, and calls ``release`` when they have ended.
    """

    def __init__(self, equipment: Equipment, session: SessionContext) -> None:
        self._equipment = equipment
        self._session = session
        scheduler = equipment.scheduler
        self._seat = scheduler.seat(is_late=session.is_late) if scheduler else None
        self.interpreter = Interpreter(self._seat, equipment.engines, equipment.idioms, session)

    async def open_listener(
        self,
        encoding: Encoding,
        sample_rate: int = SAMPLE_RATE,
        *,
        place: ListeningPlace | None = None,
        cut: Callable[[Utterance], None] | None = None,
        origin: UUID | None = None,
    ) -> Listener:
        """Return the Listener of a stream that is about to begin.

        Raises:
            CommandError: ``too_many_streams`` are being decoded already.
            EngineError: it cannot be decoded here.
        """
        equipment = self._equipment
        sound = await open_sound(
            encoding,
            equipment.engines.detector.stream(),
            equipment.sound,
            equipment.decoders,
            sample_rate=sample_rate,
        )
        return Listener(
            sound,
            self.interpreter,
            self._session,
            place=place,
            cut=cut,
            origin=origin,
        )

    def workers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return the coroutines that must run while there is something to process, by name."""
        interpreter = self.interpreter
        workers = {
            "transcribe": interpreter.transcribing.run(),
            "translate": interpreter.translating.run(),
            "topic": interpreter.context.run(),
        }
        if self._session.is_live:
            workers["words ahead"] = interpreter.recognizer.run()
            workers["translations ahead"] = interpreter.ahead.run()
            workers["lag"] = interpreter.lateness.run()
            if interpreter.partials is not None:
                workers["partials"] = interpreter.partials.run()
        return workers

    @property
    def done_at(self) -> float:
        """When it last made progress, on the monotonic clock.

        The work of the shared transcriber counts only while this session waits for it.
        """
        interpreter = self.interpreter
        heard = self._seat.done_at if self._seat is not None else 0.0
        return max(heard, interpreter.transcribing.done_at, interpreter.translating.done_at)

    @property
    def is_idle(self) -> bool:
        """Whether everything that it was given has become exchanges."""
        return self.interpreter.transcribing.is_idle and self.interpreter.translating.is_idle

    def release(self) -> None:
        """Begin nothing more, and give up the seat. May be called twice."""
        self.interpreter.transcribing.close()
        self.interpreter.translating.close()
        if self._seat is not None:
            self._seat.close()

"""A session's pipeline, put together on one generation of engines."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sessions_app.core.events import Event
from sessions_app.engines.model_condition import model_of
from sessions_app.live.generations import Generation
from sessions_app.live.intake import Intake
from sessions_app.live.rows import SessionRows
from sessions_app.live.states import State
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.segmenter import SegmenterOptions
from sessions_app.pipeline.translation.model_news import ModelNews
from sessions_app.pipeline.utterance import Manner
from sessions_app.pipeline.wordless import Wordless
from sessions_app.recording.recorder import Recorder


class SessionPipeline:
    """What a session's sound goes through, from its first chunk to its last exchange.

    It has one generation's engines for its whole life, and one seat among those who share the
    transcriber.
    """

    def __init__(
        self,
        generation: Generation,
        book: SessionRows,
        manner: Callable[[], Manner],
        emit: Callable[[Event], Awaitable[None]],
        account: Account,
        segmenting: SegmenterOptions,
        become: Callable[[State], None],
        too_fast: Callable[[], None],
        recorder: Recorder,
    ) -> None:
        engines = generation.engines
        self.account = account
        self._wordless = Wordless(emit)
        self._book = book
        self.timeline = book.timeline
        self._emit = emit
        emit = book.watch(recorder.watch(self._wordless.emit))
        self._translator = engines.translator
        self._scheduler = generation.scheduler
        self._seat = generation.scheduler.seat() if generation.scheduler else None
        self.interpreter = Interpreter(
            self._seat,
            engines.transcriber.languages if engines.transcriber else frozenset(),
            engines.translator,
            lambda key: book.speakers.of(key),
            emit,
            recorder.watch_keeping(book.keep),
            account,
            transcriber_name=engines.infos["transcriber"].name,
            idioms=generation.idioms,
        )
        self.intake = Intake(
            self.interpreter,
            engines.detector,
            generation.sound,
            generation.decoders,
            manner,
            emit,
            account,
            segmenting,
            become,
            too_fast,
            recorder,
            book.timeline,
        )

    def workers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return what must run while the session lives, by name."""
        workers = {
            "listen": self.intake.inbox.run(),
            "words ahead": self.interpreter.recognizer.run(),
            "transcribe": self.interpreter.transcribing.run(),
            "translate": self.interpreter.translating.run(),
            "words": self._wordless.run(),
            "lag": self.interpreter.lateness.run(),
            "translations ahead": self.interpreter.ahead.run(),
            "topic": self.interpreter.context.run(),
            "stored": self._book.tell_stored(self._emit),
        }
        if self.interpreter.partials is not None:
            workers["partials"] = self.interpreter.partials.run()
        if (model := model_of(self._translator)) is not None:
            workers["language model"] = ModelNews(model, self._emit).run()
        return workers

    async def drain(self) -> None:
        """Finish all that was accepted."""
        await self.intake.inbox.drained()
        await self.intake.stop()
        await self.interpreter.drained()

    @property
    def done_at(self) -> float:
        """When anything was done last in it, or by the engine it shares, on the monotonic clock."""
        interpreter = self.interpreter
        at_work = (self.intake.inbox, interpreter.transcribing, interpreter.translating)
        shared = self._scheduler.done_at if self._scheduler is not None else 0.0
        return max(shared, *(stage.done_at for stage in at_work))

    async def close(self) -> None:
        """Release the open stream and the seat, and keep what is left; the workers have ended.

        May be called twice.
        """
        for stage in (
            self.intake.inbox,
            self.interpreter.transcribing,
            self.interpreter.translating,
        ):
            stage.close()
        if self._seat is not None:
            self._seat.close()
        await self.intake.close()
        await self.interpreter.keep_rest()

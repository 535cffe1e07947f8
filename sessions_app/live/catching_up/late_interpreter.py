"""One utterance after the other, interpreted as in a session, but behind all live ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessions_app.core.events import (
    Direction,
    Discarded,
    Event,
    Exchange,
    Failure,
    Manner,
    Mode,
    Said,
)
from sessions_app.pipeline.assembly import Assembly, Equipment
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance

ANY_MANNER = Manner(Direction.AUTO, Mode.CONVERSATION)
"""Each utterance has its own."""

CANCEL_SECONDS = 2.0
"""How long work may take to end that is cancelled."""


@dataclass(slots=True)
class Interpretation:
    """What became of an utterance: an exchange, or nothing, for a reason or by a failure."""

    exchange: Exchange | None = None
    """Not stored; its translation may be lacking."""
    reason: str = ""
    """Why it was judged to be nothing."""
    failure: Failure | None = None
    """Why it could not be heard, or its words not be translated."""


class LateInterpreter:
    """Interprets utterances with one set of engines: `open` it, and `close` it in the end."""

    def __init__(self, equipment: Equipment) -> None:
        self._current = Interpretation()
        self._session = SessionContext(
            self._note, self._keep, ANY_MANNER, is_live=False, is_late=True
        )
        self._assembly = Assembly(equipment, self._session)
        self._workers: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to work."""
        self._workers = [
            asyncio.create_task(work, name=f"habla late {name}")
            for name, work in self._assembly.workers().items()
        ]

    async def close(self) -> None:
        """End all work. May be called twice."""
        for worker in self._workers:
            worker.cancel()
        if self._workers:
            ended, _ = await asyncio.wait(self._workers, timeout=CANCEL_SECONDS)
            for worker in ended:
                if not worker.cancelled():
                    worker.exception()  # it was raised by ``interpret``
        self._assembly.release()

    async def interpret(
        self, utterance: Utterance, said: Sequence[Said], names: Mapping[str, str]
    ) -> Interpretation:
        """Return what becomes of an utterance.

        ``said`` was said before it, ``names`` are those of the speakers, by their ids.

        Raises:
            Exception: a worker has ended for this reason; RuntimeError: it was cancelled.
        """
        self._current = Interpretation()
        self._session.speakers.begin(names)
        self._assembly.interpreter.context.recall(said)
        await self._assembly.interpreter.put(utterance)
        joining = asyncio.create_task(self._assembly.interpreter.join(), name="habla late join")
        try:
            waited_for = {joining, *self._workers}
            ended, _ = await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                if task.cancelled():
                    raise RuntimeError(f"{task.get_name()} was cancelled")
                task.result()
        finally:
            joining.cancel()
        return self._current

    async def _note(self, event: Event) -> None:
        if isinstance(event, Discarded):
            self._current.reason = event.reason
        elif isinstance(event, Failure):
            self._current.failure = event

    async def _keep(self, exchange: Exchange, _: Utterance) -> Exchange:
        self._current.exchange = exchange
        return exchange

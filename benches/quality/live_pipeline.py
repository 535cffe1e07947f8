"""A stream through the pipeline as a live session takes it, as fast as the engine can."""

import asyncio
import time
from dataclasses import dataclass, field

from sessions_app.core.audio import SAMPLE_RATE, Encoding, to_seconds
from sessions_app.core.events import Direction, Event, Exchange, Manner, Mode, SpeechEnded
from sessions_app.live.generations import Generation
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance

DIRECTIONS = {"es": Direction.ES_TO_EN, "en": Direction.EN_TO_ES, None: Direction.AUTO}
"""By the language that is given; None: it is to be found."""
CHUNK_BYTES = SAMPLE_RATE // 10 * 2
"""A tenth of a second."""


@dataclass(slots=True)
class HeardLive:
    """What came of a stream."""

    exchanges: list[Exchange] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)
    """Where each utterance ended, and how much of the stream had been heard by then."""
    seconds: float = 0.0
    """How long it took."""

    @property
    def text(self) -> str:
        """Return all the words."""
        return " ".join(exchange.source for exchange in self.exchanges)


async def hear_live(generation: Generation, pcm: bytes, language: str) -> HeardLive:
    """Return what a session makes of ``pcm``: without partials, which change no words."""
    heard = HeardLive()
    open_listeners: list[Listener] = []

    async def emit(event: Event) -> None:
        if isinstance(event, SpeechEnded):
            now = to_seconds(open_listeners[0].heard_samples)
            heard.ends.append((event.at_seconds, now))

    async def keep(exchange: Exchange, _utterance: Utterance) -> Exchange:
        heard.exchanges.append(exchange)
        return exchange

    began_at = time.perf_counter()
    manner = Manner(DIRECTIONS[language], Mode.CONVERSATION)
    assembly = Assembly(generation, SessionContext(emit, keep, manner))
    workers = assembly.workers()
    workers.pop("partials").close()
    tasks = [asyncio.create_task(work, name=f"bench {name}") for name, work in workers.items()]
    try:
        listener = await assembly.open_listener(Encoding.PCM_S16LE)
        open_listeners.append(listener)
        for at in range(0, len(pcm), CHUNK_BYTES):
            await listener.hear(pcm[at : at + CHUNK_BYTES])
        await listener.finish()
        await assembly.interpreter.join()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assembly.release()
    heard.seconds = time.perf_counter() - began_at
    return heard

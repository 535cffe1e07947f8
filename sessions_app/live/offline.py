"""Takes a file through the pipeline without a session, in this process, as `transcribe` does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessions_app.core.audio import Encoding, count_samples, to_seconds
from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Event, Exchange, Failure, Manner, SpeechEnded, SpeechStarted
from sessions_app.engines.base import Progress
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.engines.loading import EngineSettings, load_engines
from sessions_app.engines.model_condition import wait_for_model
from sessions_app.live.generations import Generation
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.languages import LANGUAGES, only_language
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance

NO_ROOM = "This machine has no room to read the file just now."


def _tell_nobody(_: object) -> None:
    """Pass the exchange to nobody."""


@dataclass(slots=True)
class OfflineResult:
    """What was found in a file; it grows while the file is being heard."""

    told: Callable[[Exchange], None] = _tell_nobody
    """Called with each exchange as it comes."""
    exchanges: list[Exchange] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    begins: dict[int, float] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    """Where each utterance ends, in seconds, by its id; ``begins`` likewise."""
    problem: EngineError | None = None
    """Why the file was not heard to its end; what comes before that was."""

    async def note(self, event: Event) -> None:
        """Note failures, and where each utterance begins and ends."""
        match event:
            case Failure():
                self.failures.append(event)
            case SpeechStarted(utterance_id, at_seconds):
                self.begins[utterance_id] = at_seconds
            case SpeechEnded(utterance_id, at_seconds):
                self.ends[utterance_id] = at_seconds

    async def keep(self, exchange: Exchange, _utterance: Utterance) -> Exchange:
        """Note an exchange, and pass it on."""
        self.exchanges.append(exchange)
        self.told(exchange)
        return exchange


@asynccontextmanager
async def opened(settings: EngineSettings, progress: Progress) -> AsyncIterator[Generation]:
    """Load engines for this process only, and unload them at the end.

    Raises:
        EngineUnavailableError: one cannot be loaded.
    """
    generation = Generation(0, await load_engines(settings, progress))
    try:
        await wait_for_model(generation.engines.translator.remote_model)
        yield generation
    finally:
        await generation.unload()


def engine_warning(generation: Generation, manner: Manner) -> str:
    """Return a warning that limits what can be heard; empty: there is none."""
    transcriber = generation.engines.transcriber
    only = only_language(manner.direction, transcriber.languages) if transcriber else ""
    why = generation.engines.infos["transcriber"].why or "the engine knows no other language."
    return f"Only {only} can be heard here: {why}" if only else ""


async def hear_file(
    path: Path,
    generation: Generation,
    manner: Manner,
    result: OfflineResult,
    *,
    heard: Callable[[float], None] = _tell_nobody,
    track: int | None = None,
) -> None:
    """Interpret the media file ``path``; ``result`` takes what is found as it comes.

    ``heard`` is called with the seconds heard so far.
    ``track`` counts those of sound from 1; None: the default track.

    Raises:
        HablaError: the file holds no sound, or no engine knows its language.
    """
    _refuse_if_deaf(generation, manner)
    session = SessionContext(result.note, result.keep, manner, result.account, is_live=False)
    assembly = Assembly(generation, session)
    interpreter = assembly.interpreter
    listener = await assembly.open_listener(Encoding.PCM_S16LE)
    feeding = _feed(decode_file(path, track), listener, heard)
    work = {"hear": _hear(feeding, listener, interpreter, result), **assembly.workers()}
    # no TaskGroup: it would raise an ExceptionGroup, and callers expect a HablaError
    tasks = [asyncio.create_task(each, name=f"habla {name}") for name, each in work.items()]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assembly.release()
        try:
            await interpreter.keep_rest()  # transcripts are passed on, translated or not
        finally:
            await listener.close()


async def _hear(
    feeding: Coroutine[Any, Any, None],
    listener: Listener,
    interpreter: Interpreter,
    result: OfflineResult,
) -> None:
    """Hear a file; note the error that ends it early, after passing on what came before."""
    try:
        await feeding
        await listener.finish()
    except (EngineError, OSError) as error:
        result.problem = error if isinstance(error, EngineError) else EngineError(NO_ROOM)
        await listener.finish(broken=True)
    await interpreter.join()
    if result.problem is not None and not result.account.received:
        raise result.problem


async def _feed(
    blocks: Iterator[bytes], listener: Listener, heard: Callable[[float], None]
) -> None:
    samples = 0
    while (block := await asyncio.to_thread(_next, blocks)) is not None:
        await listener.hear(block)
        samples += count_samples(block)
        heard(to_seconds(samples))


def _next(blocks: Iterator[bytes]) -> bytes | None:
    return next(blocks, None)


def _refuse_if_deaf(generation: Generation, manner: Manner) -> None:
    transcriber, source = generation.engines.transcriber, manner.direction.source
    if transcriber is None or (source is not None and source not in transcriber.languages):
        wanted = LANGUAGES[source] if source else "speech"
        why = generation.engines.infos["transcriber"].why or ""
        raise EngineUnavailableError(f"No engine here can hear {wanted}. {why}".strip())

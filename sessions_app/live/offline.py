"""A file through the pipeline, in this process and without a session: what `transcribe` does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sessions_app.core.audio import Encoding, count_samples, to_seconds
from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Event, Exchange, Failure, SpeechEnded, SpeechStarted
from sessions_app.engines.base import Progress
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.engines.loading import EngineSettings, load_engines
from sessions_app.engines.model_condition import wait_for_model
from sessions_app.live.generations import Generation
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.languages import LANGUAGES, only_language
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.segmenter import SegmenterOptions
from sessions_app.pipeline.sound import Sound
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.utterance import Manner, Utterance

Heard = Callable[[float], None]
NO_ROOM = "This machine has no room to read the file just now."


@dataclass(slots=True)
class Findings:
    """What was found in a file, also while it is still being heard."""

    exchanges: list[Exchange] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    begins: dict[int, float] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    """Where each utterance begins and ends, in seconds, by its id."""
    problem: EngineError | None = None
    """Why it was not heard to its end; what comes before that was."""


@asynccontextmanager
async def opened(settings: EngineSettings, progress: Progress) -> AsyncIterator[Generation]:
    """Load engines of one's own, and unload them at the end.

    Raises:
        EngineUnavailableError: one cannot be loaded.
    """
    generation = Generation(0, await load_engines(settings, progress))
    try:
        await wait_for_model(generation.engines.translator)
        yield generation
    finally:
        await generation.unload()


def warning(generation: Generation, manner: Manner) -> str:
    """Return what people should know before they believe what is heard; empty: nothing."""
    transcriber = generation.engines.transcriber
    only = only_language(manner.direction, transcriber.languages) if transcriber else ""
    why = generation.engines.infos["transcriber"].why or "the engine knows no other language."
    return f"Only {only} can be heard here: {why}" if only else ""


async def hear_file(
    path: Path,
    generation: Generation,
    manner: Manner,
    *,
    told: Callable[[Exchange], None],
    heard: Heard,
    track: int | None = None,
    findings: Findings | None = None,
) -> Findings:
    """Return what is said in the media file ``path``.

    ``told`` is called with each exchange as it comes, ``heard`` with the seconds heard so far.
    ``track`` counts those of sound from 1; None: the one that players take.
    ``findings`` takes what is found meanwhile, for whoever may break off; None: new ones do.

    Raises:
        HablaError: the file holds no sound, or no engine knows its language.
    """
    findings = findings or Findings()
    interpreter = _interpreter(generation, manner, findings, told)
    decoder = open_decoder(Encoding.PCM_S16LE)
    sound = Sound(decoder, generation.engines.detector.stream(), generation.sound)
    listener = Listener(
        sound, interpreter, lambda: manner, _noting(findings), findings.account, SegmenterOptions()
    )
    # no TaskGroup: it would raise a group, and of that nobody could say what is wrong
    tasks = [
        asyncio.create_task(work, name=f"habla {name}")
        for name, work in {
            "hear": _hear(decode_file(path, track), listener, interpreter, findings, heard),
            "transcribe": interpreter.transcribing.run(),
            "translate": interpreter.translating.run(),
        }.items()
    ]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await listener.close()
        await interpreter.keep_rest()  # words that are there are told, translated or not
    return findings


async def _hear(
    blocks: Iterator[bytes],
    listener: Listener,
    interpreter: Interpreter,
    findings: Findings,
    heard: Heard,
) -> None:
    """Hear a file; what breaks it off is noted, and what came before is told."""
    try:
        await _feed(blocks, listener, heard)
        await listener.finish()
    except (EngineError, OSError) as error:
        findings.problem = error if isinstance(error, EngineError) else EngineError(NO_ROOM)
        await listener.finish(broken=True)
    await interpreter.drained()
    if findings.problem is not None and not findings.account.received:
        raise findings.problem


async def _feed(blocks: Iterator[bytes], listener: Listener, heard: Heard) -> None:
    samples = 0
    while (block := await asyncio.to_thread(_next, blocks)) is not None:
        await listener.hear(block)
        samples += count_samples(block)
        heard(to_seconds(samples))


def _next(blocks: Iterator[bytes]) -> bytes | None:
    return next(blocks, None)


def _interpreter(
    generation: Generation, manner: Manner, findings: Findings, told: Callable[[Exchange], None]
) -> Interpreter:
    engines, scheduler = generation.engines, generation.scheduler
    languages = engines.transcriber.languages if engines.transcriber else frozenset()
    source = manner.direction.source
    if scheduler is None or (source is not None and source not in languages):
        wanted = LANGUAGES[source] if source else "speech"
        why = engines.infos["transcriber"].why or ""
        raise EngineUnavailableError(f"No engine here can hear {wanted}. {why}".strip())

    async def keep(exchange: Exchange, utterance: Utterance) -> Exchange:
        findings.exchanges.append(exchange)
        told(exchange)
        return exchange

    return Interpreter(
        scheduler.seat(),
        languages,
        engines.translator,
        Speakers().of,
        _noting(findings),
        keep,
        findings.account,
        transcriber_name=engines.infos["transcriber"].name,
        idioms=generation.idioms,
    )


def _noting(findings: Findings) -> Callable[[Event], Awaitable[None]]:
    async def note(event: Event) -> None:
        match event:
            case Failure():
                findings.failures.append(event)
            case SpeechStarted(utterance_id, at_seconds):
                findings.begins[utterance_id] = at_seconds
            case SpeechEnded(utterance_id, at_seconds):
                findings.ends[utterance_id] = at_seconds

    return note

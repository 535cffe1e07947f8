"""The self-test: shows with a sentence of its own whether the engines really produce text."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import BadTranslationError, EngineLoadingError, Fault, HablaError
from sessions_app.core.events import Direction, Event, Exchange, Failure, Manner, Mode, Notice
from sessions_app.engines.base import Transcriber, Translator
from sessions_app.engines.spoken_sentence import SENTENCE, spoken_sentence
from sessions_app.live.generations import Generation
from sessions_app.live.registry import Registry
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance

logger = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
"""How long the result of one self-test is good for."""
LIMIT_SECONDS = 60.0
"""How long the translation may take: a large model on a slow machine. The transcription has the
scheduler's time limit, which begins with its turn: waiting while others speak is no fault."""
NO_WORDS = "The engine that listens does not work: a spoken sentence brought no words."
NO_TRANSLATION = "The translator does not work: a sentence came back empty."
SENTENCES = {Direction.EN_TO_ES: SENTENCE, Direction.ES_TO_EN: "¿Cuánto cuesta esto?"}
"""What is translated: the first one whose direction the translator supports."""
MANNER = Manner(Direction.EN_TO_ES, Mode.CONVERSATION)


async def keep_running_selftests(registry: Registry, every_seconds: float = EVERY_SECONDS) -> None:
    """Test the current engines, again and again, until cancelled.

    What is wrong is noted in their generation; its live clients are told when that begins and ends.
    """
    while True:
        generations = registry.generations
        generation = generations.current if generations else None
        if generation is not None and not registry.is_draining:
            await _look(registry, generation)
            await asyncio.sleep(every_seconds)
        else:
            await asyncio.sleep(min(1.0, every_seconds))


async def _look(registry: Registry, generation: Generation) -> None:
    before, generation.trouble = generation.trouble, await run_selftest(generation)
    if generation.trouble == before:
        return
    if generation.trouble:
        logger.error("generation %d: %s", generation.number, generation.trouble)
        await _tell(registry, generation, Failure("engines_fail", generation.trouble))
    else:
        logger.info("generation %d works again", generation.number)
        await _tell(registry, generation, Notice("resolved", {"code": "engines_fail"}))


async def _tell(registry: Registry, generation: Generation, event: Event) -> None:
    live = [one for one in registry.sessions.values() if one.generation is generation]
    await asyncio.gather(*(session.emit(event) for session in live))


async def run_selftest(generation: Generation) -> str:
    """Return why an utterance would bring no text; empty: it would.

    While live sessions wait for the transcriber, nothing is tested and the last result stands.
    """
    scheduler = generation.scheduler
    if scheduler is not None and scheduler.backlog:
        return generation.trouble
    try:
        return await _test(generation)
    except EngineLoadingError:
        return ""  # not a failure; where no other translator steps in, the model itself reports it
    except TimeoutError:
        return f"The engines do not work: a sentence took more than {LIMIT_SECONDS:.0f} s."
    except HablaError as error:
        return f"The engines do not work: {error}"
    except _BugError as bug:
        trouble = f"The engines do not work: {bug}"
        if trouble != generation.trouble:  # logged when it first occurs, not at each test
            logger.exception("the self-test found a bug")
        return trouble


class _BugError(Exception):
    """An engine raised or returned what no engine may. Its cause is only for the log."""


@contextmanager
def _bugs_of(engine: str) -> Iterator[None]:
    try:
        yield
    except (HablaError, TimeoutError):
        raise
    except Exception as error:  # anybody may write an engine, and the self-tests must go on
        raise _BugError(f"the {engine} has a bug; the log has it.") from error


async def _test(generation: Generation) -> str:
    """Ask what a session would ask; nothing of it is sent, stored or counted."""
    session = SessionContext(_tell_nobody, _keep_nothing, MANNER, is_live=False)
    assembly = Assembly(generation, session)
    try:
        transcriber = generation.engines.transcriber
        with _bugs_of("transcriber"):
            if transcriber is not None and not await _hears(transcriber, assembly.interpreter):
                return NO_WORDS
        if not generation.engines.translator.translates:
            return ""
        with _bugs_of("translator"):
            return await _translate(assembly.interpreter, generation.engines.translator)
    finally:
        assembly.release()


async def _hears(transcriber: Transcriber, interpreter: Interpreter) -> bool:
    if not transcriber.sample and "en" not in transcriber.languages:
        return True  # there is no sample of speech that it should recognize
    pcm = transcriber.sample or await asyncio.to_thread(spoken_sentence)
    language = "en" if "en" in interpreter.languages else "es"
    manner = replace(MANNER, direction=Direction.of(language))
    utterance = Utterance(interpreter.next_id(), manner, pcm=pcm, end_sample=count_samples(pcm))
    found = await interpreter.recognizer.hear(utterance)
    return found.transcript is not None and found.reason is None


async def _translate(interpreter: Interpreter, translator: Translator) -> str:
    direction = next(each for each in SENTENCES if each in translator.directions)
    request = interpreter.context.request(SENTENCES[direction], direction, MANNER.mode)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            translation = await interpreter.ahead.translate(interpreter.next_id(), request)
    except BadTranslationError as error:
        # it does answer; a bad translation is reported with the utterance that it belongs to
        return NO_TRANSLATION if error.fault is Fault.EMPTY else ""
    return "" if translation.text.strip() else NO_TRANSLATION


async def _tell_nobody(_: Event) -> None:
    """Send the event to nobody."""


async def _keep_nothing(exchange: Exchange, _: Utterance) -> Exchange:
    """Store nothing."""
    return exchange

"""Checks of the engines: each is really loaded and given a tiny task."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sessions_app.core.audio import FRAME_BYTES, SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, EngineInfo, Transcript, TranslationRequest
from sessions_app.doctor.finding import Finding, broken, fine, warning
from sessions_app.engines.choices import place_of
from sessions_app.engines.loading import (
    EngineChoice,
    Engines,
    EngineSettings,
    load_engines,
    wanted_downloads,
)
from sessions_app.engines.model_condition import wait_for_model
from sessions_app.engines.models import hub
from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from sessions_app.engines.speech.whisper_speed import MeasuredTranscriber
from sessions_app.engines.spoken_sentence import spoken_sentence
from sessions_app.engines.translation.apertium_modes import installed_modes

LOAD_SECONDS = 120.0
TASK_SECONDS = 60.0
HUB_SECONDS = 5.0
SILENCE = bytes(SAMPLE_RATE * SAMPLE_BYTES)
"""A second of it, for who has no sound in which it must find words."""
TASKS = {Direction.ES_TO_EN: "hola", Direction.EN_TO_ES: "hello"}


async def examine_engine(settings: EngineSettings, kind: str) -> Finding:
    """Load only the ``kind`` of engine that ``settings`` ask for, and give it a task."""
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            engines = await load_engines(_only(kind, settings))
    except EngineError as error:
        return broken(kind, str(error))
    except TimeoutError:
        return broken(kind, f"It did not load within {LOAD_SECONDS:g} seconds.")
    except Exception as error:  # noqa: BLE001 -- anybody may write an engine; the rest is checked
        return broken(kind, f"It fails while loading: {place_of(error)}")
    try:
        with suppress(TimeoutError):  # its own message then says that the model is still loading
            async with asyncio.timeout(LOAD_SECONDS):
                await wait_for_model(engines.translator.remote_model)
        return await _examine(engines, kind)
    finally:
        await engines.aclose()


def _only(kind: str, settings: EngineSettings) -> EngineSettings:
    """Return ``settings`` with engines that cost nothing for all kinds but ``kind``."""
    nothing, fake = EngineChoice("none"), EngineChoice("fake")
    return EngineSettings(
        transcriber=settings.transcriber if kind == "transcriber" else nothing,
        translator=settings.translator if kind == "translator" else nothing,
        detector=settings.detector if kind == "detector" else fake,
        models_dir=settings.models_dir,
        models_from=settings.models_from,
        llm=settings.llm,
    )


async def _examine(engines: Engines, kind: str) -> Finding:
    info = engines.infos[kind]
    try:
        async with asyncio.timeout(TASK_SECONDS):
            is_well = await _TASKS[kind](engines)
    except (EngineError, TimeoutError) as error:
        return broken(kind, f"{info.name} is loaded, but fails a tiny task: {error}")
    except Exception as error:  # noqa: BLE001 -- anybody may write an engine; the rest is checked
        return broken(kind, f"{info.name} is loaded, but fails a tiny task: {place_of(error)}")
    if not is_well:
        return broken(kind, f"{info.name} is loaded, but gives no answer to a tiny task.")
    about = _describe(info) + await _speed(engines, kind)
    return warning(kind, about, info.why) if info.why else fine(kind, about)


async def _speed(engines: Engines, kind: str) -> str:
    """Return how fast the transcriber is here, and which would be better; empty: unknown."""
    if kind != "transcriber" or not isinstance(engines.transcriber, MeasuredTranscriber):
        return ""
    try:
        async with asyncio.timeout(TASK_SECONDS):
            speed = await engines.transcriber.measure_speed()
    except (EngineError, TimeoutError):
        return ""
    return f"; {speed.told()}" if speed else ""


def _describe(info: EngineInfo) -> str:
    return f"{info.name} ({', '.join(info.languages)})" if info.languages else info.name


async def _transcribe(engines: Engines) -> bool:
    transcriber = engines.transcriber
    if transcriber is None:
        return True
    knows_english = "en" in transcriber.languages
    pcm = transcriber.sample
    if knows_english and not pcm:
        pcm = await asyncio.to_thread(spoken_sentence)
    language = "en" if knows_english else "es"
    heard = await transcriber.transcribe(pcm or SILENCE, language=language, final=True)
    _demand(heard, Transcript, "transcribe")
    return bool(heard.text or not pcm)


def _demand(answer: object, kind: type, method: str) -> None:
    """See to it that ``answer`` is of its ``kind``.

    Raises:
        EngineError: it is not.
    """
    if not isinstance(answer, kind):
        found = type(answer).__name__
        raise EngineError(f"{method}() returned {found}, not a {kind.__name__}.")


async def _translate(engines: Engines) -> bool:
    if not engines.translator.translates:
        return True
    requests = [
        TranslationRequest(text, direction)
        for direction, text in TASKS.items()
        if direction in engines.translator.directions
    ]
    answers = [await engines.translator.translate(request) for request in requests]
    return all(answer.text for answer in answers)


async def _detect(engines: Engines) -> bool:
    probabilities = engines.detector.stream().probabilities(bytes(10 * FRAME_BYTES))
    return len(probabilities) == 10 and max(probabilities) < 0.5


_TASKS: dict[str, Callable[[Engines], Awaitable[bool]]] = {
    "transcriber": _transcribe,
    "translator": _translate,
    "detector": _detect,
}


def examine_models(settings: EngineSettings) -> Finding:
    """Check which models are on the disk, and which are worth downloading."""
    there = [name for name in MODELS if is_on_disk(name, settings.models_dir)]
    message = ", ".join(there) or "none on this machine"
    if wanted := wanted_downloads(settings):
        return warning("models", message, f"python manage.py fetch_models {' '.join(wanted)}")
    return fine("models", message)


def examine_apertium(settings: EngineSettings) -> Finding:
    """Check for Apertium, which translates by rules where there is no model."""
    if installed_modes():
        return fine("Apertium", "is installed")
    if not wanted_downloads(settings):
        return fine("Apertium", "is not installed, nor needed")
    message = "Apertium is not installed: without models nothing is translated."
    return warning("Apertium", message, "apt install apertium-eng-spa")


def examine_hub(settings: EngineSettings) -> Finding:
    """Check whether models could be fetched from the hub. Blocks for HUB_SECONDS at most."""
    if hub.reachable(HUB_SECONDS):
        return fine("model hub", f"{hub.endpoint()} answers")
    if not wanted_downloads(settings):
        return fine("model hub", "does not answer, and is not needed")
    if hub.is_offline():
        mend = "Unset HF_HUB_OFFLINE, or name a directory of models in HABLA_MODELS_FROM."
        return warning("model hub", "HF_HUB_OFFLINE forbids downloading models", mend)
    lacking = [name for name in wanted_downloads(settings) if not MODELS[name].wheels]
    if not lacking:
        return fine("model hub", "does not answer; the package index has what is wanted")
    message = f"{hub.endpoint()} does not answer: {', '.join(lacking)} cannot be downloaded."
    mend = "Check the network and the proxy, or set HF_ENDPOINT or HABLA_MODELS_FROM."
    return warning("model hub", message, mend)

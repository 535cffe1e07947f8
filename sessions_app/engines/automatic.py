"""What ``auto`` chooses: the best engine on this machine, with the reason why not a better one."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import Direction, EngineInfo
from sessions_app.engines.base import Transcriber, Translator
from sessions_app.engines.choices import EngineChoice
from sessions_app.engines.models import hub
from sessions_app.engines.models.catalogue import MODELS, RECOMMENDED, best_whisper, is_on_disk
from sessions_app.engines.none import NoTranslator
from sessions_app.engines.translation.chain import ChainTranslator

logger = logging.getLogger(__name__)

Load = Callable[[str, EngineChoice], Awaitable[Any]]
"""Loads the engine of a kind and choice, or raises EngineUnavailableError."""

WHISPER = RECOMMENDED[0]
"""The Whisper that suits any machine."""
OPUS_MT = {Direction.ES_TO_EN: "opus-mt-es-en", Direction.EN_TO_ES: "opus-mt-en-es"}
GET_WHISPER = f"Better: manage.py fetch_models {WHISPER}, then manage.py reload_engines."
CHOOSE_WHISPER = (
    f"manage.py fetch_models {WHISPER} brings one that does, for HABLA_TRANSCRIBER=auto."
)
GET_OPUS_MT = (
    "Better: manage.py fetch_models opus-mt-es-en opus-mt-en-es, then manage.py reload_engines."
)


def is_good_enough(whisper: str | None) -> bool:
    """Return whether ``whisper`` is at least as large as the recommended one."""
    return whisper is not None and MODELS[whisper].size >= MODELS[WHISPER].size


async def best_transcriber(load: Load, models_dir: Path) -> tuple[Transcriber | None, EngineInfo]:
    """Return Whisper from the disk, or nothing while there is none: only typed text then."""
    reason = "Whisper is not on this machine yet."
    if name := best_whisper(models_dir):
        choice = EngineChoice("faster-whisper", {"model": name})
        whisper, reason = await _try(load, "transcriber", choice)
        if whisper is not None:
            return whisper, transcriber_info("faster-whisper", whisper)
    why = f"{reason} Only typed text is translated. {_how_to_get()}"
    return None, EngineInfo("none", why=why, is_none=True)


def _how_to_get() -> str:
    """Return how to get Whisper onto this machine, as far as its owner allows that."""
    if hub.is_offline():
        return (
            f"HF_HUB_OFFLINE forbids fetching it: HABLA_MODELS_FROM may name a directory that has "
            f"it, or without it manage.py fetch_models {WHISPER} brings it; then "
            "manage.py reload_engines."
        )
    return f"It is fetched in the background; manage.py fetch_models {WHISPER} says why if not."


async def best_translator(
    load: Load, models_dir: Path, llm: Mapping[str, Any] | None = None
) -> tuple[Translator, EngineInfo]:
    """Return the best that answers: a language model, OPUS-MT, Apertium, otherwise nothing.

    ``llm`` are the options of the language model; without an address among them it is searched for
    on this machine, and without options it is not used. One with an address is kept even if it does
    not answer yet.
    """
    found: dict[str, Translator] = {}
    reasons: list[str] = []
    if llm is not None:
        is_configured = bool(llm.get("url") or llm.get("profile"))
        options = {**llm, "must_answer": not is_configured}
        refusals: list[str] = []
        await _find(load, EngineChoice("llm", options), found, refusals)
        reasons += refusals if is_configured else []
    return await _with_local(load, models_dir, found, reasons)


async def chosen_llm(
    load: Load, choice: EngineChoice, models_dir: Path
) -> tuple[Translator, EngineInfo]:
    """Return the chosen language model, with this machine's translators as its fallbacks.

    Raises:
        EngineUnavailableError: it cannot be used as it was chosen.
    """
    found: dict[str, Translator] = {"llm": await load("translator", choice)}
    return await _with_local(load, models_dir, found, [])


async def _with_local(
    load: Load, models_dir: Path, found: dict[str, Translator], reasons: list[str]
) -> tuple[Translator, EngineInfo]:
    local: dict[str, Translator] = {}
    if any(is_on_disk(name, models_dir) for name in OPUS_MT.values()):
        await _find(load, EngineChoice("opus-mt"), local, reasons)
    if lacking := sorted(set(OPUS_MT) - _directions(local)):
        reasons = reasons or [_lacks_opus_mt(lacking)]
        await _find(load, EngineChoice("apertium", {"directions": lacking}), local, reasons)
    if "llm" in found:
        return _with_llm(found | local)
    return _chosen(local, reasons)


def _with_llm(found: dict[str, Translator]) -> tuple[Translator, EngineInfo]:
    # always a chain: even a single server that fails needs a circuit breaker
    chain = ChainTranslator(list(found.values()))
    return chain, translator_info(", ".join(found), chain)


def _chosen(found: dict[str, Translator], reasons: list[str]) -> tuple[Translator, EngineInfo]:
    if "apertium" in found:
        reasons = [*reasons, "Apertium translates by rules, for the gist only."]
    if not found:
        reasons = [*reasons, "What is said stays untranslated."]
    why = " ".join([*reasons, GET_OPUS_MT]) if reasons else None
    translators = list(found.values()) or [NoTranslator()]
    translator = translators[0] if len(translators) == 1 else ChainTranslator(translators)
    if not found:
        return translator, EngineInfo("none", why=why, is_none=True)
    return translator, translator_info(", ".join(found), translator, why)


def _lacks_opus_mt(directions: list[Direction]) -> str:
    names = {Direction.ES_TO_EN: "Spanish → English", Direction.EN_TO_ES: "English → Spanish"}
    if len(directions) > 1:
        return "OPUS-MT is not on this machine."
    return f"OPUS-MT is not on this machine for {names[directions[0]]}."


def _directions(found: dict[str, Translator]) -> frozenset[Direction]:
    return frozenset[Direction]().union(*(each.directions for each in found.values()))


async def _find(
    load: Load, choice: EngineChoice, found: dict[str, Translator], reasons: list[str]
) -> None:
    translator, reason = await _try(load, "translator", choice)
    if translator is None:
        reasons.append(reason)
    else:
        found[choice.backend] = translator


async def _try(load: Load, kind: str, choice: EngineChoice) -> tuple[Any, str]:
    try:
        return await load(kind, choice), ""
    except EngineUnavailableError as error:
        logger.info("passed over the %s %s: %s", kind, choice.backend, error)
        return None, str(error)


def transcriber_info(name: str, transcriber: Transcriber, why: str | None = None) -> EngineInfo:
    """Return what people are told about ``transcriber``."""
    languages = tuple(sorted(transcriber.languages))
    why = why or transcriber.why
    if why is None and "es" not in languages:
        better = GET_WHISPER if name == "faster-whisper" else CHOOSE_WHISPER
        why = f"This model understands no Spanish. {better}"
    return EngineInfo(name, languages, why)


def translator_info(name: str, translator: Translator, why: str | None = None) -> EngineInfo:
    """Return what people are told about ``translator``, whose languages are its sources."""
    sources = {direction.value[:2] for direction in translator.directions}
    return EngineInfo(name, tuple(sorted(sources)), why or translator.why)

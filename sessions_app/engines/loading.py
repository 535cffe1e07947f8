"""Settings to engines: those that were chosen or, with ``auto``, the best that is there."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import EngineInfo
from sessions_app.engines.automatic import (
    OPUS_MT,
    WHISPER,
    best_transcriber,
    best_translator,
    chosen_llm,
    is_good_enough,
    transcriber_info,
    translator_info,
)
from sessions_app.engines.base import Detector, Engine, Progress, Transcriber, Translator
from sessions_app.engines.building import build, close_engine, load_engine
from sessions_app.engines.choices import (
    AUTO,
    EngineChoice,
    EngineSettings,
    check_choice,
    is_foreign,
    parse_choice,
)
from sessions_app.engines.decoding.decoders import load_decoder
from sessions_app.engines.keys import without_foreign_key
from sessions_app.engines.models.catalogue import best_whisper, is_on_disk
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.engines.translation.judged import judged

__all__ = [
    "EngineChoice",
    "EngineSettings",
    "Engines",
    "check_choice",
    "load_engines",
    "parse_choice",
    "wanted_downloads",
]

logger = logging.getLogger(__name__)


class Engines:
    """One loaded set of engines, of one generation.

    Without a transcriber only typed text is translated. ``infos`` are what people are told about
    ``transcriber``, ``translator`` and ``detector``.
    """

    def __init__(
        self,
        transcriber: Transcriber | None,
        translator: Translator,
        detector: Detector,
        infos: Mapping[str, EngineInfo] | None = None,
    ) -> None:
        self.transcriber = transcriber
        self.translator = translator
        self.detector = detector
        self._infos = dict(infos or {})

    @property
    def infos(self) -> Mapping[str, EngineInfo]:
        """Return what people are told at the moment: a language model comes and goes."""
        model, info = self.translator.remote_model, self._infos.get("translator")
        if model is None or info is None:
            return self._infos
        return {**self._infos, "translator": replace(info, why=model.why or info.why)}

    async def aclose(self) -> None:
        """Close all of them, each within a time limit, even if one fails. May be called twice."""
        engines: list[Engine] = [self.translator, self.detector]
        engines += [self.transcriber] if self.transcriber else []
        results = await asyncio.gather(*map(close_engine, engines), return_exceptions=True)
        for failure in results:
            if failure is not None:
                logger.error("an engine failed to close", exc_info=failure)


def _silent(_step: str, _fraction: float | None) -> None:
    """Report to nobody."""


async def load_engines(settings: EngineSettings, progress: Progress = _silent) -> Engines:
    """Return the engines that ``settings`` ask for, loaded.

    ``auto`` uses the best that is on this machine and never waits for the network.

    Raises:
        EngineUnavailableError: an engine that was chosen cannot be loaded; those loaded before it
            are closed again.
    """
    async with AsyncExitStack() as undo:
        loader = _Loader(settings, progress, undo)
        await asyncio.to_thread(load_decoder, Encoding.WEBM_OPUS)
        detector, detector_info = await loader.detector()
        transcriber, transcriber_info = await loader.transcriber()
        translator, translator_info = await loader.translator()
        undo.pop_all()
    infos = {
        "transcriber": transcriber_info,
        "translator": translator_info,
        "detector": detector_info,
    }
    return Engines(transcriber, judged(translator), detector, infos)


def wanted_downloads(settings: EngineSettings) -> list[str]:
    """Return the models on the hub that ``auto`` would use if they were on this machine."""
    wanted: list[str] = []
    if settings.transcriber.backend == AUTO and not is_good_enough(
        best_whisper(settings.models_dir)
    ):
        wanted.append(WHISPER)
    if settings.translator.backend == AUTO:
        wanted += [n for n in OPUS_MT.values() if not is_on_disk(n, settings.models_dir)]
    return wanted


class _Loader:
    """Loads engines one by one; ``undo`` closes what it has loaded."""

    def __init__(self, settings: EngineSettings, progress: Progress, undo: AsyncExitStack) -> None:
        self._settings = settings
        self._progress = progress
        self._undo = undo

    async def detector(self) -> tuple[Detector, EngineInfo]:
        choice = self._settings.detector
        if choice.backend == AUTO:
            choice = EngineChoice("silero")
        return await self._load("detector", choice), EngineInfo(choice.backend)

    async def transcriber(self) -> tuple[Transcriber | None, EngineInfo]:
        choice = self._settings.transcriber
        if choice.backend == AUTO:
            return await best_transcriber(self._load, self._settings.models_dir)
        if choice.backend == "none":
            why = "HABLA_TRANSCRIBER is none: only typed text is translated."
            return None, EngineInfo("none", why=why, is_none=True)
        transcriber: Transcriber = await self._load("transcriber", choice)
        return transcriber, transcriber_info(choice.backend, transcriber)

    async def translator(self) -> tuple[Translator, EngineInfo]:
        choice = self._settings.translator
        if choice.backend == AUTO:
            return await best_translator(self._load, self._settings.models_dir, self._settings.llm)
        if choice.backend == "llm":
            choice = EngineChoice("llm", without_foreign_key(self._settings.llm, choice.options))
            return await chosen_llm(self._load, choice, self._settings.models_dir)
        translator: Translator = await self._load("translator", choice)
        if not translator.translates:
            why = f"HABLA_TRANSLATOR is {choice.backend}: what is said stays untranslated."
            return translator, EngineInfo(choice.backend, why=translator.why or why, is_none=True)
        info = translator_info(choice.backend, translator)
        # somebody else's engine, or a model that another program holds, may ask to be left alone,
        # fail for long, or know one direction only: a chain takes care of all that
        if is_foreign(choice.backend) or translator.remote_model is not None:
            translator = ChainTranslator([translator], name=choice.backend)
        return translator, info

    async def _load(self, kind: str, choice: EngineChoice) -> Any:
        self._progress(f"loading the {kind} {choice.backend}", None)
        variable = f"HABLA_{kind.upper()}"
        engine = await build(
            choice,
            variable=variable,
            models_dir=self._settings.models_dir,
            models_from=self._settings.models_from,
            progress=self._progress,
        )
        self._undo.push_async_callback(close_engine, engine)
        try:
            await load_engine(engine, choice, variable=variable)
        except EngineUnavailableError:
            await close_engine(engine)
            raise
        return engine

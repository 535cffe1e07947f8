"""Whisper on CTranslate2, through the faster-whisper library: Spanish and English, CPU or CUDA."""

import asyncio
import functools
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sessions_app.engines.base import (
    SAMPLE_BYTES,
    EngineError,
    EngineUnavailableError,
    Progress,
    Transcript,
)
from sessions_app.engines.models import catalogue, downloads
from sessions_app.engines.models.model import WHISPER_NEEDS
from sessions_app.engines.speech.whisper_model import (
    Samples,
    WhisperOptions,
    WhisperRunner,
    open_model,
)
from sessions_app.engines.speech.whisper_speed import SHAPES, MeasuredTranscriber, Speed

CLOSE_SECONDS = 10.0
"""How long closing waits for a transcription in progress."""
STEP_SECONDS = 5.0
"""How long a cancelled call waits for the step in progress: encoding, or decoding."""
MOST_THREADS = 8
"""Whisper gains nothing from more."""

T = TypeVar("T")


class FasterWhisperTranscriber(MeasuredTranscriber):
    """Transcribes Spanish and English with a Whisper model.

    ``model`` is a name (``small``), a directory, or ``owner/repository`` on the hub; by default the
    largest on the disk, or base. A model that is not on the disk is fetched by ``load``. ``device``
    is ``cpu``, ``cuda`` or ``auto``. ``compute_type`` is CTranslate2's; by default int8 on a
    processor and float16 on a graphics card. ``workers`` pieces are transcribed at once, each by
    ``threads`` threads (0: all cores, shared). ``hotwords`` are names to expect. ``progress`` is
    called while fetching and loading.
    """

    is_interruptible = True
    gives_word_times = True

    def __init__(
        self,
        model: str = "",
        *,
        device: str = "auto",
        compute_type: str | None = None,
        models_dir: str | Path = catalogue.MODELS_DIR,
        models_from: Path | None = None,
        threads: int = 0,
        workers: int = 1,
        partial_beam_size: int = 1,
        final_beam_size: int = 5,
        hotwords: str | None = None,
        progress: Progress = downloads.no_progress,
    ) -> None:
        self.parallel = max(1, workers)
        self._model = model or catalogue.best_whisper(Path(models_dir)) or catalogue.RECOMMENDED[0]
        self._models_dir = Path(models_dir)
        self._models_from = models_from
        self._device = device
        self._compute_type = compute_type
        self._threads = threads or max(1, min(_cores(), MOST_THREADS) // self.parallel)
        self._options = WhisperOptions(partial_beam_size, final_beam_size, hotwords)
        self._progress = progress
        self._runner: WhisperRunner | None = None
        self._running: set[Future[Any]] = set()
        self._executor = ThreadPoolExecutor(self.parallel, thread_name_prefix="habla whisper")
        self._closed = False

    async def load(self) -> None:
        """Read the model from the disk, or fetch it first; then transcribe a second of silence.

        Raises:
            EngineUnavailableError: it is not there and cannot be fetched, or does not run here.
        """
        directory = await self._find()
        self._progress(f"loading {self._model}", None)
        opening = functools.partial(
            open_model,
            *(directory, self._device, self._compute_type, self._threads),
            workers=self.parallel,
            options=self._options,
        )
        try:
            self._runner = await self._run(opening)
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineUnavailableError(
                f"The Whisper model {self._model} does not run here. Fetch it again with "
                f"`manage.py fetch_models {self._model}`, or try device cpu."
            ) from error
        if not self._runner.is_multilingual:
            self.languages = frozenset({"en"})

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm`` (16 kHz mono s16le).

        Without a ``language`` it is the likelier of Spanish and English, detected in a separate
        pass.

        Raises:
            EngineError: the language is not the model's, or it failed at this piece.
        """
        if language is not None and language not in self.languages:
            raise EngineError("This Whisper model knows English only.")
        runner = self._loaded()
        return await self._try(runner.transcribe, _samples(pcm), language, final)

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        """Return how likely ``pcm`` is ``es`` and ``en``; the two sum to 1.

        Raises:
            EngineError: the model failed at this piece.
        """
        runner = self._loaded()
        return await self._try(runner.language_probabilities, _samples(pcm), True)

    async def guess_language(self, pcm: bytes) -> Mapping[str, float]:
        """Return the same while speech goes on, at the cost of one partial at most.

        Raises:
            EngineError: the model failed at this piece.
        """
        runner = self._loaded()
        return await self._try(runner.language_probabilities, _samples(pcm), False)

    async def measure_speed(self) -> Speed | None:
        """Return how fast it is here, which tells how fast others would be; None: an unknown model.

        Takes some seconds the first time.

        Raises:
            EngineError: the model failed.
        """
        name = f"whisper-{self._model.removeprefix('whisper-')}"
        if self.measured_speed is None and name in SHAPES:
            self.measured_speed = await self._measured(name)
        return self.measured_speed

    async def _measured(self, name: str) -> Speed:
        work = self._executor.submit(self._loaded().measure, name, lambda: self._closed)
        try:
            return await asyncio.wrap_future(work)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError("Whisper could not be measured.") from error

    async def aclose(self) -> None:
        """Release the model, once running transcriptions are done. May be called twice."""
        self._closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._running:
            waiting = [asyncio.wrap_future(work) for work in list(self._running)]
            await asyncio.wait(waiting, timeout=CLOSE_SECONDS)
        self._runner = None

    async def _find(self) -> Path:
        if (given := Path(self._model)).is_dir():
            if lacking := catalogue.missing_patterns(given, WHISPER_NEEDS):
                raise EngineUnavailableError(
                    f"The directory {self._model} is no Whisper model for CTranslate2: "
                    f"it lacks {', '.join(lacking)}."
                )
            return given
        if not catalogue.find_model(self._model).is_pinned:
            self.why = f"The files of {self._model} are not verified: Habla knows no digests of it."
        if on_disk := catalogue.is_on_disk(self._model, self._models_dir):
            return on_disk
        return await downloads.download(
            self._model, self._models_dir, self._progress, models_from=self._models_from
        )

    def _loaded(self) -> WhisperRunner:
        if self._closed or self._runner is None:
            raise EngineError("Whisper is not loaded.")
        return self._runner

    async def _try(self, function: Callable[..., T], *args: object) -> T:
        """Return the result of ``function``, called with ``args`` and a check for a cancellation.

        A cancelled call ends at its next step, and returns once the engine is free again.
        """
        unwanted = threading.Event()
        work = self._submit(function, *args, lambda: not unwanted.is_set())
        answer = asyncio.wrap_future(work)
        answer.add_done_callback(_consume)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            unwanted.set()
            if not work.cancel():
                await asyncio.wait({answer}, timeout=STEP_SECONDS)
            self._running.discard(work)  # its caller is gone, so closing need not wait for it
            raise
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError("Whisper failed at this piece.") from error

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        """Return the result of ``function``, called in the engine's own threads.

        A cancellation withdraws a call that has not begun; a running one ends by itself, unheard.
        """
        work = self._submit(function, *args)
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            self._running.discard(work)  # its caller is gone, so closing need not wait for it
            raise

    def _submit(self, function: Callable[..., T], *args: object) -> "Future[T]":
        if self._closed:
            raise EngineError("Whisper is closed.")
        work = self._executor.submit(function, *args)
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return work


def _consume(answer: "asyncio.Future[T]") -> None:
    if not answer.cancelled():
        answer.exception()


def _samples(pcm: bytes) -> Samples:
    whole = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
    return np.frombuffer(whole, "<i2").astype(np.float32) / np.float32(32_768)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

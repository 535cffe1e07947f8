"""OPUS-MT: neural machine translation on the CPU, with CTranslate2 and SentencePiece."""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import ctranslate2  # type: ignore[import-untyped]
import sentencepiece

from sessions_app.engines.base import (
    Direction,
    EngineError,
    EngineUnavailableError,
    Fault,
    Translation,
    TranslationRequest,
    Translator,
)
from sessions_app.engines.models import catalogue
from sessions_app.engines.models.model import OPUS_MT_NEEDS
from sessions_app.engines.text.judge import bad_translation
from sessions_app.engines.text.sentences import split_sentences

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

NAMES = {Direction.ES_TO_EN: "opus-mt-es-en", Direction.EN_TO_ES: "opus-mt-en-es"}
"""The names of the models on the hub and on the disk."""
MAX_THREADS = 4
"""More do not speed up a single sentence."""
MAX_TOKENS = 256
"""The longest translation of one sentence; the models were trained on less."""
_END_OF_SENTENCE = "</s>"
_MEND = "Fetch it with: manage.py fetch_models opus-mt-es-en opus-mt-en-es"
_FAILURES = (RuntimeError, ValueError, OSError, KeyError)
"""What CTranslate2 and SentencePiece raise for broken files and for broken sentences."""


class OpusMtTranslator(Translator):
    """Translates with one Marian model per direction, in a thread of its own."""

    def __init__(
        self,
        models_dir: str | Path = catalogue.MODELS_DIR,
        es_en: str | Path | None = None,
        en_es: str | Path | None = None,
        threads: int = 0,
        beam_size: int = 2,
        timeout_seconds: float = 60.0,
    ) -> None:
        """Prepare to load the models from ``models_dir``, or from the directories given.

        ``threads`` is how many CPU threads one sentence may use; 0: as many as help.
        ``timeout_seconds`` is how long a request may take, once its turn has come.
        """
        self._models_dir = Path(models_dir)
        self._given = {Direction.ES_TO_EN: es_en, Direction.EN_TO_ES: en_es}
        self._threads = threads or min(MAX_THREADS, os.cpu_count() or 1)
        self._beam_size = beam_size
        self._timeout_seconds = timeout_seconds
        self._models: dict[Direction, MarianModel] = {}
        self._executor: ThreadPoolExecutor | None = None
        self._turn = asyncio.Lock()
        self._is_closed = False
        self.directions = frozenset(self._directories())

    def _directories(self) -> dict[Direction, Path]:
        found: dict[Direction, Path] = {}
        for direction, given in self._given.items():
            name = NAMES[direction]
            on_disk = Path(given) if given else catalogue.is_on_disk(name, self._models_dir)
            if on_disk:
                found[direction] = on_disk
        return found

    async def load(self) -> None:
        """Load the model of each direction that is there; ``directions`` says which.

        Raises:
            EngineUnavailableError: the message says how to fix it.
        """
        directories = self._directories()
        if not directories:
            raise EngineUnavailableError(f"No OPUS-MT model is on this machine. {_MEND}")
        for directory in directories.values():
            _check_files(directory)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="habla opus-mt")
        try:
            self._models = await self._in_thread(lambda: _load_models(directories, self._threads))
        except EngineError as error:
            await self.aclose()
            raise EngineUnavailableError(str(error)) from error
        self.directions = frozenset(self._models)

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language, sentence by sentence.

        Raises:
            EngineError: the model failed, took too long, or the direction has none.
        """
        model = self._models.get(request.direction)
        if model is None:
            raise EngineError("OPUS-MT has no model for this direction.")
        sentences = split_sentences(request.text)
        text = await self._in_thread(lambda: self._translate(model, sentences))
        return Translation(text=text, engine="opus-mt")

    def _translate(self, model: "MarianModel", sentences: list[str]) -> str:
        if self._is_closed:
            raise EngineError("OPUS-MT is closed.")
        try:
            return " ".join(model.translate(sentences, self._beam_size)) if sentences else ""
        except _FAILURES as error:
            raise EngineError("OPUS-MT failed on this text.") from error

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        async with self._turn:  # waiting for others is no slow model
            if self._executor is None or self._is_closed:
                raise EngineError("OPUS-MT is not loaded.")
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    loop = asyncio.get_running_loop()
                    return await loop.run_in_executor(self._executor, work)
            except TimeoutError as error:
                raise EngineError("OPUS-MT did not answer in time.") from error

    async def aclose(self) -> None:
        """Let the running sentence finish, reject what waits, and free the models."""
        self._is_closed = True
        executor, self._executor = self._executor, None
        self._models = {}
        if executor is None:
            return
        try:
            # the thread works in order: this is done when everything before it is
            async with asyncio.timeout(self._timeout_seconds):
                await asyncio.get_running_loop().run_in_executor(executor, _nothing)
        except TimeoutError:
            logger.warning("OPUS-MT is still busy and is left behind")
        finally:
            executor.shutdown(wait=False)


def _check_files(directory: Path) -> None:
    if lacking := catalogue.missing_patterns(directory, OPUS_MT_NEEDS):
        raise EngineUnavailableError(
            f"The OPUS-MT model {directory.name} lacks {', '.join(lacking)}. {_MEND}"
        )


def _load_models(
    directories: dict[Direction, Path], threads: int
) -> "dict[Direction, MarianModel]":
    try:
        return {way: load_marian(directory, threads) for way, directory in directories.items()}
    except _FAILURES as error:
        raise EngineUnavailableError(f"An OPUS-MT model is damaged. {_MEND}") from error


def _nothing() -> None:
    """Do nothing, to mark the end of a thread's work."""


@dataclass(frozen=True, slots=True)
class MarianModel:
    """One direction: the model, and its tokenisers."""

    translator: Any
    source: sentencepiece.SentencePieceProcessor
    target: sentencepiece.SentencePieceProcessor
    wants_end: bool
    """Whether sentences need an end token; models converted from Transformers do."""

    def translate(self, sentences: list[str], beam_size: int) -> list[str]:
        """Return the translation of each sentence. Blocks; releases the GIL.

        Raises:
            BadTranslationError: the model did not finish.
        """
        end = [_END_OF_SENTENCE] if self.wants_end else []
        pieces = [[*self.source.encode(sentence, out_type=str), *end] for sentence in sentences]
        results = self.translator.translate_batch(
            pieces,
            beam_size=beam_size,
            max_decoding_length=MAX_TOKENS,
            max_batch_size=8,
            replace_unknowns=True,  # names and emoji are copied
        )
        translated = [result.hypotheses[0] for result in results]
        if any(len(sentence) >= MAX_TOKENS for sentence in translated):
            raise bad_translation(Fault.CUT, "opus-mt")
        return [self.target.decode(sentence).strip() for sentence in translated]


def load_marian(directory: Path, threads: int) -> MarianModel:
    """Return the model in ``directory``. Blocks, about 0.3 s.

    Raises:
        RuntimeError, ValueError, OSError: a file is damaged.
    """
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return MarianModel(
        translator=ctranslate2.Translator(
            str(directory), device="cpu", compute_type="int8", intra_threads=threads
        ),
        source=_pieces(directory / "source.spm"),
        target=_pieces(directory / "target.spm"),
        wants_end=not config.get("add_source_eos", False),
    )


def _pieces(path: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(path))

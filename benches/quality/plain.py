"""Plain faster-whisper with default settings, which Habla is compared with in the same run."""

import time
from dataclasses import dataclass
from pathlib import Path

import faster_whisper  # type: ignore[import-untyped]
import numpy as np

from benches.serving import CORES

MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The transcript of a piece of sound."""

    text: str
    language: str
    seconds: float
    """How long it took."""
    ends: tuple[float, ...]
    """Where its segments end, in seconds from the beginning of the sound."""


class Plain:
    """The model alone, with all cores and the library's defaults."""

    def __init__(self, weights: Path) -> None:
        self._model = faster_whisper.WhisperModel(
            str(weights),
            device="cpu",
            compute_type="int8",
            cpu_threads=min(MOST_THREADS, len(CORES)),
            local_files_only=True,
        )

    def hear(self, pcm: bytes, language: str | None = None, *, beam_size: int = 5) -> Answer:
        """Return what is said in ``pcm``; without a ``language``, in the most likely of all."""
        began_at = time.perf_counter()
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
        found, info = self._model.transcribe(samples, language=language, beam_size=beam_size)
        segments = list(found)
        return Answer(
            " ".join(segment.text.strip() for segment in segments),
            info.language,
            time.perf_counter() - began_at,
            tuple(segment.end for segment in segments),
        )

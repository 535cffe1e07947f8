"""A Whisper model in the hand of a thread: opened on the best device, asked, summed up."""

import hashlib
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2  # type: ignore[import-untyped]
import faster_whisper  # type: ignore[import-untyped]
import numpy as np
from faster_whisper.audio import pad_or_trim  # type: ignore[import-untyped]

from sessions_app.audio import SAMPLE_RATE
from sessions_app.engines.whisper_benchmark import measure
from sessions_app.engines.whisper_speed import Speed
from sessions_app.events import Transcript

logger = logging.getLogger(__name__)

SHORTEST_SECONDS = 0.1
"""No word is shorter, and nothing shorter is shown to the model."""
FINAL_TEMPERATURES = (0.0, 0.4)
"""A final that fails Whisper's own tests is tried once more, with more freedom."""
LOWEST_LOG_PROBABILITY = -1.0
HIGHEST_COMPRESSION_RATIO = 2.4

REMEMBERED = 4
"""Pieces whose encoding is kept, 2 to 8 MB each."""

Samples = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How hard it looks for words."""

    partial_beam_size: int = 1
    final_beam_size: int = 5
    hotwords: str | None = None


class EncodingModel(faster_whisper.WhisperModel):  # type: ignore[misc]
    """A Whisper that looks at the same sound once: for its language, then for its words.

    Looking (the encoder) takes most of the time, and always as long as for thirty seconds.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._encoded: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, features: Samples) -> Any:
        """Return what the encoder makes of ``features`` (80 or 128 mels by 3000 windows)."""
        key = hashlib.blake2b(np.ascontiguousarray(features).data, digest_size=16).digest()
        with self._lock:
            if key in self._encoded:
                return self._encoded[key]
        encoded = super().encode(features)
        with self._lock:
            self._encoded[key] = encoded
            while len(self._encoded) > REMEMBERED:
                self._encoded.popitem(last=False)
        return encoded

    def languages_in(self, samples: Samples) -> Sequence[tuple[str, float]]:
        """Return every language that it knows, with how likely ``samples`` are it."""
        features = self.feature_extractor(samples)
        # exactly what `transcribe` will ask for: the last window of the spectrum is left out
        encoded = self.encode(pad_or_trim(features[..., :-1]))
        return [(token[2:-2], p) for token, p in self.model.detect_language(encoded)[0]]


class WhisperRunner:
    """A loaded model. Its methods block, and may be called by as many threads as it has workers."""

    def __init__(self, model: EncodingModel, options: WhisperOptions) -> None:
        self._model = model
        self._options = options
        self.is_multilingual: bool = model.model.is_multilingual

    def transcribe(self, samples: Samples, language: str | None, final: bool) -> Transcript:
        """Return the words in ``samples`` (16 kHz mono, -1..1), in ``language`` or the likelier.

        Raises:
            RuntimeError: CTranslate2 failed.
        """
        if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
            return Transcript("", language or "en", confidence=0.0)
        if language is None:
            probabilities = self.language_probabilities(samples)
            language = max(probabilities, key=probabilities.__getitem__)
        segments, _ = self._model.transcribe(samples, language=language, **self._how(final))
        return summarise(list(segments), language)

    def language_probabilities(self, samples: Samples) -> Mapping[str, float]:
        """Return how likely ``samples`` are Spanish and English; the two sum to 1.

        Whatever it does not take for English is Spanish. Whisper's share of Spanish goes to
        Portuguese, Italian, even Hindi, where a word is short or the voice strange to it; that of
        English does not. Of 100 single words the larger of the two shares found 28 of 50 Spanish
        and 50 of 50 English ones, this finds 45 and 49 (base; asterisk-core-sounds).
        """
        if not self.is_multilingual:
            return {"es": 0.0, "en": 1.0}
        if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
            return {"es": 0.5, "en": 0.5}
        found = self._model.languages_in(samples)
        english = min(1.0, max(0.0, dict(found).get("en", 0.0)))
        return {"es": 1.0 - english, "en": english}

    def measure(self, name: str, is_over: Callable[[], bool]) -> Speed:
        """Return how fast the model, one of `SHAPES` called ``name``, is; takes some seconds.

        Raises:
            RuntimeError: CTranslate2 failed, or ``is_over`` said so meanwhile.
        """
        return measure(self._model, name, beam_size=self._options.final_beam_size, is_over=is_over)

    def _how(self, final: bool) -> dict[str, Any]:
        options = self._options
        return {
            "beam_size": options.final_beam_size if final else options.partial_beam_size,
            "temperature": FINAL_TEMPERATURES if final else FINAL_TEMPERATURES[:1],
            "log_prob_threshold": LOWEST_LOG_PROBABILITY,
            "compression_ratio_threshold": HIGHEST_COMPRESSION_RATIO,
            "no_speech_threshold": None,  # whether it was speech is judged later, once for all
            "condition_on_previous_text": False,
            "vad_filter": False,
            "hotwords": options.hotwords,
        }


def open_model(
    directory: Path,
    device: str,
    compute_type: str | None,
    threads: int,
    *,
    workers: int,
    options: WhisperOptions,
) -> WhisperRunner:
    """Return the model in ``directory``, loaded and tried on a second of silence.

    ``device`` ``auto`` takes CUDA where it works, and otherwise says why not and takes the CPU.

    Raises:
        RuntimeError, ValueError, OSError: it cannot be loaded, or does not run.
    """

    def on(device: str) -> WhisperRunner:
        model = EncodingModel(
            str(directory),
            device=device,
            compute_type=compute_type or _compute_type(device),
            cpu_threads=threads,
            num_workers=workers,
            local_files_only=True,
        )
        runner = WhisperRunner(model, options)
        runner.transcribe(np.zeros(SAMPLE_RATE, np.float32), "en", False)
        return runner

    if device != "auto":
        return on(device)
    if ctranslate2.get_cuda_device_count() > 0:
        try:
            return on("cuda")
        except (RuntimeError, ValueError) as error:
            logger.warning("The graphics card is not used: Whisper does not run on it: %s", error)
    return on("cpu")


def _compute_type(device: str) -> str:
    wanted = "float16" if device == "cuda" else "int8"
    return wanted if wanted in ctranslate2.get_supported_compute_types(device) else "default"


def summarise(segments: Sequence[Any], language: str) -> Transcript:
    """Return Whisper's ``segments`` as one transcript, each weighing as many tokens as it has."""
    text = " ".join(segment.text.strip() for segment in segments).strip()
    weights = [max(1, len(segment.tokens)) for segment in segments]
    if not text:
        silence = _mean([segment.no_speech_prob for segment in segments], weights, empty=1.0)
        return Transcript("", language, confidence=0.0, no_speech_probability=silence)
    log_probability = _mean([segment.avg_logprob for segment in segments], weights)
    return Transcript(
        text,
        language,
        confidence=min(1.0, math.exp(log_probability)),
        no_speech_probability=_mean([segment.no_speech_prob for segment in segments], weights),
        average_log_probability=log_probability,
        compression_ratio=max(segment.compression_ratio for segment in segments),
    )


def _mean(values: Sequence[float], weights: Sequence[int], empty: float = 0.0) -> float:
    if not values:
        return empty
    total = sum(value * weight for value, weight in zip(values, weights, strict=True))
    return total / sum(weights)

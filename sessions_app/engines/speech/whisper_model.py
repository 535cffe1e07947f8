"""A Whisper model in the engine's threads: opened on the best device, called, summed up."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2  # type: ignore[import-untyped]
import faster_whisper  # type: ignore[import-untyped]
import numpy as np
from faster_whisper.audio import pad_or_trim  # type: ignore[import-untyped]

from sessions_app.core.audio import SAMPLE_RATE
from sessions_app.core.events import SpokenWord, Transcript
from sessions_app.engines.speech.whisper_benchmark import measure
from sessions_app.engines.speech.whisper_speed import Speed
from sessions_app.engines.speech.whisper_transcripts import (
    HIGHEST_COMPRESSION_RATIO,
    LOWEST_LOG_PROBABILITY,
    TIMES,
    is_unsure,
    said_once,
    summarise,
)
from sessions_app.engines.text.log_odds import log_odds, probability_of

logger = logging.getLogger(__name__)

ALL_WINDOWS = 3000
"""Columns of the spectrogram of thirty seconds."""
WINDOW_SAMPLES = SAMPLE_RATE // 100
SHORTEST_SECONDS = 0.1
"""No word is shorter, and the model is given nothing shorter."""
FINAL_TEMPERATURES = (0.0, 0.4)
"""A final that fails Whisper's own checks is tried once more, at a higher temperature."""

SHORTEST_TOKENS, TOKENS_PER_SECOND, MOST_TOKENS = 20, 10, 200
"""The length limit of a hypothesis: a model that loops is stopped before the next one is due."""
REST_SECONDS = 8.0
"""How much silence is added after the sound of a hypothesis; with less, words are repeated.

Encoding only that much instead of thirty seconds takes an eighth to a half of the time. With 8 s, 3
of 140 clips got more words than they have, with 3 s 17, with 1 s 65 (base). Finals get all.
"""
SHORT_SECONDS = 2.0
"""A shorter piece is heard again, repeated `TIMES` in a row: for its language, and for its words
if they are uncertain."""
LEANING = 0.5
"""How much the two results together lean to Spanish, in log odds (docs/quality.md)."""
REMEMBERED = 4
"""How many encodings are cached, 2 to 8 MB each."""

Samples = np.ndarray[Any, np.dtype[np.float32]]
IsWanted = Callable[[], bool]
"""Whether the result is still wanted."""


class AbandonedError(Exception):
    """The result is not wanted any more."""


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How thoroughly it searches for words."""

    partial_beam_size: int = 1
    final_beam_size: int = 5
    hotwords: str | None = None


class _Task(threading.local):
    """What a thread is doing with the model."""

    windows: int = ALL_WINDOWS
    is_wanted: IsWanted = staticmethod(lambda: True)
    words: tuple[SpokenWord, ...] = ()

    def check(self) -> None:
        if not self.is_wanted():
            raise AbandonedError


class EncodingModel(faster_whisper.WhisperModel):  # type: ignore[misc]
    """A Whisper that encodes the same sound once: for its language, then for its words.

    Encoding takes most of the time, and always as long as for thirty seconds.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._encoded: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._task = _Task()

    @contextmanager
    def doing(self, windows: int, is_wanted: IsWanted) -> Iterator[None]:
        """Encode only the first ``windows`` of the spectrogram, and end when it is not wanted.

        It applies to this thread. What runs inside ends between two steps, encoding and decoding.
        """
        self._task.windows, self._task.is_wanted, self._task.words = windows, is_wanted, ()
        try:
            yield
        finally:
            self._task.windows, self._task.is_wanted = _Task.windows, _Task.is_wanted

    def encode(self, features: Samples) -> Any:
        """Return the encoder's output for ``features`` (80 or 128 mels by 3000 windows).

        Raises:
            AbandonedError: it is not wanted any more.
        """
        self._task.check()
        features = features[..., : self._task.windows]
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

    def generate_with_fallback(self, *args: Any, **options: Any) -> Any:
        """Return the decoder's output for one encoding.

        Raises:
            AbandonedError: it is not wanted any more.
        """
        self._task.check()
        return super().generate_with_fallback(*args, **options)

    def add_word_timestamps(
        self, segments: Sequence[Sequence[dict[str, Any]]], *args: Any, **options: Any
    ) -> Any:
        """Find the times of words, and leave the segments as they are.

        The library would move the ends of segments to those of words, and where those are wrong
        leave words out, or hear some of the sound twice.
        """
        before = [(one, one["start"], one["end"]) for group in segments for one in group]
        if not before:
            return None
        spoken_until = super().add_word_timestamps(segments, *args, **options)
        for one, start, end in before:
            self._task.words += tuple(map(_spoken_word, one["words"]))
            one |= {"start": start, "end": end, "words": []}
        return spoken_until

    @property
    def words(self) -> Sequence[SpokenWord]:
        """Return the words that were found in this thread, since it began to be ``doing`` it."""
        return self._task.words

    def languages_in(self, samples: Samples) -> Sequence[tuple[str, float]]:
        """Return every language that the model knows, with its probability in ``samples``."""
        features = self.feature_extractor(samples)
        # exactly as `transcribe` will ask: the last window of the spectrogram is left out
        encoded = self.encode(pad_or_trim(features[..., :-1]))
        return [(token[2:-2], p) for token, p in self.model.detect_language(encoded)[0]]


def _spoken_word(word: Mapping[str, Any]) -> SpokenWord:
    start = max(0.0, float(word["start"]))
    return SpokenWord(word["word"], start, max(start, float(word["end"])))


def _always() -> bool:
    return True


class WhisperRunner:
    """A loaded model. Its methods block; as many threads may call them as it has workers."""

    def __init__(self, model: EncodingModel, options: WhisperOptions) -> None:
        self._model = model
        self._options = options
        self.is_multilingual: bool = model.model.is_multilingual

    def transcribe(
        self, samples: Samples, language: str | None, final: bool, is_wanted: IsWanted = _always
    ) -> Transcript:
        """Return the words in ``samples`` (16 kHz mono, -1..1), in ``language`` or the likelier.

        Raises:
            RuntimeError: CTranslate2 failed.
            AbandonedError: it was not ``is_wanted`` any more.
        """
        if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
            return Transcript("", language or "en", confidence=0.0)
        if language is None:
            probabilities = self.language_probabilities(samples, final, is_wanted)
            language = max(probabilities, key=probabilities.__getitem__)
        heard = self._hear(samples, language, final, is_wanted)
        if final and len(samples) < SHORT_SECONDS * SAMPLE_RATE and is_unsure(heard):
            again = self._hear(np.tile(samples, TIMES), language, final, is_wanted)
            return said_once(again) or heard
        return heard

    def _hear(
        self, samples: Samples, language: str, final: bool, is_wanted: IsWanted
    ) -> Transcript:
        samples, windows = _to_look_at(samples, final)
        with self._model.doing(windows, is_wanted):
            segments, _ = self._model.transcribe(
                samples, language=language, **self._how(samples, final)
            )
            return summarise(list(segments), language, self._model.words)

    def language_probabilities(
        self, samples: Samples, final: bool = True, is_wanted: IsWanted = _always
    ) -> Mapping[str, float]:
        """Return how likely ``samples`` are Spanish and English; the two sum to 1.

        All but the share of English counts as Spanish: with short words or unfamiliar voices,
        Whisper gives Spanish's share to related languages, but not that of English.
        """
        if not self.is_multilingual:
            return {"es": 0.0, "en": 1.0}
        if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
            return {"es": 0.5, "en": 0.5}
        is_word, again = final and len(samples) < SHORT_SECONDS * SAMPLE_RATE, 0.0
        if is_word:  # and then the word itself, whose encoding is cached
            again = self._likely_english(np.tile(samples, TIMES), False, is_wanted)
        english = self._likely_english(samples, final, is_wanted)
        if is_word:
            english = probability_of((log_odds(english) + log_odds(again)) / 2 + LEANING)
        return {"es": 1.0 - english, "en": english}

    def _likely_english(self, samples: Samples, final: bool, is_wanted: IsWanted) -> float:
        samples, windows = _to_look_at(samples, final)
        with self._model.doing(windows, is_wanted):
            found = self._model.languages_in(samples)
        return min(1.0, max(0.0, dict(found).get("en", 0.0)))

    def measure(self, name: str, is_over: Callable[[], bool]) -> Speed:
        """Return how fast the model, one of `SHAPES` called ``name``, is; takes some seconds.

        Raises:
            RuntimeError: CTranslate2 failed, or ``is_over`` became true.
        """
        return measure(self._model, name, beam_size=self._options.final_beam_size, is_over=is_over)

    def _how(self, samples: Samples, final: bool) -> dict[str, Any]:
        options = self._options
        most = SHORTEST_TOKENS + TOKENS_PER_SECOND * len(samples) // SAMPLE_RATE
        return {
            "beam_size": options.final_beam_size if final else options.partial_beam_size,
            "temperature": FINAL_TEMPERATURES if final else FINAL_TEMPERATURES[:1],
            "log_prob_threshold": LOWEST_LOG_PROBABILITY,
            "compression_ratio_threshold": HIGHEST_COMPRESSION_RATIO,
            "no_speech_threshold": None,  # whether it was speech is judged later, in one place
            "condition_on_previous_text": False,
            "vad_filter": False,
            "hotwords": options.hotwords,
            "max_new_tokens": None if final else min(most, MOST_TOKENS),
            "word_timestamps": final,
        }


def _to_look_at(samples: Samples, final: bool) -> tuple[Samples, int]:
    """Return ``samples``, padded with silence, and how many windows of them are encoded."""
    if final:
        return samples, ALL_WINDOWS
    padded = np.pad(samples, (0, round(REST_SECONDS * SAMPLE_RATE)))
    windows = len(padded) // WINDOW_SAMPLES // 2 * 2
    return (padded, windows) if windows < ALL_WINDOWS else (samples, ALL_WINDOWS)


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

    ``device`` ``auto`` uses CUDA if it works, otherwise logs why and uses the CPU.

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

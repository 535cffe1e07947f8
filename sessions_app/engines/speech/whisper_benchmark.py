"""A few seconds of measuring how fast a loaded Whisper is."""

import time
from collections.abc import Callable
from typing import Any

import ctranslate2  # type: ignore[import-untyped]
import numpy as np

from sessions_app.engines.speech.whisper_speed import Speed

ROUNDS = 2
"""The shortest time counts: anything else on the machine makes it longer."""
FEW_TOKENS, MANY_TOKENS = 5, 25
END = "<|endoftext|>"
PROMPT = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
WINDOWS = 3000
"""Columns of the spectrogram of thirty seconds."""


def measure(model: Any, name: str, *, beam_size: int, is_over: Callable[[], bool]) -> Speed:
    """Return how fast ``model`` (faster-whisper's, called ``name``) is. Blocks for seconds.

    It transcribes noise, and must produce a fixed number of tokens: the time does not depend on
    what is said.

    Raises:
        RuntimeError: it failed, or ``is_over`` said that the result is not needed any more.
    """
    network = model.model
    noise = np.random.default_rng(0).standard_normal((1, network.n_mels, WINDOWS), np.float32)
    features = ctranslate2.StorageView.from_array(noise)
    end = model.hf_tokenizer.token_to_id(END)
    # neither the end token nor a timestamp is a word
    no_words = list(range(end, model.hf_tokenizer.get_vocab_size()))

    def decode(tokens: int) -> Any:
        return network.generate(
            encoded,
            [PROMPT],
            beam_size=beam_size,
            max_length=2 * tokens,  # half of it is for the prompt
            suppress_blank=False,
            suppress_tokens=no_words,
        )

    encode_seconds, encoded = _shortest(lambda: network.encode(features), is_over)
    few, _ = _shortest(lambda: decode(FEW_TOKENS), is_over)
    many, _ = _shortest(lambda: decode(MANY_TOKENS), is_over)
    token_seconds = max(0.0, many - few) / (MANY_TOKENS - FEW_TOKENS)
    return Speed(name, encode_seconds, token_seconds, network.device == "cuda")


def _shortest(work: Callable[[], Any], is_over: Callable[[], bool]) -> tuple[float, Any]:
    times = []
    for _ in range(ROUNDS):
        if is_over():
            raise RuntimeError("The engine was closed.")
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return min(times), result

"""A real CTranslate2 Whisper, tiny: it always returns one text in one language.

Its decoder is a chain of tokens: the embedding of each is a random direction, in which the output
row of the next one lies; all other weights are nearly 0. So any decoding gives the text, with
log-probabilities near 0, and everything else (mel spectrum, encoder, cross attention, beam search,
rules of timestamps, tokenizer) is the real thing.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import model_spec, whisper_spec  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

Matrix = NDArray[np.float32]

# fmt: off
LANGUAGES = [
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it",
    "id", "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur",
    "hr", "bg", "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn",
    "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si",
    "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo",
    "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln",
    "ha", "ba", "jw", "su",
]
# fmt: on
START, END, TRANSCRIBE, WITHOUT_TIMES = (
    f"<|{name}|>" for name in ("startoftranscript", "endoftext", "transcribe", "notimestamps")
)
MULTILINGUAL_MARK = ""
"""CTranslate2 takes a model for multilingual if its vocabulary holds the empty token."""
TIMES = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
TOLD_AFTER = 60.0
"""The logit of the next token in the chain."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the network; ``SMALL`` has that of OpenAI's small, and is as slow."""

    width: int = 32
    heads: int = 2
    layers: int = 1
    hidden: int = 64
    text_tokens: int = 0
    """The number of text tokens to which its vocabulary is padded."""


SMALL = Shape(768, 12, 12, 3072, 50_256)


def make_whisper(
    directory: Path,
    text: str = "and so my fellow americans ask not",
    language: str = "en",
    *,
    english_only: bool = False,
    shape: Shape = Shape(),
    quantization: str | None = None,
) -> Path:
    """Make a model in ``directory`` that returns ``text``, in ``language``; return it."""
    words = _words(text)
    vocabulary = _Vocabulary(words, shape.text_tokens, english_only)
    chain = _chain(words, language, english_only)
    spec = whisper_spec.WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    _fill(spec, shape, *_weights(vocabulary, chain, shape.width))
    _configure(spec, vocabulary, shape)
    spec.validate()
    spec.optimize(quantization=quantization)
    directory.mkdir(parents=True, exist_ok=True)
    spec.save(str(directory))
    vocabulary.tokenizer(words).save(str(directory / "tokenizer.json"))
    features = {"feature_size": 80, "sampling_rate": 16_000, "hop_length": 160, "n_fft": 400}
    features_path = directory / "preprocessor_config.json"
    features_path.write_text(json.dumps(features | {"chunk_length": 30}), encoding="utf-8")
    return directory


def transcriber(directory: Path) -> str:
    """Return what HABLA_TRANSCRIBER must be for the model in ``directory``."""
    return json.dumps({"BACKEND": "faster-whisper", "OPTIONS": {"model": str(directory)}})


def _byte_characters() -> list[str]:
    """Return the characters that stand for the 256 bytes in byte-level tokens, as GPT-2 has it."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte) if byte in visible else chr(next(spare)) for byte in range(256)]


BYTES = _byte_characters()


def _words(text: str) -> list[str]:
    """Return a token for each word; a repeated word gets spaces to be a new token."""
    words: list[str] = []
    for word in text.split():
        token = "".join(BYTES[byte] for byte in f" {word}".encode())
        while token in words:
            token += BYTES[ord(" ")]
        words.append(token)
    return words


class _Vocabulary:
    """Text tokens, then special ones, then times: the order in which Whisper numbers them."""

    def __init__(self, words: list[str], text_tokens: int, english_only: bool) -> None:
        filling = [f"{BYTES[32]}zz{i}" for i in range(text_tokens - len(BYTES) - len(words))]
        mark = [] if english_only else [MULTILINGUAL_MARK]
        self.text = list(dict.fromkeys([*BYTES, *words, *filling, *mark]))
        self.languages = [] if english_only else [f"<|{name}|>" for name in LANGUAGES[:99]]
        modes = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
        self.special = [END, START, *self.languages, *(f"<|{mode}|>" for mode in modes)]
        self.tokens = [*self.text, *self.special, *TIMES]
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    def tokenizer(self, words: list[str]) -> Tokenizer:
        known = {token: number for number, token in enumerate(self.text)}
        starts = [(word[:end], word[end]) for word in words for end in range(1, len(word))]
        merges = [(a, b) for a, b in dict.fromkeys(starts) if {a, b, a + b} <= known.keys()]
        tokenizer = Tokenizer(models.BPE(vocab=known, merges=merges))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        added = [*self.special, *TIMES]
        tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in added])
        return tokenizer


def _chain(words: list[str], language: str, english_only: bool) -> list[tuple[str, str]]:
    """Return which token follows which, with times around the words and without."""
    end = TIMES[100]
    first, last = (words[0], words[-1]) if words else (END, WITHOUT_TIMES)
    asked = START if english_only else TRANSCRIBE
    chain = [] if english_only else [(START, f"<|{language}|>")]
    chain += [(asked, TIMES[0]), (TIMES[0], first), (WITHOUT_TIMES, first)]
    chain += [*pairwise(words), (end, END)]
    return [*chain, (last, end)] if words else chain


def _weights(
    vocabulary: _Vocabulary, chain: list[tuple[str, str]], width: int
) -> tuple[Matrix, Matrix]:
    """Return the embeddings and the output rows that form the chain."""
    random = np.random.default_rng(0)
    numbers = vocabulary.numbers
    embeddings = _noise(random, len(numbers), width)
    output = np.zeros((len(numbers), width), np.float32)
    for token, following in chain:
        direction = random.standard_normal(width)
        direction -= direction.mean()
        direction /= np.sqrt((direction**2).mean())
        embeddings[numbers[token]] = direction
        output[numbers[following]] += direction * (TOLD_AFTER / width)
    last_word = next((a for a, b in chain if b == TIMES[100]), None)
    if last_word is not None:  # without timestamps, the end follows the last word
        output[numbers[END]] += embeddings[numbers[last_word]] * (TOLD_AFTER * 2 / 3 / width)
    return embeddings, output


def _noise(random: np.random.Generator, *shape: int) -> Matrix:
    return random.standard_normal(shape, np.float32) * np.float32(1e-3)


def _fill(spec: Any, shape: Shape, embeddings: Matrix, output: Matrix) -> None:
    """Give every variable of ``spec`` that has no value one of the right shape."""
    random = np.random.default_rng(1)
    spec.encoder.position_encodings.encodings = _noise(random, 1500, shape.width)
    spec.decoder.position_encodings.encodings = _noise(random, 448, shape.width)

    def visit(layer: Any, path: str, value: object) -> None:
        scope, _, leaf = path.rpartition("/")
        if value is not None:
            return
        if scope == "decoder/embeddings":
            filling = embeddings
        elif scope == "decoder/projection" and leaf == "weight":
            filling = output
        elif leaf == "gamma":
            filling = np.ones(shape.width, np.float32)
        else:
            dimensions = _dimensions(scope, shape)
            is_weight = leaf == "weight"
            filling = _noise(random, *dimensions) if is_weight else _zeros(scope, shape, output)
        setattr(layer, leaf, filling)

    model_spec.visit_spec(spec, visit)


def _zeros(scope: str, shape: Shape, output: Matrix) -> Matrix:
    """Return a bias, or a layer norm's ``beta``."""
    if scope == "decoder/projection":
        return np.zeros(len(output), np.float32)
    return np.zeros(_dimensions(scope, shape)[0], np.float32)


def _dimensions(scope: str, shape: Shape) -> tuple[int, ...]:
    """Return the shape of the weight in ``scope``."""
    width, hidden = shape.width, shape.hidden
    if "attention/linear_" in scope:
        return _attention_rows(scope) * width, width
    ends = {
        "conv1": (width, 80, 3),
        "conv2": (width, width, 3),
        "ffn/linear_0": (hidden, width),
        "ffn/linear_1": (width, hidden),
    }
    return next((size for end, size in ends.items() if scope.endswith(end)), (width,))


def _attention_rows(scope: str) -> int:
    """Return how many projections are joined: all three, or the decoder's two of the encoder."""
    looks_at_encoder = scope.startswith("decoder") and "/attention/" in scope
    joined = {"0": 1, "1": 2, "2": 1} if looks_at_encoder else {"0": 3, "1": 1}
    return joined[scope.rpartition("_")[2]]


def _configure(spec: Any, vocabulary: _Vocabulary, shape: Shape) -> None:
    spec.register_vocabulary(vocabulary.tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [vocabulary.numbers[END]]
    spec.config.lang_ids = [vocabulary.numbers[name] for name in vocabulary.languages]
    spec.config.alignment_heads = [(shape.layers - 1, head) for head in range(shape.heads)]

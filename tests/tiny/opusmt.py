"""A real OPUS-MT model, tiny: a transformer whose weights are a dictionary, so it translates.

Its cross-attention looks at the source piece in the same position, and its output layer is the
dictionary; words it does not know are copied a character at a time. It goes through OPUS-MT's own
converter, SentencePiece and CTranslate2, as the published models do.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ctranslate2  # type: ignore[import-untyped]
import numpy as np
import yaml
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2

Matrix = NDArray[np.float32]
Weights = dict[str, NDArray[Any]]

SPANISH_TO_ENGLISH = {
    "hola": "hello",
    "mundo": "world",
    "buenos": "good",
    "días": "morning",
    "gracias": "thanks",
    "la": "the",
    "casa": "house",
    "es": "is",
    "roja": "red",
    "el": "that",
    "perro": "dog",
    "grande": "big",
    "quiero": "want",
    "agua": "water",
    "sí": "yes",
    "no": "no",
    "Hola": "Hello",
    "La": "The",
    "El": "That",
    "Buenos": "Good",
    "Gracias": "Thanks",
    "Sí": "Yes",
}
FILES = ("config.json", "model.bin", "shared_vocabulary.json", "source.spm", "target.spm")
"""The files in a published model's directory, and in the tiny one."""

SPACE = "\u2581"
CHARACTERS = [SPACE, *map(chr, range(33, 127)), *"áéíóúüñÁÉÍÓÚÜÑ¿¡"]
LONGEST = 64
"""The most pieces of a sentence that it can translate."""


def make_opus_mt(
    directory: Path,
    direction: str = "es-en",
    *,
    words: Mapping[str, str] = SPANISH_TO_ENGLISH,
    quantization: str | None = None,
) -> Path:
    """Make a model of ``direction`` (``es-en`` or ``en-es``) in ``directory``; return it.

    ``words`` is Spanish to English in either direction; of two with the same source the first wins.
    """
    pairs = list(words.items()) if direction == "es-en" else [(b, a) for a, b in words.items()]
    with tempfile.TemporaryDirectory() as scratch:
        original = Path(scratch)
        _write_pieces(original / "source.spm", [source for source, _ in pairs])
        _write_pieces(original / "target.spm", [target for _, target in pairs])
        _write_model(original, {SPACE + a: SPACE + b for a, b in reversed(pairs)})
        converter = ctranslate2.converters.OpusMTConverter(str(original))
        converter.convert(str(directory), quantization=quantization, force=True)
        for name in ("source.spm", "target.spm"):
            shutil.copy(original / name, directory)
    return directory


def _write_pieces(path: Path, words: list[str]) -> None:
    """Write a SentencePiece model of whole words, with single characters to fall back on."""
    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    kind = type(model).SentencePiece
    for piece, type_ in (("<unk>", kind.UNKNOWN), ("<s>", kind.CONTROL), ("</s>", kind.CONTROL)):
        model.pieces.add(piece=piece, score=0, type=type_)
    for word in dict.fromkeys(words):
        model.pieces.add(piece=SPACE + word, score=-1, type=kind.NORMAL)
    for character in CHARACTERS:
        model.pieces.add(piece=character, score=-10, type=kind.NORMAL)
    model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
    model.trainer_spec.vocab_size = len(model.pieces)
    model.normalizer_spec.name = "identity"
    path.write_bytes(model.SerializeToString())


def _write_model(directory: Path, dictionary: Mapping[str, str]) -> None:
    """Write what an OPUS-MT archive holds: weights, vocabulary and the decoder's configuration."""
    words = sorted({*dictionary, *dictionary.values()})
    vocabulary = {piece: i for i, piece in enumerate(["</s>", "<unk>", *CHARACTERS, *words])}
    weights = _weights(vocabulary, dictionary)
    np.savez(directory / "model.npz", **weights)  # type: ignore[arg-type]
    lines = [f'"{_escape(piece)}": {i}\n' for piece, i in vocabulary.items()]
    (directory / "vocab.yml").write_text("".join(lines), encoding="utf-8")
    decoder = {"models": ["model.npz"], "vocabs": ["vocab.yml", "vocab.yml"], "beam-size": 6}
    (directory / "decoder.yml").write_text(yaml.safe_dump(decoder), encoding="utf-8")


def _escape(piece: str) -> str:
    return piece.replace("\\", "\\\\").replace('"', '\\"')


def _weights(vocabulary: Mapping[str, int], dictionary: Mapping[str, str]) -> Weights:
    pieces = len(vocabulary)
    size = -(-(pieces + LONGEST) // 16) * 16
    token, place = np.arange(pieces), np.arange(LONGEST)
    embedding, positions = _zeros(pieces, size), _zeros(LONGEST, size)
    embedding[token, token] = size**-0.5  # CTranslate2 multiplies by the square root of the size
    positions[place, pieces + place] = 1
    by_place, by_token = _zeros(size, size), _zeros(size, size)
    by_place[pieces + place, place] = 8
    by_token[token, token] = 8
    blind = [_zeros(size, size)] * 4
    looking = [by_place, by_place, by_token, np.eye(size, dtype=np.float32)]
    return {
        "encoder_Wemb": embedding,
        "decoder_Wemb": _zeros(pieces, size),  # it ignores its output so far
        "Wpos": positions,
        **_attention("encoder_l1_self", blind),
        **_attention("decoder_l1_self", blind),
        **_attention("decoder_l1_context", looking),
        **_feed_forward("encoder_l1_ffn", size),
        **_feed_forward("decoder_l1_ffn", size),
        "decoder_ff_logit_out_W": _output(vocabulary, dictionary, size),
        "decoder_ff_logit_out_b": _zeros(1, pieces),
        "special:model.yml": _configuration(size, pieces),
    }


def _zeros(*shape: int) -> Matrix:
    return np.zeros(shape, np.float32)


def _attention(name: str, matrices: list[Matrix]) -> Weights:
    size = len(matrices[0])
    weights: Weights = dict(_normalising(f"{name}_Wo", size))
    for part, matrix in zip("qkvo", matrices, strict=True):
        weights |= {f"{name}_W{part}": matrix, f"{name}_b{part}": _zeros(1, size)}
    return weights


def _feed_forward(name: str, size: int, hidden: int = 16) -> Weights:
    return {
        f"{name}_W1": _zeros(size, hidden),
        f"{name}_b1": _zeros(1, hidden),
        f"{name}_W2": _zeros(hidden, size),
        f"{name}_b2": _zeros(1, size),
        **_normalising(f"{name}_ffn", size),
    }


def _normalising(name: str, size: int) -> Weights:
    return {f"{name}_ln_scale": _zeros(1, size) + 1, f"{name}_ln_bias": _zeros(1, size)}


def _output(vocabulary: Mapping[str, int], dictionary: Mapping[str, str], size: int) -> Matrix:
    output = _zeros(size, len(vocabulary))
    for piece, i in vocabulary.items():
        output[i, vocabulary[dictionary.get(piece, piece)]] = 4
    return output


def _configuration(size: int, pieces: int) -> NDArray[np.int8]:
    """Return Marian's own description of the network, as it lies among the weights."""
    text = yaml.safe_dump(
        {
            "type": "transformer",
            "transformer-decoder-autoreg": "self-attention",
            "transformer-no-projection": False,
            "transformer-ffn-activation": "swish",
            "transformer-preprocess": "",
            "transformer-postprocess": "dan",
            "transformer-postprocess-emb": "d",
            "transformer-postprocess-top": "",
            "transformer-guided-alignment-layer": "last",
            "transformer-heads": 1,
            "enc-depth": 1,
            "dec-depth": 1,
            "dim-emb": size,
            "dim-vocabs": [pieces, pieces],
        }
    )
    return np.frombuffer(text.encode() + b"\0", np.int8)

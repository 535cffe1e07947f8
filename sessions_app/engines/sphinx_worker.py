"""The process in which pocketsphinx runs, since it holds the interpreter while it listens.

Told on standard input, answered on standard output, in messages of a length (4 bytes, big-endian)
and that many bytes. It first says that it is ready; then it takes ``F`` (final) or ``P`` (partial)
and 16 kHz mono s16le PCM, and answers JSON: ``{"words": [[word, posterior], ...]}``, or
``{"error": ...}`` and goes on. It ends when its input does, or with the process that started it.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import pocketsphinx  # type: ignore[import-untyped]

from sessions_app.audio import SAMPLE_RATE, count_samples, to_seconds
from sessions_app.engines.denoising import clarity, denoise

LENGTH = struct.Struct(">I")
OPTIONS = {"maxhmmpf": 6000, "maxwpf": 15, "pl_window": 10}
"""They save a fifth of the time, and cost nothing that could be measured."""
CLEAN_DECIBELS = 35.0
"""Speech that stands this far above its noise is heard as it is."""
NOISY_DECIBELS = 22.0
"""Below this it is heard without its noise."""
FINAL = ord("F")
SHORTEST_SECONDS = 0.1
"""No word is shorter, and pocketsphinx breaks at less than a window."""
PR_SET_PDEATHSIG = 1

Words = list[tuple[str, float]]


def main() -> None:
    """Listen to what comes until nothing more comes."""
    parent = os.getppid()
    _end_with_parent(parent)
    questions, answers = _take_channels()
    try:
        decoder = pocketsphinx.Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", **OPTIONS)
    except (RuntimeError, ValueError, OSError) as error:
        _say(answers, {"error": str(error)})
        return
    _say(answers, {"ready": True})
    for message in _messages(questions):
        _say(answers, _answer(decoder, message))


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be said
            sys.exit(1)


def _take_channels() -> tuple[BinaryIO, BinaryIO]:
    """Return both channels; what a library prints now goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers


def _messages(questions: BinaryIO) -> Iterator[bytes]:
    while len(header := questions.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(header)
        message = questions.read(length)
        if len(message) < length:
            return
        yield message


def _say(answers: BinaryIO, answer: dict[str, Any]) -> None:
    message = json.dumps(answer).encode()
    answers.write(LENGTH.pack(len(message)) + message)
    answers.flush()


def _answer(decoder: Any, message: bytes) -> dict[str, Any]:
    try:
        return {"words": _hear(decoder, message[1:], final=message[0] == FINAL)}
    except (RuntimeError, ValueError) as error:
        return {"error": str(error)}


def _hear(decoder: Any, pcm: bytes, *, final: bool) -> Words:
    """Return the words in ``pcm``, each with its posterior probability.

    A filter helps where there is much noise and may harm where there is little. In between, a
    final is heard with and without it, and what was heard more surely counts.
    """
    if to_seconds(count_samples(pcm)) < SHORTEST_SECONDS:
        return []
    clear = clarity(pcm)
    if clear < NOISY_DECIBELS:
        return _decode(decoder, denoise(pcm, firmly=True))
    if clear >= CLEAN_DECIBELS or not final:
        return _decode(decoder, pcm)
    filtered = denoise(pcm, firmly=False)
    return max(_decode(decoder, pcm), _decode(decoder, filtered), key=certainty)


def _decode(decoder: Any, pcm: bytes) -> Words:
    # nothing carries over: the next piece may be another voice at another microphone
    decoder.reinit_feat()
    decoder.start_utt()
    # given whole, its own cepstral mean is taken, not that of what was heard before
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    heard = decoder.seg() if decoder.hyp() else None
    # <sil> and [NOISE] are no words; the number in the(2) is that of a pronunciation
    return [(s.word.split("(")[0], s.prob) for s in heard or () if s.word[0] not in "<[+"]


def certainty(words: Words) -> float:
    """Return the mean posterior probability of ``words``; 0 if there are none."""
    return sum(posterior for _, posterior in words) / len(words) if words else 0.0


if __name__ == "__main__":
    main()

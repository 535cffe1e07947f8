"""Mutated headers of live streams, and a process that decodes them within a decoder's bounds.

`python -m tests.fuzz.headers ENCODING SEED COUNT` prints the outcome as JSON.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import DecodeError
from sessions_app.engines.base import Decoder
from sessions_app.engines.containers.guards import GUARDS
from sessions_app.engines.decoding.decoders import CONTAINERS, open_decoder
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder
from sessions_app.engines.decoding.worker import ExpansionAllowance, give_way
from tests.engines.bombs import BOMBS, SOUND
from tests.engines.boxes import description
from tests.engines.hearing import STREAMS, decode

HEADER_BYTES = 1200
STREAM_BYTES = 5000
GARBAGE_EVERY = 50
"""Streams between two garbage collections: garbage holds libav's threads, with 8 MB of stack each,
while a real decoder's process has one stream only."""
ODD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 50_000_000)


@dataclass(slots=True)
class Outcome:
    """How many mutated headers were decoded, and how many refused by what."""

    heard: int = 0
    refused_by_guard: int = 0
    refused_behind: int = 0
    """Refused by libav, or by the parser of WebM, after the guard had let them through."""
    longest_seconds: float = 0.0
    megabytes: int = 0

    @property
    def count(self) -> int:
        """Return how many were decoded or refused."""
        return self.heard + self.refused_by_guard + self.refused_behind

    def plus(self, other: "Outcome") -> "Outcome":
        """Return the sum of this outcome and ``other``."""
        return Outcome(
            self.heard + other.heard,
            self.refused_by_guard + other.refused_by_guard,
            self.refused_behind + other.refused_behind,
            max(self.longest_seconds, other.longest_seconds),
            max(self.megabytes, other.megabytes),
        )


def mutated(encoding: Encoding, seed: int) -> Iterator[bytes]:
    """Yield streams with damaged headers for ever, the same ones for the same seed."""
    chance = random.Random(seed)
    whole = [STREAMS[encoding][:STREAM_BYTES], *BOMBS[encoding].values()]
    if encoding is Encoding.MP4_AAC:
        whole += [description() + SOUND] * 10
    whole += [STREAMS[encoding][:STREAM_BYTES]] * len(whole)
    while True:
        stream = bytearray(chance.choice(whole)[:STREAM_BYTES])
        for _ in range(chance.randint(1, 6)):
            _damage(stream, chance)
        yield bytes(stream)


def _damage(stream: bytearray, chance: random.Random) -> None:
    place = chance.randrange(min(len(stream), HEADER_BYTES) or 1)
    length = chance.choice((1, 2, 4, 8))
    match chance.randrange(5):
        case 0:
            stream[place : place + 1] = bytes([chance.randrange(256)])
        case 1:
            odd = chance.choice(ODD) & (1 << 8 * length) - 1
            stream[place : place + length] = odd.to_bytes(length, "big")
        case 2:
            del stream[place : place + chance.randint(1, 40)]
        case 3:
            end = place + chance.randint(1, 200)
            stream[place:place] = stream[place:end] * chance.choice((1, 2, 8))
        case _:
            other = chance.randrange(min(len(stream), HEADER_BYTES) or 1)
            stream[place : place + 16] = stream[other : other + 16]


def try_all(encoding: Encoding, seed: int, count: int) -> Outcome:
    """Decode ``count`` mutated streams, as a decoder's process would."""
    ExpansionAllowance().receive(STREAM_BYTES)
    outcome = Outcome()
    for number, stream in zip(range(count), mutated(encoding, seed), strict=False):
        if number % GARBAGE_EVERY == 0:
            gc.collect()
        began_at = time.monotonic()
        verdict = _try(encoding, stream)
        setattr(outcome, verdict, getattr(outcome, verdict) + 1)
        outcome.longest_seconds = max(outcome.longest_seconds, time.monotonic() - began_at)
    outcome.megabytes = _peak_megabytes()
    return outcome


def _peak_megabytes() -> int:
    """Return the peak of this program; that of `getrusage` includes the process before it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _try(encoding: Encoding, stream: bytes) -> str:
    container = CONTAINERS[encoding]
    decoders: list[Decoder] = [PyAVDecoder(container)]
    if encoding is Encoding.WEBM_OPUS:  # normally decoded without libav
        decoders.append(open_decoder(encoding))
    verdict = "heard"
    for decoder in decoders:
        try:
            with closing(decoder):
                decode(decoder, stream)
                with suppress(DecodeError):  # the stream was cut, so its end is missing
                    decoder.flush()
        except DecodeError:
            verdict = "refused_behind"
    try:
        GUARDS[container]().take(stream)
    except DecodeError:
        return "refused_by_guard"
    return verdict


if __name__ == "__main__":
    encoding_, seed_, count_ = sys.argv[1:]
    give_way()
    sys.stdout.write(json.dumps(asdict(try_all(Encoding(encoding_), int(seed_), int(count_)))))

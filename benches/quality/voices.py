"""Voices told apart: four people's sentences, mixed, given to voices by the real encoder.

The sounds of Asterisk in Canadian French, Italian, Russian and Mexican Spanish (Debian's packages
asterisk-core-sounds-fr-g722, -it-g722, -ru-g722 and -es-g722, CC-BY-SA). No language is told to
whatever tells them apart.
"""

import asyncio
import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benches.quality.cache import UnavailableError, cache
from benches.quality.debian import unpacked
from benches.quality.figures import Measured
from benches.quality.speech import decoded, voiced
from benches.quality.weights import WEIGHTS_VARIABLE
from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, count_samples, to_seconds
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import downloads
from sessions_app.engines.models.given_models import VARIABLE
from sessions_app.engines.voices.ge2e import MODEL, Ge2eEncoder
from sessions_app.pipeline.voices.clustering import Voices

Floats = npt.NDArray[np.float32]

PEOPLE = ("fr", "it", "ru", "es")
SECONDS = (1.0, 9.0)
SENTENCES = 40
"""Of each person."""
CONVERSATIONS = 25
"""Of each number of people."""
TURNS = (1, 1, 2, 3)
"""How many sentences somebody says in a row, one as likely as the other."""
SILENCE_BEFORE, SILENCE_AFTER = 0.3, 0.6
"""What an utterance has at its ends when it comes out of a microphone, in seconds."""
ROOM_NOISE = 15.0
"""The amplitude of that silence, as a standard deviation."""
FORM = "voices"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of somebody: its voice print, and how long it is with its silence."""

    person: str
    voice_print: Floats
    seconds: float


async def encoder() -> Ge2eEncoder:
    """Return the encoder, its weights downloaded if need be and verified by digests.

    Raises:
        UnavailableError: no source has them.
    """
    given = os.environ.get(WEIGHTS_VARIABLE)
    models = cache() / "models"
    try:
        await downloads.download(MODEL, models, models_from=Path(given) if given else None)
        made = Ge2eEncoder(models_dir=models)
        await made.load()
    except EngineUnavailableError as error:
        raise UnavailableError(str(error).replace(VARIABLE, WEIGHTS_VARIABLE)) from error
    return made


def sounds(count: int = SENTENCES) -> dict[str, list[bytes]]:
    """Return ``count`` sentences of each person, as they come out of a microphone.

    Raises:
        UnavailableError: the packages cannot be had.
    """
    return {person: list(_sentences(person, count)) for person in PEOPLE}


def _sentences(person: str, count: int) -> Iterator[bytes]:
    directory = unpacked(f"asterisk-core-sounds-{person}-g722")
    files = [path for path in directory.rglob("*.g722") if not path.is_symlink()]
    files.sort(key=lambda path: hashlib.sha256(path.name.encode()).digest())
    noise = np.random.default_rng(1)
    seen: set[bytes] = set()
    for path in files:
        pcm = decoded(path)
        first, last = voiced(pcm)
        voice = pcm[first * SAMPLE_BYTES : (last + 1) * SAMPLE_BYTES]
        if voice in seen or not SECONDS[0] <= to_seconds(count_samples(voice)) <= SECONDS[1]:
            continue
        seen.add(voice)
        yield _silence(SILENCE_BEFORE, noise) + voice + _silence(SILENCE_AFTER, noise)
        if len(seen) == count:
            return
    raise UnavailableError(f"asterisk-core-sounds-{person}-g722 holds other files than it did.")


def _silence(seconds: float, noise: np.random.Generator) -> bytes:
    return noise.normal(0, ROOM_NOISE, int(seconds * SAMPLE_RATE)).astype("<i2").tobytes()


async def measure(sentences: int = SENTENCES) -> list[Measured]:
    """Return how well voices are told apart, and what that costs."""
    model = await encoder()
    spoken = await asyncio.to_thread(sounds, sentences)
    began_at, seconds = time.process_time(), 0.0
    said: dict[str, list[Sentence]] = {}
    for person, clips in spoken.items():
        said[person] = [_heard(model, person, pcm) for pcm in clips]
        seconds += sum(one.seconds for one in said[person])
    cost = 1000 * (time.process_time() - began_at) / seconds
    pairs, known = error_rates(said)
    return [
        Measured("CPU for a second of speech", cost, "ms", 18.0),
        Measured("equal error rate, two sentences", 100 * pairs, "%", 1.5),
        Measured("equal error rate, a sentence and a voice", 100 * known, "%", 1.0),
        *(figure for people in (1, 2, 3, 4) for figure in _told_apart(said, people)),
    ]


def _heard(model: Ge2eEncoder, person: str, pcm: bytes) -> Sentence:
    return Sentence(person, model.embed(pcm), to_seconds(count_samples(pcm)))


def error_rates(said: dict[str, list[Sentence]]) -> tuple[float, float]:
    """Return the equal error rates: of a sentence with a sentence, and with all others of one."""
    same: list[float] = []
    other: list[float] = []
    own: list[float] = []
    foreign: list[float] = []
    prints = {person: np.stack([one.voice_print for one in all_]) for person, all_ in said.items()}
    for person, rows in prints.items():
        likeness = rows @ rows.T
        same += likeness[np.triu_indices(len(rows), 1)].tolist()
        rest = rows.sum(axis=0) - rows
        own += (np.sum(rows * rest, axis=1) / np.linalg.norm(rest, axis=1)).tolist()
        for another, columns in prints.items():
            if another != person:
                other += (rows @ columns.T).ravel().tolist()
                whole = columns.sum(axis=0)
                foreign += (rows @ (whole / np.linalg.norm(whole))).tolist()
    return equal_error_rate(same, other), equal_error_rate(own, foreign)


def equal_error_rate(same: Sequence[float], other: Sequence[float]) -> float:
    """Return the share of errors at the threshold where both kinds are as frequent."""
    alike, unlike = np.sort(same), np.sort(other)
    thresholds = np.concatenate([alike, unlike])
    missed = np.searchsorted(alike, thresholds) / len(alike)
    taken = 1 - np.searchsorted(unlike, thresholds) / len(unlike)
    best = int(np.argmin(np.abs(missed - taken)))
    return float(missed[best] + taken[best]) / 2


def _told_apart(said: dict[str, list[Sentence]], people: int) -> list[Measured]:
    mix = random.Random(people)
    purities: list[float] = []
    extras: list[int] = []
    for _ in range(CONVERSATIONS):
        spoken = conversation(said, people, mix)
        voices = Voices()
        told = [voices.place(one.voice_print, one.seconds).number for one in spoken]
        purities.append(purity([one.person for one in spoken], told))
        extras.append(len(set(told)) - people)
    name = f"{people} {'person' if people == 1 else 'people'}"
    most = max(extras)
    return [
        Measured(f"{name}: purity", float(np.mean(purities)), "", 0.02, more_is_better=True),
        Measured(f"{name}: purity of the worst conversation", min(purities)),
        Measured(f"{name}: voices too many, at most", float(max(0, most)), "", 0.0),
        Measured(f"{name}: conversations that lack a voice", float(sum(x < 0 for x in extras))),
    ]


def conversation(
    said: dict[str, list[Sentence]], people: int, mix: random.Random
) -> list[Sentence]:
    """Return a conversation of so many people, who take turns, of SENTENCES sentences at most."""
    left = {person: mix.sample(said[person], len(said[person])) for person in said}
    who = mix.sample(sorted(said), people)
    spoken: list[Sentence] = []
    now = who[0]
    while len(spoken) < SENTENCES:
        turn = mix.choice(TURNS)
        spoken += [left[now].pop() for _ in range(min(turn, len(left[now])))]
        others = [person for person in who if left[person] and (person != now or people == 1)]
        if not others:
            break
        now = mix.choice(others)
    return spoken[:SENTENCES]


def purity(people: Sequence[str], told: Sequence[int]) -> float:
    """Return the share of sentences that belong to whoever their voice belongs to mostly."""
    by_voice: dict[int, Counter[str]] = {}
    for person, voice in zip(people, told, strict=True):
        by_voice.setdefault(voice, Counter())[person] += 1
    return sum(max(counts.values()) for counts in by_voice.values()) / len(people)

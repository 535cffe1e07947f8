"""Real people's speech and what they say: the sounds of Asterisk, Mexican Spanish and US English.

Debian's packages asterisk-core-sounds-es-g722 and -en-g722 hold the sounds, -es and -en the texts;
all are CC-BY-SA.
"""

import functools
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from benches.quality.cache import UnavailableError
from benches.quality.debian import unpacked
from sessions_app.core.audio import SAMPLE_BYTES

VOICES = {"es": "es_MX_f_Allison", "en": "en_US_f_Allison"}
BYTES_PER_SECOND = 8_000
"""The sample rate of G.722."""
LOUD = 400
"""The amplitude from which a sample counts as voice; the noise of the clips is below it."""
SILENT_MARKS = "[(<"
"""Marks, in the texts, what is not speech, or not only speech."""
SENTENCE_SECONDS = (1.5, 9.0)
SENTENCE_WORDS = 3
WORD_LETTERS = 3
WORD_SECONDS = (0.5, 2.5)


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of something said, with its text."""

    language: str
    key: str
    text: str
    path: Path

    @property
    def pcm(self) -> bytes:
        """Return its sound, 16 kHz mono s16le."""
        return decoded(self.path)

    @property
    def seconds(self) -> float:
        """Return how long it is, including the silence at its ends."""
        return self.path.stat().st_size / BYTES_PER_SECOND

    @property
    def voice(self) -> bytes:
        """Return its sound from the first sound of the voice to the last."""
        first, last = voiced(self.pcm)
        return self.pcm[first * SAMPLE_BYTES : (last + 1) * SAMPLE_BYTES]


@functools.cache
def clips(language: str) -> tuple[Clip, ...]:
    """Return all clips in ``language``, in an arbitrary order that never changes.

    Raises:
        UnavailableError: the packages cannot be had.
    """
    texts = unpacked(f"asterisk-core-sounds-{language}")
    sounds = unpacked(f"asterisk-core-sounds-{language}-g722")
    name = f"asterisk-core-sounds-{language}"
    path = texts / "usr/share/doc" / name / f"core-sounds-{language}.txt.gz"
    directory = sounds / "usr/share/asterisk/sounds" / VOICES[language]
    if not path.is_file() or not directory.is_dir():
        raise UnavailableError(f"{name} holds other files than it did in Debian 12.")
    found = [
        Clip(language, key, text, file)
        for key, text in _texts(path)
        if (file := directory / f"{key}.g722").is_file()
    ]
    # by a digest: clips added by another release leave the rest in order
    return tuple(sorted(found, key=lambda clip: hashlib.sha256(clip.key.encode()).digest()))


def sentences(language: str, count: int) -> list[Clip]:
    """Return ``count`` clips of a few words and seconds."""
    shortest, longest = SENTENCE_SECONDS
    found = [
        clip
        for clip in clips(language)
        if shortest <= clip.seconds <= longest and len(clip.text.split()) >= SENTENCE_WORDS
    ]
    return found[:count]


def single_words(language: str, count: int) -> list[Clip]:
    """Return ``count`` clips of one word each; names of letters do not count.

    Nor do words that both voices say ("India", "SIP", "alfa"), whose language nobody can tell. A
    recording that exists under two names counts once.
    """
    both = set.intersection(*({_sounded(clip) for clip in _words(one)} for one in VOICES))
    found = {
        clip.path.read_bytes(): clip
        for clip in reversed(_words(language))  # the first of several equal ones stays
        if _sounded(clip) not in both
    }
    return list(reversed(found.values()))[:count]


def _words(language: str) -> list[Clip]:
    shortest, longest = WORD_SECONDS
    return [
        clip
        for clip in clips(language)
        if shortest <= clip.seconds <= longest
        and len(clip.text) >= WORD_LETTERS
        and clip.text.strip(".").isalpha()
    ]


def _sounded(clip: Clip) -> str:
    """Return a word in a spelling in which words that sound alike in both languages are equal."""
    return clip.text.strip(".").casefold().replace("ph", "f")


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    for line in gzip.decompress(path.read_bytes()).decode(errors="replace").splitlines():
        key, colon, text = line.partition(":")
        if colon and text.strip() and not line.startswith(";") and not set(text) & {*SILENT_MARKS}:
            yield key.strip(), text.strip()


@functools.lru_cache(maxsize=512)
def decoded(path: Path) -> bytes:
    """Return the sound of a file of G.722, 16 kHz mono s16le."""
    with av.open(str(path), format="g722") as container:
        frames = list(container.decode(audio=0))
    return b"".join(bytes(frame.planes[0])[: SAMPLE_BYTES * frame.samples] for frame in frames)


def voiced(pcm: bytes) -> tuple[int, int]:
    """Return the first and the last sample of the voice."""
    loud = np.nonzero(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) > LOUD)[0]
    return (int(loud[0]), int(loud[-1])) if len(loud) else (0, len(pcm) // SAMPLE_BYTES - 1)

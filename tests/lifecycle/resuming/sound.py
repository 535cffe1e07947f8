"""Numbered sentences, and the streams that hold them, in every encoding."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, Encoding
from sessions_app.engines.fake import ENGLISH, SPANISH
from tests.engines.streams import encode
from tests.sounds import say, silence

WORDS = 4
PAUSE_SECONDS = 0.75
"""The silence behind a sentence, longer than what ends a segment."""
CHUNK_SECONDS = 0.25
BEGINNINGS = {
    Encoding.WEBM_OPUS: re.compile(rb"\x1f\x43\xb6\x75"),
    Encoding.OGG_OPUS: re.compile(rb"OggS\x00[\x00\x04]"),
    Encoding.MP4_AAC: re.compile(rb"(?s).{4}moof"),
}
"""What a cluster, page or fragment begins with."""
HEADER_PAGES = 1
"""Pages of Ogg between the first and those with sound (RFC 7845)."""
SHORT_CLUSTERS = {Encoding.WEBM_OPUS: {"cluster_time_limit": "100"}}


def sentence(number: int) -> str:
    """Return the words that stand for a number; no two neighbours are the same."""
    words, last = [], 0
    for _ in range(WORDS):
        number, digit = divmod(number, len(SPANISH) - 1)
        last = (last + 1 + digit) % len(SPANISH)
        words.append(SPANISH[last])
    return " ".join(words)


def translated(text: str) -> str:
    """Return what the fake translator makes of a sentence."""
    pairs = dict(zip(SPANISH, ENGLISH, strict=True))
    return " ".join(pairs[word] for word in text.split())


def spoken(sentences: Sequence[str]) -> bytes:
    """Return the sentences as PCM, with a pause behind each."""
    return b"".join(say(text) + silence(PAUSE_SECONDS) for text in sentences)


@dataclass(frozen=True, slots=True)
class Container:
    """What a client knows of one stream: where it may be cut, if it has to begin again."""

    encoding: Encoding
    header: bytes = b""
    """What every stream of this recorder begins with; empty for PCM."""
    cuts: tuple[int, ...] = ()
    """Where whole clusters, pages or fragments begin; of PCM that is every byte."""

    def next_cut(self, place: int) -> int:
        """Return the first place from ``place`` on where the stream may be cut."""
        if self.encoding is Encoding.PCM_S16LE:
            return place
        return next((cut for cut in self.cuts if cut >= place), place)

    def after(self, cut: int) -> "Container":
        """Return what there is to know of the stream that begins again at ``cut``."""
        moved = len(self.header) - cut
        cuts = tuple(place + moved for place in self.cuts if place >= cut)
        return Container(self.encoding, self.header, cuts)


@dataclass(frozen=True, slots=True)
class Stream:
    """The sound of one listening period, as a recorder makes it."""

    container: Container
    data: bytes
    seconds: float

    def pieces(self) -> Iterator[bytes]:
        """Yield it in pieces of about CHUNK_SECONDS, each of whole clusters, pages or fragments.

        That is how recorders give it.
        """
        if not self.container.cuts:
            yield from self.chunks()
            return
        start, seconds = 0, 0.0
        each = self.seconds / max(1, len(self.container.cuts))
        for cut in self.container.cuts[1:]:
            seconds += each
            if seconds >= CHUNK_SECONDS:
                yield self.data[start:cut]
                start, seconds = cut, 0.0
        yield self.data[start:]

    def chunks(self) -> Iterator[bytes]:
        """Yield it in pieces of about CHUNK_SECONDS, cut anywhere."""
        count = max(1, round(self.seconds / CHUNK_SECONDS))
        size = -(-len(self.data) // count)
        size += size % SAMPLE_BYTES
        for start in range(0, len(self.data), size):
            yield self.data[start : start + size]


def stream_of(sentences: Sequence[str], encoding: Encoding) -> Stream:
    """Return the stream in which somebody says the sentences."""
    pcm = spoken(sentences)
    seconds = len(pcm) / SAMPLE_BYTES / SAMPLE_RATE
    if encoding is Encoding.PCM_S16LE:
        return Stream(Container(encoding), pcm, seconds)
    data = encode(pcm, encoding, options=SHORT_CLUSTERS.get(encoding))
    return Stream(_container(data, encoding), data, seconds)


def _container(data: bytes, encoding: Encoding) -> Container:
    beginnings = [found.start() for found in BEGINNINGS[encoding].finditer(data)]
    if encoding is Encoding.OGG_OPUS:
        del beginnings[:HEADER_PAGES]
    return Container(encoding, data[: beginnings[0]], tuple(beginnings))

"""Cutting what was said into the cues of subtitles, of two lines each; pure functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil
from textwrap import TextWrapper

LINE_CHARACTERS = 42
"""Longest line of a subtitle, as broadcasters recommend."""
CUE_LINES = 2
SHORTEST_MS = 833
"""Shortest time that a cue is shown if the next one follows at once: 5/6 s."""
SPOKEN_MS = 700
"""Shortest time that a cue is shown that took less time to say: one word, such as “sí”."""
TYPED_MS = 2_000
"""Shortest time that a cue is shown that took no time to say: typed text."""
CHARACTERS_A_SECOND = 17
"""Reading speed for subtitles."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Something that was said, with its translation, of any length."""

    start_seconds: float
    end_seconds: float
    """If not after its beginning, it took no time, and is shown as long as it takes to read."""
    texts: tuple[str, ...]
    """One or two, each of one line."""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at one time."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    """One or two, of LINE_CHARACTERS at most."""
    voice: str = ""


def cues_of(captions: Iterable[Caption]) -> Iterator[Cue]:
    """Yield the cues of ``captions``, which are in the order of their beginnings.

    None begins before the last one ended: a caption that is still being said when the next begins
    is shortened, and if that leaves too little time to read it, the next one is delayed. A long one
    is cut into several cues, each shown for its share of the time, at least for SHORTEST_MS.
    """
    end_ms = 0
    for caption, following in pairwise(chain(captions, [None])):
        if caption is None:
            continue
        pages = _pages(caption.texts)
        start_ms = max(_to_ms(caption.start_seconds), end_ms)
        end_ms = _end_ms(caption, start_ms, len(pages), following)
        yield from _shared(pages, start_ms, end_ms, caption.voice)


def _end_ms(caption: Caption, start_ms: int, pages: int, following: Caption | None) -> int:
    own_ms = _to_ms(caption.end_seconds) - _to_ms(caption.start_seconds)
    least_ms = SHORTEST_MS * pages
    if own_ms > 0:
        end_ms = _to_ms(caption.end_seconds)
        if pages == 1:
            least_ms = min(max(own_ms, SPOKEN_MS), SHORTEST_MS)
    else:
        end_ms = start_ms + max(TYPED_MS, _reading_ms(caption.texts))
    if following is not None:
        end_ms = min(end_ms, _to_ms(following.start_seconds))
    return max(end_ms, start_ms + least_ms)


def _reading_ms(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0) * 1000 // CHARACTERS_A_SECOND


def _shared(pages: list[tuple[str, ...]], start_ms: int, end_ms: int, voice: str) -> Iterator[Cue]:
    """Yield a cue for each page, shown for its share of the time, by its number of letters.

    A page of few letters is shown for SHORTEST_MS all the same; there is that much for each.
    """
    letters = [sum(map(len, page)) for page in pages]
    begin_ms, so_far = start_ms, 0
    for number, page in enumerate(pages, start=1):
        so_far += letters[number - 1]
        until_ms = start_ms + (end_ms - start_ms) * so_far // sum(letters)
        until_ms = max(until_ms, begin_ms + SHORTEST_MS)
        until_ms = min(until_ms, end_ms - SHORTEST_MS * (len(pages) - number))
        yield Cue(begin_ms, until_ms, page, voice)
        begin_ms = until_ms


def _pages(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the lines of each cue that are needed to show ``texts`` at the same time."""
    shown = [text for text in texts if text] or ["…"]
    count = max(len(_wrapped(text, LINE_CHARACTERS)) for text in shown)
    if len(shown) == 1:
        lines = _spread(shown[0], count)
        return [tuple(lines[at : at + CUE_LINES]) for at in range(0, len(lines), CUE_LINES)]
    columns = [_spread(text, count) for text in shown[:CUE_LINES]]
    # a text with fewer parts stays while the other goes on
    return [tuple(lines[at * len(lines) // count] for lines in columns) for at in range(count)]


def _spread(text: str, count: int) -> list[str]:
    """Return ``text`` in ``count`` lines of about equal length, or fewer if it has fewer words."""
    longest = max(map(len, text.split()), default=1)
    narrowest = min(max(longest, ceil(len(text) / count)), LINE_CHARACTERS)
    for width in range(narrowest, LINE_CHARACTERS):
        if len(lines := _wrapped(text, width)) <= count:
            return lines
    return _wrapped(text, LINE_CHARACTERS)


def _wrapped(text: str, width: int) -> list[str]:
    return TextWrapper(width, break_on_hyphens=False).wrap(text) or ["…"]


def _to_ms(seconds: float) -> int:
    return round(seconds * 1000)

"""Apertium's stream as words: read, changed by pure functions, and written again.

A reading is a lemma with its tags: ``meter<vblex><ifi><p3><sg>``, sometimes with a tail:
``be<vblex><pres># hungry``. https://wiki.apertium.org/wiki/Stream_format
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_TOKEN = re.compile(r"\^((?:\\.|[^$\\])*)\$|\[~([^\]]*)\]|((?:\\.|[^\[\^\\])+|.)", re.DOTALL)
_SLASH = re.compile(r"(?<!\\)/")
_READING = re.compile(r"((?:\\.|[^<\\])*)((?:<[^>]*>)*)(.*)", re.DOTALL)
_TAG = re.compile(r"<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, with the blanks and the marks before it."""

    parts: tuple[str, ...]
    """The word and its readings; a reading and its translations; or one form to be made."""
    blank: str = " "
    marks: str = ""
    """One character each, see ``draft``."""

    @property
    def surface(self) -> str:
        """Return the word as it is written, or the reading of the source."""
        return self.parts[0]

    @property
    def target(self) -> str:
        """Return the last part: the translation that was chosen, or the only form."""
        return self.parts[1] if len(self.parts) > 1 else self.parts[0]

    def has(self, *tags: str) -> bool:
        """Return whether the first part has all these tags."""
        return set(tags) <= set(tags_of(self.parts[0]))

    def may_be(self, *tags: str) -> bool:
        """Return whether one of the readings has all these tags."""
        return any(set(tags) <= set(tags_of(part)) for part in self.parts[1:])

    @property
    def lemma(self) -> str:
        """Return the lemma of the first part, in lower case."""
        return lemma_of(self.parts[0])

    def only(self, *tags: str) -> "Unit":
        """Return it with those readings alone that have all these tags; all, if none has."""
        kept = tuple(part for part in self.parts[1:] if set(tags) <= set(tags_of(part)))
        return replace(self, parts=(self.surface, *kept)) if kept else self

    def without(self, *tags: str) -> "Unit":
        """Return it without the readings that have all these tags; unchanged, if all have."""
        kept = tuple(part for part in self.parts[1:] if not set(tags) <= set(tags_of(part)))
        return replace(self, parts=(self.surface, *kept)) if kept else self


def word(reading: str, target: str | None = None, *, blank: str = " ") -> Unit:
    """Return a new word; without ``target`` it is one form that is to be made."""
    return Unit((reading,) if target is None else (reading, target), blank)


def split_reading(reading: str) -> tuple[str, str, str]:
    """Return lemma, tags and tail of a reading: ``Be``, ``<vblex><pres>``, ``# hungry``."""
    match = _READING.match(reading)
    return (match[1], match[2], match[3]) if match else (reading, "", "")


def lemma_of(reading: str) -> str:
    """Return the lemma of a reading in lower case."""
    return split_reading(reading)[0].lower()


def tags_of(reading: str) -> list[str]:
    """Return the tags of a reading."""
    return _TAG.findall(split_reading(reading)[1])


def with_tags(reading: str, *tags: str) -> str:
    """Return ``reading`` with other tags."""
    lemma, _, tail = split_reading(reading)
    return f"{lemma}{''.join(f'<{tag}>' for tag in tags)}{tail}"


def read_stream(stream: str) -> tuple[list[Unit], Unit]:
    """Return the words of ``stream``, and what stands after the last one as a word without parts.

    What stands between the words is in the blanks.
    """
    units: list[Unit] = []
    blank = marks = ""
    for found in _TOKEN.finditer(stream):
        body, mark, plain = found.groups()
        if body is not None:
            units.append(Unit(tuple(_SLASH.split(body)), blank, marks))
            blank = marks = ""
        elif mark is not None:
            marks += mark
        else:
            blank += plain
    return units, Unit(("",), blank, marks)


def write_stream(units: Sequence[Unit], end: Unit) -> str:
    """Return the stream of ``units``; marks are written as blanks that each stage copies."""
    words = "".join(f"{unit.blank}{_written(unit.marks)}^{'/'.join(unit.parts)}$" for unit in units)
    return f"{words}{end.blank}{_written(end.marks)}"


def _written(marks: str) -> str:
    return f"[~{marks}]" if marks else ""


def sentences(units: Sequence[Unit]) -> list[list[Unit]]:
    """Return ``units`` cut behind each full stop, question mark or exclamation mark."""
    cut: list[list[Unit]] = [[]]
    for unit in units:
        cut[-1].append(unit)
        if "sent" in tags_of(unit.parts[-1]):
            cut.append([])
    return [sentence for sentence in cut if sentence]

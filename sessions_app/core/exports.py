"""What was said as a file to take away: plain text, JSON, SubRip and WebVTT subtitles; pure."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from html import escape
from textwrap import indent
from typing import Any

from sessions_app.core.corrections import Correction
from sessions_app.core.events import Exchange, Phrase
from sessions_app.core.subtitles import Caption, Cue, cues_of

PIECE_BYTES = 64 * 1024


class ExportFormat(StrEnum):
    """How an export is written."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"

    @property
    def media_type(self) -> str:
        """Return the MIME type that a browser is told."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ExportFormat.TXT: "text/plain; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.SRT: "application/x-subrip; charset=utf-8",
    ExportFormat.VTT: "text/vtt; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One exchange at its place in what is exported."""

    exchange: Exchange
    said_at: datetime | None = None
    """When it was kept; None where nothing is kept."""
    offset_seconds: float = 0.0
    """What lies before the clock of the exchange's source."""

    @property
    def start_seconds(self) -> float:
        """Return when it begins, in seconds from the beginning of the export."""
        return max(0.0, self.offset_seconds + self.exchange.start_seconds)

    @property
    def end_seconds(self) -> float:
        """Return when it ends, in seconds from the beginning of the export."""
        return max(self.start_seconds, self.offset_seconds + self.exchange.end_seconds)

    @property
    def speaker(self) -> str:
        """Return the name of who said it; empty: unknown."""
        return self.exchange.speaker.name if self.exchange.speaker else ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Exchanges on one clock, in the order in which they were said."""

    begins_seconds: float
    """Where that clock stands at 0, in seconds from the beginning of the conversation."""
    said: Iterable[tuple[Exchange, datetime | None]]


def run_on(stretches: Iterable[Stretch]) -> Iterator[ExportLine]:
    """Yield the lines of a conversation over several sessions, on one clock.

    A stretch never begins before the last one ended, even where its own clock says so: a recording
    that is played faster than it was spoken takes less time than it holds.
    """
    end_seconds = 0.0
    for stretch in stretches:
        offset: float | None = None
        last: ExportLine | None = None
        for exchange, said_at in stretch.said:
            if offset is None:
                offset = max(stretch.begins_seconds, end_seconds - exchange.start_seconds)
            last = ExportLine(exchange, said_at, offset)
            yield last
        if last is not None:
            end_seconds = max(end_seconds, last.end_seconds)


def export(lines: Iterable[ExportLine], file_format: ExportFormat) -> str:
    """Return ``lines`` as the text of a file."""
    return "".join(_WRITERS[file_format](lines))


def export_in_pieces(lines: Iterable[ExportLine], file_format: ExportFormat) -> Iterator[bytes]:
    """Yield the same piece by piece, so that a conversation is never in memory as a whole."""
    waiting, size = [], 0
    for written in _WRITERS[file_format](lines):
        piece = written.encode()
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def to_txt(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield plain text: time, speaker and source; below, its translation and phrases."""
    for number, line in enumerate(lines):
        yield ("\n" if number else "") + f"{_paragraph(line)}\n"


def _paragraph(line: ExportLine) -> str:
    time = _timestamp(round(line.start_seconds * 1000), ".").partition(".")[0]
    name = f"{flat(line.speaker)}: " if line.speaker else ""
    phrases = [f"  * {_explained(phrase)}" for phrase in line.exchange.phrases]
    return f"[{time}] {name}" + "\n".join((*_texts(line), *phrases))


def _explained(phrase: Phrase) -> str:
    if isinstance(phrase, Correction):
        why = f": {flat(phrase.why)}" if phrase.why else ""
        return f"✗ {flat(phrase.wrong)} → ✓ {flat(phrase.right)}{why}"
    literal = f"“{flat(phrase.literal)}”" if phrase.literal else ""
    known = " · ".join(filter(None, (literal, flat(phrase.region), flat(phrase.register))))
    return f"{flat(phrase.text)}: {flat(phrase.meaning)}" + (f" ({known})" if known else "")


def to_json(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield a JSON object whose ``exchanges`` hold everything that is known of each."""
    opening, closing = '{\n  "exchanges": [', "]\n}"
    for line in lines:
        text = json.dumps(to_dict(line), ensure_ascii=False, indent=2)
        yield f"{opening}\n" + indent(text, "    ", lambda _: True)
        opening, closing = ",", "\n  ]\n}"
    yield closing if opening == "," else opening + closing


def to_dict(line: ExportLine) -> dict[str, Any]:
    """Return one line as JSON can hold it."""
    told = asdict(line.exchange)
    if not line.exchange.passed_over:
        del told["passed_over"]
    return told | {
        "speaker": line.speaker or None,
        "start_seconds": round(line.start_seconds, 3),
        "end_seconds": round(line.end_seconds, 3),
        "said_at": line.said_at.isoformat() if line.said_at else None,
    }


def to_srt(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield SubRip subtitles, the source above its translation."""
    for number, cue in enumerate(cues_of(map(_caption, lines)), start=1):
        words = _unmarked("\n".join(cue.lines))
        yield f"{number}\n{_times(cue, ',')}\n{words}\n\n"


def _unmarked(text: str) -> str:
    # SubRip knows no escapes: what players would take for a cue's times, a tag or an order to the
    # player is written another way
    without_times = text.replace("-->", "→")
    without_tags = _TAG.sub(lambda tag: f"‹{tag[1]}{'›' if tag[2] else ''}", without_times)
    return _ORDER.sub(lambda order: f"({order[1]}{')' if order[2] else ''}", without_tags)


def to_vtt(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield WebVTT subtitles, the source above its translation, with a voice where one is known.

    Escaped as https://www.w3.org/TR/webvtt1/#webvtt-cue-text asks.
    """
    yield "WEBVTT\n\n"
    for number, cue in enumerate(cues_of(map(_caption, lines)), start=1):
        voice = f"<v {escape(cue.voice, quote=False)}>" if cue.voice else ""
        words = escape("\n".join(cue.lines), quote=False)
        yield f"{number}\n{_times(cue, '.')}\n{voice}{words}\n\n"


def _caption(line: ExportLine) -> Caption:
    texts = tuple(_texts(line))
    return Caption(line.start_seconds, line.end_seconds, texts, flat(line.speaker))


def _texts(line: ExportLine) -> list[str]:
    texts = [flat(line.exchange.source), flat(line.exchange.translated)]
    return [text for text in texts if text] or ["…"]


def _times(cue: Cue, point: str) -> str:
    return f"{_timestamp(cue.start_ms, point)} --> {_timestamp(cue.end_ms, point)}"


def _timestamp(milliseconds: int, point: str) -> str:
    whole, milliseconds = divmod(milliseconds, 1000)
    minutes, whole = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{whole:02}{point}{milliseconds:03}"


def flat(text: str) -> str:
    """Return ``text`` on one line, without what a terminal or a reader would obey instead of show.

    A blank line would end a subtitle, a line break would read as a translation, and a control of
    direction would turn round what stands after it.
    """
    return " ".join("".join(filter(_is_shown, text)).split())


def _is_shown(character: str) -> bool:
    is_control = unicodedata.category(character) == "Cc" and not character.isspace()
    return not is_control and character not in _TURNS


_TAG = re.compile(r"<(?=[/!?A-Za-z])([^<>]*)(>?)")
"""``<b>`` and its like, closed or not; ``1 < 2`` is none."""
_ORDER = re.compile(r"\{(?=\\|[A-Za-z]:)([^{}]*)(\}?)")
r"""``{\an8}`` and ``{y:i}``, which players take from other formats."""
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What opens or closes a stretch in another direction of writing."""

_WRITERS: dict[ExportFormat, Callable[[Iterable[ExportLine]], Iterator[str]]] = {
    ExportFormat.TXT: to_txt,
    ExportFormat.JSON: to_json,
    ExportFormat.SRT: to_srt,
    ExportFormat.VTT: to_vtt,
}

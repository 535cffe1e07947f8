"""Exports of conversations: plain text, JSON, SubRip and WebVTT subtitles; pure functions."""

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
    """The file formats of exports."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"

    @property
    def media_type(self) -> str:
        """Return the MIME type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ExportFormat.TXT: "text/plain; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.SRT: "application/x-subrip; charset=utf-8",
    ExportFormat.VTT: "text/vtt; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One exchange and its time in the export."""

    exchange: Exchange
    said_at: datetime | None = None
    """When it was ready to be sent to a client; None: it is not stored."""
    offset_seconds: float = 0.0
    """Where the clock of ``exchange`` is 0, in seconds from the beginning of the export."""

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
        """Return the speaker's name; empty: unknown."""
        return self.exchange.speaker.name if self.exchange.speaker else ""


@dataclass(frozen=True, slots=True)
class SessionExchanges:
    """The exchanges of one session, in the order in which they were said."""

    begins_seconds: float
    """When the session's clock is 0, in seconds from the beginning of the conversation."""
    exchanges: Iterable[tuple[Exchange, datetime | None]]


def join_sessions(sessions: Iterable[SessionExchanges]) -> Iterator[ExportLine]:
    """Yield the lines of a conversation of several sessions, on one clock.

    A session never begins before the last one ended, even if its own clock says so: sound that
    comes at high speed takes less time than it is long.
    """
    end_seconds = 0.0
    for session in sessions:
        offset: float | None = None
        last: ExportLine | None = None
        for exchange, said_at in session.exchanges:
            if offset is None:
                offset = max(session.begins_seconds, end_seconds - exchange.start_seconds)
            last = ExportLine(exchange, said_at, offset)
            yield last
        if last is not None:
            end_seconds = max(end_seconds, last.end_seconds)


def export(lines: Iterable[ExportLine], file_format: ExportFormat) -> str:
    """Return ``lines`` as the content of a file."""
    return "".join(_WRITERS[file_format](lines))


def export_in_pieces(lines: Iterable[ExportLine], file_format: ExportFormat) -> Iterator[bytes]:
    """Yield the same in pieces, so that a long conversation is never in memory as a whole."""
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
    """Yield plain text: time, speaker and source, then the translation and the phrases."""
    for number, line in enumerate(lines):
        yield ("\n" if number else "") + f"{_paragraph(line)}\n"


def _paragraph(line: ExportLine) -> str:
    time = _timestamp(round(line.start_seconds * 1000), ".").partition(".")[0]
    name = f"{on_one_line(line.speaker)}: " if line.speaker else ""
    phrases = [f"  * {_explained(phrase)}" for phrase in line.exchange.phrases]
    return f"[{time}] {name}" + "\n".join((*_texts(line), *phrases))


def _explained(phrase: Phrase) -> str:
    if isinstance(phrase, Correction):
        why = f": {on_one_line(phrase.why)}" if phrase.why else ""
        return f"✗ {on_one_line(phrase.wrong)} → ✓ {on_one_line(phrase.right)}{why}"
    literal = f"“{on_one_line(phrase.literal)}”" if phrase.literal else ""
    known = " · ".join(
        filter(None, (literal, on_one_line(phrase.region), on_one_line(phrase.register)))
    )
    return f"{on_one_line(phrase.text)}: {on_one_line(phrase.meaning)}" + (
        f" ({known})" if known else ""
    )


def to_json(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield a JSON object whose ``exchanges`` hold everything that is known about each."""
    opening, closing = '{\n  "exchanges": [', "]\n}"
    for line in lines:
        text = json.dumps(to_dict(line), ensure_ascii=False, indent=2)
        yield f"{opening}\n" + indent(text, "    ", lambda _: True)
        opening, closing = ",", "\n  ]\n}"
    yield closing if opening == "," else opening + closing


def to_dict(line: ExportLine) -> dict[str, Any]:
    """Return one line as a JSON object."""
    told = asdict(line.exchange)
    told["gist"] = told.pop("is_gist")
    del told["is_late"], told["awaits_translation"]
    if not line.exchange.passed_over:
        del told["passed_over"]
    if line.exchange.is_late:
        told["late"] = True
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
    # SubRip has no escapes: what would be read as a cue's times, a tag or a styling command is
    # written with other characters
    without_times = text.replace("-->", "→")
    without_tags = _TAG.sub(lambda tag: f"‹{tag[1]}{'›' if tag[2] else ''}", without_times)
    return _STYLING.sub(lambda style: f"({style[1]}{')' if style[2] else ''}", without_tags)


def to_vtt(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Yield WebVTT subtitles, the source above its translation, with the speaker as voice.

    Escaped as https://www.w3.org/TR/webvtt1/#webvtt-cue-text asks.
    """
    yield "WEBVTT\n\n"
    for number, cue in enumerate(cues_of(map(_caption, lines)), start=1):
        voice = f"<v {escape(cue.voice, quote=False)}>" if cue.voice else ""
        words = escape("\n".join(cue.lines), quote=False)
        yield f"{number}\n{_times(cue, '.')}\n{voice}{words}\n\n"


def _caption(line: ExportLine) -> Caption:
    texts = tuple(_texts(line))
    return Caption(line.start_seconds, line.end_seconds, texts, on_one_line(line.speaker))


def _texts(line: ExportLine) -> list[str]:
    texts = [on_one_line(line.exchange.source), on_one_line(line.exchange.translated)]
    return [text for text in texts if text] or ["…"]


def _times(cue: Cue, point: str) -> str:
    return f"{_timestamp(cue.start_ms, point)} --> {_timestamp(cue.end_ms, point)}"


def _timestamp(milliseconds: int, point: str) -> str:
    whole, milliseconds = divmod(milliseconds, 1000)
    minutes, whole = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{whole:02}{point}{milliseconds:03}"


def on_one_line(text: str) -> str:
    """Return ``text`` on one line, without control characters.

    A blank line would end a subtitle, a line break would look like the beginning of the
    translation, and a control of writing direction would reverse the text after it.
    """
    return " ".join("".join(filter(_is_shown, text)).split())


def _is_shown(character: str) -> bool:
    is_control = unicodedata.category(character) == "Cc" and not character.isspace()
    return not is_control and character not in _DIRECTION_CONTROLS


_TAG = re.compile(r"<(?=[/!?A-Za-z])([^<>]*)(>?)")
"""``<b>`` and its like, closed or not; ``1 < 2`` is no tag."""
_STYLING = re.compile(r"\{(?=\\|[A-Za-z]:)([^{}]*)(\}?)")
r"""``{\an8}`` and ``{y:i}``, which some programs understand as styling."""
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of writing."""

_WRITERS: dict[ExportFormat, Callable[[Iterable[ExportLine]], Iterator[str]]] = {
    ExportFormat.TXT: to_txt,
    ExportFormat.JSON: to_json,
    ExportFormat.SRT: to_srt,
    ExportFormat.VTT: to_vtt,
}

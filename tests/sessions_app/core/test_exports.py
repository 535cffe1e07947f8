"""Tests of exports: what was said, as a file."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.events import Direction, Exchange, Phrase, Speaker
from sessions_app.core.exports import (
    ExportFormat,
    ExportLine,
    SessionExchanges,
    export,
    export_in_pieces,
    join_sessions,
    on_one_line,
    to_dict,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANA = Speaker("1", "Ana")


def said(
    source: str,
    translated: str = "",
    start: float = 0.0,
    end: float = 0.0,
    speaker: Speaker | None = None,
    phrases: tuple[Phrase, ...] = (),
) -> Exchange:
    return Exchange(
        utterance_id=1,
        source=source,
        translated=translated,
        language="es",
        direction=Direction.ES_TO_EN,
        start_seconds=start,
        end_seconds=end,
        speaker=speaker,
        phrases=phrases,
    )


TWO = [
    ExportLine(said("Hola.", "Hello.", 0.5, 1.25, ANA)),
    ExportLine(said("¿Qué tal?", "How are you?", 3661.0, 3662.5)),
]


def test_plain_text_reads_like_a_script():
    assert export(TWO, ExportFormat.TXT) == (
        "[00:00:00] Ana: Hola.\nHello.\n\n[01:01:01] ¿Qué tal?\nHow are you?\n"
    )


def test_plain_text_explains_what_is_worth_noticing():
    phrases = (
        Phrase("metió la pata", "to blunder", "idiom", "to put the paw in", "ES,LA", "informal"),
        Phrase("actual", "present,\ncurrent", "false_friend"),
    )
    line = ExportLine(said("Metió la pata.", "She blundered.", phrases=phrases))
    assert export([line], ExportFormat.TXT) == (
        "[00:00:00] Metió la pata.\nShe blundered.\n"
        "  * metió la pata: to blunder (“to put the paw in” · ES,LA · informal)\n"
        "  * actual: present, current\n"
    )


def test_subrip_has_a_number_times_and_both_languages():
    assert export(TWO, ExportFormat.SRT) == (
        "1\n00:00:00,500 --> 00:00:01,250\nHola.\nHello.\n\n"
        "2\n01:01:01,000 --> 01:01:02,500\n¿Qué tal?\nHow are you?\n\n"
    )


def test_webvtt_has_a_head_and_voices():
    assert export(TWO, ExportFormat.VTT) == (
        "WEBVTT\n\n"
        "1\n00:00:00.500 --> 00:00:01.250\n<v Ana>Hola.\nHello.\n\n"
        "2\n01:01:01.000 --> 01:01:02.500\n¿Qué tal?\nHow are you?\n\n"
    )


def test_json_holds_all_that_is_known():
    phrase = Phrase("a por", "for", "idiom", "to for")
    line = ExportLine(
        said("Voy a por agua.", "I fetch water.", 1, 2.00049, ANA, (phrase,)), NOON, 10
    )
    assert json.loads(export([line], ExportFormat.JSON)) == {
        "exchanges": [
            {
                "utterance_id": 1,
                "exchange_id": None,
                "source": "Voy a por agua.",
                "corrected": "",
                "translated": "I fetch water.",
                "language": "es",
                "direction": "es_to_en",
                "start_seconds": 11.0,
                "end_seconds": 12.0,
                "said_at": "2026-03-01T12:00:00+00:00",
                "gist": False,
                "speaker": "Ana",
                "phrases": [
                    {
                        "text": "a por",
                        "meaning": "for",
                        "kind": "idiom",
                        "literal": "to for",
                        "region": "",
                        "register": "",
                        "start": None,
                        "end": None,
                    }
                ],
                "confidence": 1.0,
                "transcriber": "",
                "translator": "",
                "failure": "",
                "usage": {"prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0},
            }
        ]
    }


@pytest.mark.parametrize(
    ("file_format", "empty"),
    [
        (ExportFormat.TXT, ""),
        (ExportFormat.SRT, ""),
        (ExportFormat.VTT, "WEBVTT\n\n"),
        (ExportFormat.JSON, '{\n  "exchanges": []\n}'),
    ],
)
def test_nothing_said_is_an_empty_file_of_its_kind(file_format, empty):
    assert export([], file_format) == empty


def test_without_a_translation_there_is_only_the_source():
    assert export([ExportLine(said("Hola."))], ExportFormat.TXT) == "[00:00:00] Hola.\n"


def test_typed_text_stands_long_enough_to_be_read():
    assert "00:00:05,000 --> 00:00:07,000" in export(
        [ExportLine(said("Hola.", start=5, end=5))], ExportFormat.SRT
    )


def test_what_is_said_is_no_markup_in_webvtt():
    line = ExportLine(said("1 < 2 & <b>3</b> --> 4", speaker=Speaker("1", "A>na\n&")))
    text = export([line], ExportFormat.VTT)
    assert "<v A&gt;na &amp;>1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt; --&gt; 4\n" in text


def test_what_is_said_begins_no_other_subtitle_in_subrip():
    line = ExportLine(said("Uno.\n\n2\n00:00:09,000 --> 00:00:10,000\nFalso."))
    assert export([line], ExportFormat.SRT) == (
        "1\n00:00:00,000 --> 00:00:02,529\nUno. 2 00:00:09,000 →\n00:00:10,000 Falso.\n\n"
    )


@pytest.mark.parametrize(
    ("said_so", "written"),
    [
        ("<b>uno</b>", "‹b›uno‹/b›"),
        ("<script>x()</script>", "‹script›x()‹/script›"),
        ("<i", "‹i"),
        ("{\\an8}arriba", "(\\an8)arriba"),
        ("{y:i}uno", "(y:i)uno"),
        ("1 < 2, 3 > 2 {a}", "1 < 2, 3 > 2 {a}"),
    ],
)
def test_what_is_said_is_no_markup_in_subrip(said_so, written):
    cue = export([ExportLine(said(said_so, end=1))], ExportFormat.SRT)
    assert cue == f"1\n00:00:00,000 --> 00:00:01,000\n{written}\n\n"


def test_a_second_session_runs_on_from_when_it_began():
    lines = join_sessions(
        [
            SessionExchanges(0.0, [(said("uno", start=1, end=2), NOON)]),
            SessionExchanges(100.0, [(said("dos", start=1, end=2), NOON)]),
        ]
    )
    assert [(line.start_seconds, line.end_seconds) for line in lines] == [(1, 2), (101, 102)]


def test_a_session_that_held_more_sound_than_it_took_time_is_not_overlapped():
    lines = join_sessions(
        [
            SessionExchanges(0.0, [(said("uno", start=0, end=600), NOON)]),
            SessionExchanges(
                60.0, [(said("dos", start=1, end=2), NOON), (said("tres", start=3), NOON)]
            ),
        ]
    )
    assert [line.start_seconds for line in lines] == [0, 600, 602]


def test_a_conversation_begun_in_the_middle_of_a_session_begins_at_its_own_beginning():
    stretch = SessionExchanges(
        -50.0, [(said("uno", start=20, end=21), NOON), (said("dos", start=25, end=26), NOON)]
    )
    assert [line.start_seconds for line in join_sessions([stretch])] == [0, 5]


TEXTS = st.text(max_size=40)
WORDY = st.text(max_size=400)
EXCHANGES = st.builds(
    said,
    WORDY,
    WORDY,
    st.floats(0, 400_000),
    st.floats(0, 400_000),
    st.none() | st.builds(Speaker, st.just("1"), TEXTS),
)
LINES = st.lists(st.builds(ExportLine, EXCHANGES), max_size=6)
CUE = re.compile(r"\d+\n([\d:.,]+) --> ([\d:.,]+)\n(.+(?:\n.+)?)")


@given(LINES)
def test_any_words_make_subtitles_of_two_lines_and_nothing_else(lines):
    for file_format, head in ((ExportFormat.SRT, ""), (ExportFormat.VTT, "WEBVTT\n\n")):
        text = export(lines, file_format)
        assert text.startswith(head)
        cues = [cue for cue in text.removeprefix(head).split("\n\n") if cue]
        assert len(cues) >= len(lines)
        assert all(CUE.fullmatch(cue) for cue in cues)
        assert text.count("-->") == len(cues)


@pytest.mark.slow
@given(LINES)
def test_every_subtitle_ends_after_it_begins(lines):
    for start, end, _ in CUE.findall(export(lines, ExportFormat.VTT)):
        assert _seconds(start) < _seconds(end)


@pytest.mark.slow
@given(LINES)
def test_webvtt_says_what_was_said_once_it_is_unescaped(lines):
    for line in lines:
        alone = replace(line, exchange=replace(line.exchange, translated="", speaker=None))
        cues = CUE.findall(export([alone], ExportFormat.VTT))
        shown = unescape("".join(words for _, _, words in cues))
        source = on_one_line(line.exchange.source) or "…"
        assert "".join(shown.split()) == "".join(source.split())


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(-1000, 1000), st.lists(st.floats(0, 1000), max_size=4))))
def test_sessions_never_run_backwards(parts):
    stretches = [
        SessionExchanges(begins, [(said("x", start=at, end=at + 1), NOON) for at in sorted(times)])
        for begins, times in parts
    ]
    lines = list(join_sessions(stretches))
    starts = [line.start_seconds for line in lines]
    assert starts == pytest.approx(sorted(starts))
    assert len(lines) == sum(len(times) for _, times in parts)


def _seconds(timestamp: str) -> float:
    hours, minutes, seconds = timestamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("file_format", [ExportFormat.TXT, ExportFormat.SRT, ExportFormat.VTT])
def test_what_a_terminal_would_obey_is_left_out(file_format: ExportFormat) -> None:
    nasty = "\x1b[2Jhola\x07 \x00 \x9bmundo\u202e \u2066y\u2069\x85luna"
    written = export(
        [ExportLine(said(nasty, nasty, speaker=Speaker("1", "A\u202ena\x08")))], file_format
    )
    assert "[2Jhola mundo y luna\n[2Jhola mundo y luna\n" in written
    assert ("Ana" in written) == (file_format is not ExportFormat.SRT)
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", written) == []


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ExportFormat)
@pytest.mark.parametrize("count", [0, 1, 2, 5_000])
def test_an_export_is_made_in_small_pieces_that_are_the_whole(file_format, count):
    taken = 0

    def lines() -> Iterator[ExportLine]:
        nonlocal taken
        for _ in range(count):
            taken += 1
            yield TWO[0]

    pieces = export_in_pieces(lines(), file_format)
    first = next(pieces, b"")
    assert taken <= 3_000
    rest = list(pieces)
    assert max(map(len, [first, *rest])) < 80_000
    assert (first + b"".join(rest)).decode() == export([TWO[0]] * count, file_format)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_what_a_writer_of_json_would_write(count):
    whole = {"exchanges": [to_dict(line) for line in TWO[:1] * count]}
    written = export(TWO[:1] * count, ExportFormat.JSON)
    assert written == json.dumps(whole, ensure_ascii=False, indent=2)

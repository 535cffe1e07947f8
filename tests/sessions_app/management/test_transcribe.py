"""`transcribe` prints what is said in a file in each format, and says so when it cannot."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.files import picture
from tests.engines.made import Sound, made
from tests.engines.spoken import BROADCAST
from tests.engines.streams import stalled
from tests.server.running import ROOT, environment
from tests.sounds import mp4, ogg, say, silence, wav, webm
from tests.tiny.whisper import make_whisper, transcriber

pytestmark = pytest.mark.slow

SOUND = silence(0.5) + say("hola mundo") + silence(1.5) + say("red house") + silence(1)
TIMES = re.compile(r"\d\d:\d\d:\d\d[.,]\d{3}")
ENGLISH_ONLY = '{"BACKEND": "fake", "OPTIONS": {"languages": ["en"]}}'


def run(directory: Path, *arguments: str, **choices: str) -> tuple[int, str, str]:
    """Return the exit code, standard output and standard error of `transcribe`."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "transcribe", *arguments],
        cwd=ROOT,
        env=environment(directory, LOG_LEVEL="WARNING", **choices),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def transcribe(
    directory: Path, content: bytes, *arguments: str, name: str = "talk.wav", **choices: str
) -> tuple[int, str, str]:
    """Run it on a file of this content."""
    (directory / name).write_bytes(content)
    return run(directory, str(directory / name), *arguments, **choices)


@pytest.mark.parametrize("make", [wav, webm, ogg, mp4])
def test_a_file_of_any_kind_is_printed_in_both_languages(
    tmp_path: Path, make: Callable[[bytes], bytes]
) -> None:
    code, printed, complaints = transcribe(tmp_path, make(SOUND), name="talk")
    assert (code, complaints) == (0, "")
    assert re.sub(r"\[[\d:]+\]", "[]", printed) == (
        "[] Spanish speaker: hola mundo\nhello world\n[] English speaker: red house\nroja casa\n"
    )


def test_json_has_all_that_is_known(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(tmp_path, wav(SOUND), "--format=json")
    assert (code, complaints) == (0, "")
    exchanges = json.loads(printed)["exchanges"]
    assert [said["direction"] for said in exchanges] == ["es_to_en", "en_to_es"]
    assert [said["translated"] for said in exchanges] == ["hello world", "roja casa"]


def test_subtitles_stand_while_the_words_are_said(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(tmp_path, webm(SOUND), "--format=srt")
    assert (code, complaints) == (0, "")
    assert TIMES.sub("T", printed) == (
        "1\nT --> T\nhola mundo\nhello world\n\n2\nT --> T\nred house\nroja casa\n\n"
    )
    starts = [line.partition(",")[0] for line in printed.splitlines() if "-->" in line]
    assert starts == ["00:00:00", "00:00:02"]


def test_webvtt_says_who_speaks(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(tmp_path, webm(SOUND), "--format=vtt")
    assert (code, complaints) == (0, "")
    assert printed.startswith("WEBVTT\n\n1\n00:00:00.")
    assert "\n<v Spanish speaker>hola mundo\nhello world\n" in printed
    assert "\n<v English speaker>red house\nroja casa\n" in printed


def test_a_direction_is_kept_to(tmp_path: Path) -> None:
    code, printed, _ = transcribe(tmp_path, wav(SOUND), "--format=json", "--direction=en_to_es")
    assert code == 0
    directions = [said["direction"] for said in json.loads(printed)["exchanges"]]
    assert directions == ["en_to_es"] * 2


def two_tracks() -> bytes:
    """Return a file with two tracks of sound, of which the second is the default."""
    return made("matroska", Sound(say("hola mundo")), Sound(say("red house"), is_default=True))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [((), "red house"), (("--track=1",), "hola mundo"), (("--track=2",), "red house")],
)
def test_the_default_track_is_heard_unless_another_is_chosen(
    tmp_path: Path, chosen: tuple[str, ...], said: str
) -> None:
    code, printed, complaints = transcribe(tmp_path, two_tracks(), "--format=json", *chosen)
    assert (code, complaints) == (0, "")
    assert [exchange["source"] for exchange in json.loads(printed)["exchanges"]] == [said]


def test_a_track_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    refusal = "CommandError: There is no track 3 of sound in it: it has 2 tracks.\n"
    assert transcribe(tmp_path, two_tracks(), "--track=3") == (1, "", refusal)


def test_subtitles_go_by_the_clock_of_the_file(tmp_path: Path) -> None:
    late = made(
        "mp4", Sound(SOUND, "aac", 44_100), Sound(SOUND, "aac", 44_100, late=stalled(1.5, 20))
    )
    code, printed, _ = transcribe(tmp_path, late, "--format=srt", "--track=2")
    starts = [line[:8] for line in printed.splitlines() if "-->" in line]
    assert (code, starts) == (0, ["00:00:00", "00:00:22"])


def test_where_nothing_is_said_it_says_so(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(tmp_path, wav(silence(2)))
    assert (code, printed) == (0, "")
    assert complaints == "Nothing was heard in this file.\n"


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\0\0\0\0WAVE"])
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    refusal = "CommandError: This file cannot be read as sound.\n"
    assert transcribe(tmp_path, content) == (1, "", refusal)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    refusal = "CommandError: There is no sound in it.\n"
    assert run(tmp_path, str(picture(tmp_path))) == (1, "", refusal)


def test_a_file_that_is_not_there_is_named_as_it_was_given(tmp_path: Path) -> None:
    refusal = "CommandError: There is no file no/such.wav.\n"
    assert run(tmp_path, "no/such.wav") == (1, "", refusal)


def test_a_language_that_no_engine_hears_is_refused_in_words(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(
        tmp_path, wav(SOUND), "--direction=es_to_en", HABLA_TRANSCRIBER=ENGLISH_ONLY
    )
    assert (code, printed) == (1, "")
    assert complaints.startswith("CommandError: No engine here can hear Spanish. ")
    assert "fetch_models" in complaints


def test_an_engine_of_one_language_goes_on_in_auto_and_warns(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(
        tmp_path, wav(say("red house")), HABLA_TRANSCRIBER=ENGLISH_ONLY
    )
    assert code == 0
    assert "roja casa" in printed
    assert complaints.startswith("Only English can be heard here: ")
    assert "fetch_models" in complaints


@pytest.mark.skipif(not BROADCAST.exists(), reason="shared/audio/jfk.wav is not there")
@pytest.mark.skipif(shutil.which("apertium") is None, reason="apertium is not installed")
def test_an_old_broadcast_is_read_and_translated_by_the_real_engines(tmp_path: Path) -> None:
    """The real Whisper, Silero and Apertium; the weights are tiny, and know one sentence."""
    whisper = make_whisper(tmp_path / "whisper", "The house is red.", "en")
    code, printed, complaints = run(
        *(tmp_path, str(BROADCAST), "--direction=en_to_es", "--format=json"),
        HABLA_TRANSCRIBER=transcriber(whisper),
        HABLA_TRANSLATOR="apertium",
        HABLA_DETECTOR="silero",
    )
    assert code == 0, complaints
    exchanges = json.loads(printed)["exchanges"]
    assert len(exchanges) > 1
    assert {said["source"] for said in exchanges} == {"The house is red."}
    assert {said["translated"] for said in exchanges} == {"La casa es roja."}

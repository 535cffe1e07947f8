"""`manage.py play`: a recording played again, scored, and compared with an earlier playback."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from playback_app.admission import PlaybackRequest
from playback_app.models import GroundTruth, Playback
from playback_app.offline import OfflinePlayback, play_offline
from playback_app.scoring import Difference, chrf, compare, split_words, word_error_rate
from sessions_app.core import events
from sessions_app.models import Exchange, Recording, TranslationSession
from tests.locked import locked
from tests.recordings import recorded
from tests.sounds import say, silence

TALK = say("hola mundo") + silence(1) + say("agua")
HELD_SECONDS = 7.0
"""Longer than the session waits for its writes."""
Play = Callable[..., tuple[str, str]]


@pytest.fixture
def kept(transactional_db: None) -> Recording:
    return recorded(TALK, segments=("hola mundo", "agua"))


def play(recording: object, *options: str) -> tuple[str, str]:
    output, problems = StringIO(), StringIO()
    call_command("play", str(recording), *options, stdout=output, stderr=problems)
    return output.getvalue(), problems.getvalue()


@pytest.mark.parametrize("mode", ["full", "segments"])
def test_what_is_heard_is_printed(kept: Recording, mode: str) -> None:
    output, problems = play(kept.pk, "--mode", mode)
    assert "hola mundo" in output
    assert "agua" in output
    playback = Playback.objects.get()
    assert (playback.state, playback.end_count) == ("finished", 1)
    assert problems.splitlines() == [f"Playback {playback.pk}"]
    assert TranslationSession.objects.get().reason == "playback_over"


async def test_what_waits_for_the_database_is_written_before_it_ends(kept: Recording) -> None:
    async with locked():
        pass  # from now on the database thread waits for no lock
    name = connection.settings_dict["NAME"]
    request = PlaybackRequest(kept.user_id, kept.pk, None, "full", 0.0)
    with closing(sqlite3.connect(name, isolation_level=None)) as other:

        def hold_database(_: events.Exchange) -> None:
            if not other.in_transaction:
                other.execute("begin immediate")
                asyncio.get_running_loop().call_later(HELD_SECONDS, other.execute, "commit")

        result = OfflinePlayback(told=hold_database)
        playback = await play_offline(request, None, result, heard=lambda _: None)
    assert playback.state == "finished"
    assert [row.source async for row in Exchange.objects.order_by("pk")] == ["hola mundo", "agua"]
    session = await TranslationSession.objects.aget()
    assert (session.state, session.reason) == ("closed", "playback_over")


def test_it_is_printed_for_programs_too(kept: Recording) -> None:
    output, _ = play(kept.pk, "--format", "json")
    assert [said["source"] for said in json.loads(output)["exchanges"]] == ["hola mundo", "agua"]


def test_what_is_played_without_its_pauses_stands_where_it_was_said(kept: Recording) -> None:
    output, _ = play(kept.pk, "--mode", "segments", "--format", "json")
    assert [said["start_seconds"] for said in json.loads(output)["exchanges"]] == [1.0, 2.0]


@pytest.mark.parametrize("named", [uuid4(), "nonsense", "../../etc/passwd"])
def test_no_such_recording_is_two(transactional_db: None, named: object) -> None:
    with pytest.raises(CommandError) as refusal:
        play(named)
    assert refusal.value.returncode == 2


def test_what_cannot_be_played_is_one(transactional_db: None) -> None:
    recording = recorded(TALK, raw=b"no sound" * 100)
    with pytest.raises(CommandError, match="broken_stream") as refusal:
        play(recording.pk)
    assert refusal.value.returncode == 1


def tell_truth(recording: Recording, transcript: str, translation: str = "", **of: Any) -> None:
    count = GroundTruth.objects.filter(recording=recording, **of).count()
    fields = {"transcript": transcript, "translation": translation, "version": count + 1}
    GroundTruth.objects.create(recording=recording, **fields, **of)


def test_the_newest_ground_truth_says_how_well_it_was_heard(kept: Recording) -> None:
    tell_truth(kept, "nonsense")
    tell_truth(kept, "¡Hola, mundo! ¿Gracias? Agua.", "hello world water")
    _, problems = play(kept.pk)
    playback = Playback.objects.get()
    assert playback.word_error_rate == 0.25
    assert playback.chrf is not None
    assert playback.chrf > 50
    assert "Word error rate 0.250" in problems
    assert playback.engines["transcriber"]["name"] == "fake"


def test_segments_that_nobody_corrected_count_as_they_were_heard(kept: Recording) -> None:
    tell_truth(kept, "hola mundo bueno", segment=kept.segments.get(utterance_id=1))
    play(kept.pk)
    assert Playback.objects.get().word_error_rate == 0.25


@pytest.mark.slow
def test_what_got_worse_than_the_baseline_is_told(kept: Recording) -> None:
    tell_truth(kept, "hola mundo agua gracias")
    play(kept.pk)
    baseline = Playback.objects.get().pk
    output, _ = play(kept.pk, "--baseline", str(baseline))
    assert output.splitlines()[-1] == "Word error rate 0.250 → 0.250"
    heard_then = Exchange.objects.filter(origin=baseline, source="agua")
    heard_then.update(source="agua gracias")
    with pytest.raises(CommandError, match=r"rose by 0\.250, more than 0\.1") as worse:
        play(kept.pk, "--baseline", str(baseline), "--tolerance", "0.1")
    assert worse.value.returncode == 1
    output, _ = play(kept.pk, "--baseline", str(baseline), "--tolerance", "0.3")
    assert output.splitlines()[-2:] == [
        "- gracias: gracias → (nothing)",
        "Word error rate 0.000 → 0.250",
    ]


def test_words_are_compared_without_case_punctuation_and_signs() -> None:
    assert split_words("¿Qué tal? ¡Muy BIEN, don't worry! 3.5") == [
        *("qué", "tal", "muy", "bien", "don't", "worry", "3", "5"),
    ]


def test_rates_are_those_of_their_definitions() -> None:
    assert word_error_rate(["a", "b", "c", "d"], ["a", "x", "d", "e"]) == 0.75
    assert word_error_rate([], ["a"]) is None
    assert word_error_rate(["a"], []) == 1.0
    assert chrf("the same", "the same") == 100.0
    assert chrf(" ", "x") is None


def test_differences_are_told_word_by_word() -> None:
    reference = ["uno", "dos", "tres", "cuatro"]
    assert compare(reference, ["uno", "doce", "tres", "cuatro"], ["uno", "dos", "cuatro"]) == [
        Difference("dos", "doce", "dos", is_better=True),
        Difference("tres", "tres", "", is_better=False),
    ]


@pytest.mark.parametrize("file_format", ["text", "json", "srt"])
def test_what_could_not_be_heard_is_named_and_the_rest_is_printed(
    kept: Recording, settings: Any, file_format: str
) -> None:
    failing = {"BACKEND": "fake", "OPTIONS": {"failing_word": "agua"}}
    settings.HABLA = settings.HABLA | {"TRANSCRIBER": json.dumps(failing)}
    output, problems = StringIO(), StringIO()
    arguments = (str(kept.pk), "--format", file_format)
    with pytest.raises(CommandError, match=r"not heard, or not translated: 1\.") as ending:
        call_command("play", *arguments, stdout=output, stderr=problems)
    assert ending.value.returncode == 1
    assert "hola mundo" in output.getvalue()
    assert "2: The fake transcriber was told to fail on this word." in problems.getvalue()

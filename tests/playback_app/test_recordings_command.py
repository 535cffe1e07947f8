"""`manage.py recordings` lists, imports, deletes and prunes, and its exit code says how it went."""

import json
import signal
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from playback_app import library
from sessions_app.engines.fake import hear
from sessions_app.models import Recording
from sessions_app.recording import files
from tests.engines.files import at, text, too_expensive
from tests.engines.made import Sound, made
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import the_owner
from tests.sounds import say, wav, wavpack

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit code, standard output and standard error."""
    output, complaints = StringIO(), StringIO()
    try:
        call_command("recordings", *arguments, stdout=output, stderr=complaints)
    except CommandError as error:
        return error.returncode, output.getvalue(), complaints.getvalue() + str(error)
    return 0, output.getvalue(), complaints.getvalue()


def test_recordings_are_listed_newest_first() -> None:
    old = keep_recording(the_owner(), "hola")
    new = keep_recording(the_owner(), "hola", after_seconds=60, is_bookmarked=True, title="visit")
    code, output, _ = run()
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == [str(new.pk), str(old.pk)]
    assert f"{new.started_at:%Y-%m-%d %H:%M} UTC " in output.splitlines()[0]
    assert output.splitlines()[0].endswith("owner visit")
    _, output, complaints = run("--json", "--limit", "1")
    assert [facts["id"] for facts in json.loads(output)] == [str(new.pk)]
    assert "1 older" in complaints


def test_a_file_that_takes_too_much_to_decode_is_named_and_not_imported(tmp_path: Path) -> None:
    code, _, complaints = run("--import", str(too_expensive(tmp_path)))
    assert code == 1
    assert "more time or memory" in complaints
    code, _, complaints = run("--import", str(at(1, 10_000, tmp_path)))
    assert code == 1
    assert "more sound than its size" in complaints
    assert Recording.objects.count() == 0


def test_files_are_imported_and_those_that_are_none_are_named(tmp_path: Path) -> None:
    good = tmp_path / "good.wav"
    good.write_bytes(wav(say("hola")))
    code, output, complaints = run("--import", str(text(tmp_path)), str(good), "--json")
    assert code == 1
    assert [facts["title"] for facts in json.loads(output)] == ["good.wav"]
    assert "notes.txt: This file cannot be read as sound." in complaints
    assert Recording.objects.get().user == the_owner()
    assert run("--import", str(good), "--user", "nobody")[0] == 1


def test_one_is_deleted_by_its_id() -> None:
    recording = keep_recording(the_owner(), "hola")
    assert run("--delete", str(recording.pk))[0] == 0
    assert run("--delete", str(uuid.uuid4()))[0] == 2


def test_a_dry_run_shows_what_would_be_pruned(settings: Any) -> None:
    recording = keep_recording(the_owner(), "hola")
    assert "0 recordings" in run("--prune")[2]
    settings.HABLA = settings.HABLA | {"KEEP_RECORDINGS_DAYS": "1"}
    code, output, complaints = run("--prune", "--dry-run")
    assert (code, output.split()[0]) == (0, str(recording.pk))
    assert "1 recordings would go" in complaints
    assert "1 recordings are deleted" in run("--prune")[2]
    assert Recording.objects.count() == 0


@pytest.mark.parametrize(("chosen", "words"), [((), ["red"]), (("--track", "1"), ["hola"])])
def test_of_several_tracks_the_default_is_imported_or_the_one_that_is_chosen(
    tmp_path: Path, chosen: tuple[str, ...], words: list[str]
) -> None:
    path = tmp_path / "two.mkv"
    path.write_bytes(made("matroska", Sound(say("hola")), Sound(say("red"), is_default=True)))
    code, _, complaints = run("--import", str(path), *chosen)
    assert (code, complaints) == (0, "")
    recording = Recording.objects.get()
    kept = files.sound_path(recording.pk, recording.encoding)
    assert kept is not None
    assert hear(kept.read_bytes()[44:]) == words


def test_a_track_that_is_not_there_is_named_and_nothing_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    path.write_bytes(wav(say("hola")))
    code, _, complaints = run("--import", str(path), "--track", "2")
    assert code == 1
    assert "There is no track 2 of sound in it: it has one track." in complaints
    assert Recording.objects.count() == 0


def test_what_the_system_refuses_keeps_no_other_file_from_being_imported(tmp_path: Path) -> None:
    good = tmp_path / "good.wav"
    good.write_bytes(wav(say("hola")))
    code, output, complaints = run("--import", "x" * 300, str(good))
    assert code == 1
    assert output.splitlines()[0].endswith("owner good.wav")
    assert f"{'x' * 300}: File name too long." in complaints


def test_files_that_were_imported_are_told_though_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "good.wav"
    good.write_bytes(wav(say("hola")))
    import_file = library.import_file

    def pressing_ctrl_c(path: Path, *args: Any, **options: Any) -> Recording:
        if Recording.objects.exists():
            signal.raise_signal(signal.SIGINT)
        return import_file(path, *args, **options)

    monkeypatch.setattr(library, "import_file", pressing_ctrl_c)
    code, output, _ = run("--import", *[str(good)] * 3, "--json")
    assert code == 130
    assert [facts["title"] for facts in json.loads(output)] == ["good.wav"]
    assert Recording.objects.count() == 1


def test_what_came_before_a_file_breaks_off_is_imported_and_told(tmp_path: Path) -> None:
    path = tmp_path / "talk.wv"
    whole = wavpack(say("hola mundo") * 12)
    path.write_bytes(whole[: len(whole) // 2])
    code, output, complaints = run("--import", str(path), "--json")
    assert code == 1
    (facts,) = json.loads(output)
    assert 2 < facts["duration_seconds"] < 4
    told = f"Only the first {facts['duration_seconds']:.1f} s of it are imported."
    assert f"talk.wv: {told}" in complaints
    recording = Recording.objects.get()
    assert (recording.state, recording.has_sound) == ("complete", True)

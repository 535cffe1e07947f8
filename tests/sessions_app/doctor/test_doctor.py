"""The doctor checks every part, says how to fix it, and its exit code says whether one must."""

import asyncio
import errno
import json
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from sessions_app.doctor import engines, keeping, machine
from sessions_app.doctor.finding import Finding, Level
from sessions_app.engines.choices import EngineChoice
from sessions_app.engines.loading import EngineSettings
from sessions_app.models import DeletedSound
from sessions_app.store.database.thread import database_thread
from tests.locked import locked

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which something listens that never answers."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def wanted(tmp_path: Path) -> EngineSettings:
    fake = EngineChoice("fake")
    return EngineSettings(fake, fake, fake, models_dir=tmp_path)


def consult(*arguments: str) -> tuple[str, str, int]:
    """What the doctor prints, its message about what must be fixed, and its exit code."""
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out, no_color=True)
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), "", 0


@pytest.mark.usefixtures("no_hub")
def test_all_is_well_where_everything_is_there(free_port: int) -> None:
    out, complaint, code = consult("--port", str(free_port))
    assert (complaint, code) == ("", 0)
    lines = out.splitlines()
    assert [line for line in lines if line.startswith("✗")] == []
    assert f"✓ port            127.0.0.1:{free_port} is free" in lines
    assert "✓ transcriber     fake (en, es)" in lines
    assert "✓ translator      fake (en, es)" in lines
    assert "✓ detector        fake" in lines
    assert any(line.startswith("✓ database") for line in lines)


@pytest.mark.usefixtures("no_hub")
def test_json_says_the_same_to_programs(free_port: int) -> None:
    out, _, _ = consult("--port", str(free_port), "--json")
    report = json.loads(out)
    assert report["ok"] is True
    assert {"part", "level", "message", "mend"} == report["findings"][0].keys()
    assert {finding["level"] for finding in report["findings"]} <= {"fine", "warning"}


@pytest.mark.slow
@pytest.mark.usefixtures("no_hub")
def test_what_is_broken_is_counted_and_the_exit_says_so(taken_port: int) -> None:
    out, complaint, code = consult("--port", str(taken_port))
    assert f"✗ port            Another program has 127.0.0.1:{taken_port}." in out
    assert "→ Stop that program" in out
    assert complaint.startswith("1 of ")
    assert code == 1


@pytest.mark.usefixtures("no_hub")
def test_an_engine_that_cannot_be_loaded_is_broken_and_the_others_are_still_examined(
    free_port: int, settings: Any
) -> None:
    choice = {"BACKEND": "fake", "OPTIONS": {"broken": True}}
    settings.HABLA = settings.HABLA | {"TRANSCRIBER": json.dumps(choice)}
    out, complaint, code = consult("--port", str(free_port))
    assert "✗ transcriber     The fake transcriber was told to be broken." in out
    assert "✓ translator      fake (en, es)" in out
    assert complaint.startswith("1 of ")
    assert code == 1


def test_a_wrong_setting_is_told_and_the_rest_is_still_examined(
    free_port: int, settings: Any
) -> None:
    settings.HABLA = settings.HABLA | {"TRANSLATOR": "apertum"}
    out, complaint, code = consult("--port", str(free_port))
    assert "✗ settings        HABLA_TRANSLATOR names no engine: 'apertum'. Did you mean" in out
    assert "✓ database" in out
    assert complaint.startswith("1 of ")
    assert code == 1


def test_an_old_python_is_too_old() -> None:
    assert machine.examine_python((3, 10, 4)).level is Level.BROKEN
    assert machine.examine_python((3, 12, 0)) == Finding("Python", Level.FINE, "3.12.0")


def test_a_data_directory_that_is_not_there_is_broken(tmp_path: Path) -> None:
    finding = machine.examine_data_directory(tmp_path / "gone")
    assert finding.level is Level.BROKEN
    assert "HABLA_DATA_DIR" in finding.mend
    assert machine.examine_data_directory(tmp_path).level is Level.FINE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("megabytes", "level"),
    [(100, Level.BROKEN), (1000, Level.WARNING), (5000, Level.FINE)],
)
def test_the_less_room_the_worse(megabytes: int, level: Level) -> None:
    assert machine.judge_room(megabytes).level is level


def test_the_room_of_a_directory_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    assert machine.examine_disk(tmp_path / "gone").level is Level.BROKEN


def test_an_address_of_another_machine_cannot_be_used() -> None:
    finding = machine.examine_port("192.0.2.1", 8000)
    assert finding.level is Level.BROKEN
    assert os.strerror(errno.EADDRNOTAVAIL) in finding.message


def test_a_running_habla_is_no_obstacle(live_server: Any) -> None:
    host, port = live_server.thread.host, live_server.thread.port
    assert machine.examine_port(host, port) == Finding(
        "port", Level.FINE, f"Habla is running at http://{host}:{port}"
    )


def test_other_machines_need_https_for_the_microphone() -> None:
    assert machine.examine_secure_context(["localhost", "[::1]"]).level is Level.FINE
    finding = machine.examine_secure_context(["localhost", "habla.example"])
    assert finding.level is Level.WARNING
    assert "habla.example the microphone only over HTTPS" in finding.message


def test_a_missing_migration_is_counted() -> None:
    assert keeping.examine_database().level is Level.FINE
    [newest] = MigrationLoader(connection).graph.leaf_nodes("sessions_app")
    MigrationRecorder(connection).record_unapplied(*newest)
    finding = keeping.examine_database()
    assert finding.level is Level.BROKEN
    assert finding.mend == "python manage.py migrate"


@pytest.mark.django_db(transaction=True)
async def test_a_database_that_takes_nothing_is_broken() -> None:
    def examine() -> Finding:
        with connection.cursor() as cursor:
            cursor.execute("pragma busy_timeout = 50")
        try:
            return keeping.examine_database()
        finally:
            connection.close()

    async with locked():
        finding = await asyncio.to_thread(examine)
    assert finding.level == Level.BROKEN
    assert finding.message == "The database (sqlite) cannot be written: database is locked."
    assert (await asyncio.to_thread(examine)).level == Level.FINE
    database_thread.close()


def test_a_redis_that_does_not_answer_is_broken(free_port: int) -> None:
    finding = keeping.examine_redis(f"redis://:secret@127.0.0.1:{free_port}/0")
    assert finding.level is Level.BROKEN
    assert "secret" not in json.dumps(asdict(finding))


def test_deleted_sound_that_is_still_there_is_told() -> None:
    assert keeping.examine_deletions().level is Level.FINE
    DeletedSound.objects.create(recording_id=uuid.uuid4(), directory="elsewhere")
    finding = keeping.examine_deletions()
    assert (finding.level, "of 1 deleted" in finding.message) == (Level.WARNING, True)


def test_missing_models_are_named_with_the_command_that_fetches_them(
    wanted: EngineSettings,
) -> None:
    assert engines.examine_models(wanted).level is Level.FINE
    auto = EngineSettings(
        EngineChoice("auto"), EngineChoice("auto"), EngineChoice("fake"), wanted.models_dir
    )
    finding = engines.examine_models(auto)
    assert finding.level is Level.WARNING
    assert finding.mend == (
        "python manage.py fetch_models whisper-base opus-mt-es-en opus-mt-en-es"
    )


@pytest.mark.usefixtures("no_hub")
def test_a_hub_that_does_not_answer_matters_only_where_a_model_is_wanted(
    wanted: EngineSettings,
) -> None:
    assert engines.examine_hub(wanted).level is Level.FINE
    auto = EngineSettings(EngineChoice("auto"), wanted.translator, wanted.detector, Path("x"))
    assert engines.examine_hub(auto).level is Level.WARNING


def test_a_hub_that_does_not_answer_does_not_matter_for_what_the_package_index_has(
    wanted: EngineSettings, tmp_path: Path
) -> None:
    """The tests' hub is one that does not answer."""
    auto = EngineChoice("auto")
    ears = EngineSettings(auto, wanted.translator, wanted.detector, tmp_path)
    assert engines.examine_hub(ears).level is Level.FINE
    both = EngineSettings(auto, auto, wanted.detector, tmp_path)
    finding = engines.examine_hub(both)
    assert finding.level is Level.WARNING
    assert "opus-mt-es-en, opus-mt-en-es cannot be downloaded" in finding.message


async def test_an_engine_without_the_words_is_broken(wanted: EngineSettings) -> None:
    mute = EngineChoice("fake", {"failing_word": "hola"})
    settings = EngineSettings(wanted.transcriber, mute, wanted.detector, wanted.models_dir)
    finding = await engines.examine_engine(settings, "translator")
    assert finding.level is Level.BROKEN
    assert "fails a tiny task" in finding.message


async def test_a_fallback_is_a_warning_that_says_why(wanted: EngineSettings) -> None:
    settings = EngineSettings(
        EngineChoice("none"), wanted.translator, EngineChoice("silero"), wanted.models_dir
    )
    finding = await engines.examine_engine(settings, "transcriber")
    assert finding.level is Level.WARNING
    assert "only typed text" in finding.mend
    assert (await engines.examine_engine(settings, "detector")).level is Level.FINE


def test_a_server_that_may_open_too_few_files_is_warned_with_the_way_out() -> None:
    few = machine.examine_descriptors(max_sessions=20_000)  # more than is required of any system
    assert (few.level, "160128 (ulimit -n" in few.mend) == (Level.WARNING, True)
    assert machine.examine_descriptors(max_sessions=0).level is Level.FINE


async def test_an_engine_with_a_bug_is_named_and_ends_no_examination(
    wanted: EngineSettings,
) -> None:
    rude = replace(wanted, translator=EngineChoice("tests.scenarios.engines.RudeTranslator"))
    assert (await engines.examine_engine(rude, "translator")).level is Level.BROKEN
    faulty = replace(wanted, transcriber=EngineChoice("tests.sessions_app.unwell.Faulty"))
    found = await engines.examine_engine(faulty, "transcriber")
    assert found.level is Level.BROKEN
    assert "KeyError in unwell.py, line " in found.message
    assert "secret" not in found.message


async def test_an_answer_that_is_none_and_a_silent_ear_are_broken(wanted: EngineSettings) -> None:
    async def told(kind: str, name: str) -> str:
        choice: Any = {kind: EngineChoice(f"tests.sessions_app.unwell.{name}")}
        return (await engines.examine_engine(replace(wanted, **choice), kind)).message

    assert "transcribe() returned str, not a Transcript." in await told(
        "transcriber", "CarelessEar"
    )
    assert "returned str, not a Translation." in await told("translator", "Careless")
    assert "gives no answer to a tiny task" in await told("transcriber", "Deaf")
    assert await told("transcriber", "Spanish") == "tests.sessions_app.unwell.Spanish (es)"


def test_without_esbuild_pages_work_with_more_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = machine.examine_esbuild()
    assert (finding.level, finding.mend[:19]) == (Level.WARNING, "apt install esbuild")
    program = tmp_path / "esbuild"
    program.touch(0o755)
    assert machine.examine_esbuild().level is Level.FINE

"""What was transcribed is printed, whatever ends it; the exit code says that it is not all."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.processes import children_of
from tests.server.running import ROOT, environment
from tests.sessions_app.management.test_transcribe import run, transcribe
from tests.sounds import say, silence, wav, wavpack

pytestmark = pytest.mark.slow

SENTENCE = say("hola mundo") + silence(0.7)
MANY = 90
"""Far more than can wait for the engine, in the decoder and in the pipes between."""


def fake(**options: object) -> str:
    return json.dumps({"BACKEND": "fake", "OPTIONS": options})


SLOW = fake(delay_seconds=0.1)


@contextmanager
def transcribing(
    directory: Path, content: bytes, *arguments: str, **choices: str
) -> Iterator["subprocess.Popen[str]"]:
    """Run it beside the test, on a file of this content."""
    path = directory / "talk.wav"
    path.write_bytes(content)
    command = [sys.executable, "manage.py", "transcribe", str(path), *arguments]
    env = environment(directory, LOG_LEVEL="WARNING", **choices)
    with subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def decoder_of(process: "subprocess.Popen[str]") -> int:
    """Return the process that decodes the file, once there is one that is not about to end."""
    began_at = time.monotonic()
    while process.poll() is None:
        if not _is_interruptible(process.pid):
            time.sleep(0.02)
            continue
        for child in children_of(process.pid):
            if b"decoding.worker" in _command_of(child) and _lasts(child, began_at):
                return child
        time.sleep(0.02)
    raise AssertionError("it ended before anything was decoded")


def _is_interruptible(pid: int) -> bool:
    """Return whether a process has a handler for SIGTERM, as the command has while it hears."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def _lasts(pid: int, began_at: float) -> bool:
    """Return whether a process is there for a while: the first only looks how long the file is.

    The longer it took to come to that, the busier the machine is, and the longer is a while.
    """
    time.sleep(max(1.5, (time.monotonic() - began_at) / 2))
    return bool(_command_of(pid))


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def sentences(printed: str, file_format: str) -> int:
    """Return how many sentences were printed, in a complete file of the format.

    The last one may be cut off after its first word.
    """
    if file_format == "json":
        exchanges = json.loads(printed)["exchanges"]
        assert {said["translated"] for said in exchanges} <= {"hello world", "hello"}
        return len(exchanges)
    end = "\n" if file_format == "text" else "\n\n"
    assert printed.endswith((f"hello world{end}", f"hello{end}"))
    return printed.count("hola mundo")


@pytest.mark.parametrize("file_format", ["text", "json", "srt", "vtt"])
def test_a_sentence_that_no_engine_hears_is_named_and_the_others_are_printed(
    tmp_path: Path, file_format: str
) -> None:
    sound = SENTENCE + say("agua") + silence(1) + SENTENCE
    code, printed, complaints = transcribe(
        *(tmp_path, wav(sound), f"--format={file_format}"),
        HABLA_TRANSCRIBER=fake(failing_word="agua"),
    )
    assert code == 1
    assert sentences(printed, file_format) == 2
    named, last = complaints.splitlines()[-2:]
    assert re.fullmatch(
        r"Utterance 2, 00:00:0[01]\.\d to 00:00:01\.[4-9]: "
        r"The fake transcriber was told to fail on this word\.",
        named,
    )
    assert last == "CommandError: Utterances that were not heard, or not translated: 1."


def test_a_sentence_that_is_not_translated_is_printed_and_named(tmp_path: Path) -> None:
    code, printed, complaints = transcribe(
        *(tmp_path, wav(SENTENCE + say("agua")), "--format=json"),
        HABLA_TRANSLATOR=fake(failing_word="agua"),
    )
    said = json.loads(printed)["exchanges"]
    assert [(one["source"], one["failure"]) for one in said] == [
        ("hola mundo", ""),
        ("agua", "translation_failed"),
    ]
    assert code == 1
    assert re.search(
        r"Utterance 2, 00:00:0[01]\.\d to 00:00:01\.\d: The fake translator", complaints
    )


def test_what_came_before_a_file_breaks_off_is_printed(tmp_path: Path) -> None:
    whole = wavpack(SENTENCE * 8)
    half = whole[: len(whole) // 2]
    code, printed, complaints = transcribe(tmp_path, half, "--format=srt", name="talk.wv")
    assert code == 1
    assert 2 < sentences(printed, "srt") < 6
    assert re.fullmatch(
        r"CommandError: It was heard up to 00:00:0\d\.\d only\. "
        r"This file cannot be read as sound\.\n",
        complaints,
    )


@pytest.mark.parametrize("file_format", ["text", "srt"])
def test_what_came_before_a_decoder_that_is_lost_is_printed(
    tmp_path: Path, file_format: str
) -> None:
    with transcribing(
        tmp_path, wav(SENTENCE * MANY), f"--format={file_format}", HABLA_TRANSCRIBER=SLOW
    ) as process:
        os.kill(decoder_of(process), signal.SIGKILL)
        printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 1 < sentences(printed, file_format) < MANY
    (last,) = complaints.splitlines()
    assert re.match(r"CommandError: It was heard up to 00:0\d:\d\d\.\d only\. This file", last)


@pytest.mark.parametrize(
    ("number", "file_format"),
    [(signal.SIGINT, "json"), (signal.SIGINT, "text"), (signal.SIGTERM, "vtt")],
)
def test_what_came_before_an_interruption_is_printed(
    tmp_path: Path, number: signal.Signals, file_format: str
) -> None:
    with transcribing(
        tmp_path, wav(SENTENCE * MANY), f"--format={file_format}", HABLA_TRANSCRIBER=SLOW
    ) as process:
        decoder_of(process)
        process.send_signal(number)
        printed, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints.splitlines()[-1]) == (130, "CommandError: Interrupted.")
    assert "Traceback" not in complaints
    assert 1 < sentences(printed, file_format) < MANY


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
@pytest.mark.parametrize("pause", [0.005, 1.3])
def test_who_interrupts_twice_is_given_what_came_before(
    tmp_path: Path, number: signal.Signals, pause: float
) -> None:
    with transcribing(
        tmp_path, wav(SENTENCE * MANY), "--format=srt", HABLA_TRANSCRIBER=SLOW
    ) as process:
        decoder_of(process)
        for _ in range(2):
            process.send_signal(number)
            time.sleep(pause)
            if process.poll() is not None:
                break
        printed, complaints = process.communicate(timeout=60)
    # a signal that comes while the interpreter ends finds no handler any more: a shell says 130 too
    assert process.returncode in (130, -number)
    assert "Traceback" not in complaints
    assert 1 < sentences(printed, "srt") < MANY


@pytest.mark.parametrize("arguments", [(), ("--format=json",)])
def test_where_nobody_reads_on_it_ends_and_complains_of_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with transcribing(tmp_path, wav(SENTENCE * 9), *arguments) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_the_system_refuses_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    code, printed, complaints = run(tmp_path, str(path))
    assert (code, printed) == (1, "")
    assert complaints == f"CommandError: {path}: File name too long.\n"

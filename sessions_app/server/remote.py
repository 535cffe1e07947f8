"""How a command reaches the serving process: whether one runs, and what it answers."""

import json
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessions_app.core.errors import HablaError
from sessions_app.server.control import short_path
from sessions_app.server.runfile import is_held, read_run_file


class NotRunningError(HablaError):
    """No server runs on this data directory."""

    code = "not_running"

    def __init__(self) -> None:
        super().__init__("No server is running.")


class NoAnswerError(HablaError):
    """The server runs but does not answer."""

    code = "no_answer"


@contextmanager
def server_descriptor(run_dir: Path) -> Iterator[int]:
    """Give a descriptor that is readable once the server's process is gone.

    Raises:
        NotRunningError: there is none.
    """
    facts = read_run_file(run_dir)
    if not is_held(run_dir) or "pid" not in facts:
        raise NotRunningError
    try:
        process = os.pidfd_open(int(facts["pid"]))
    except (ProcessLookupError, ValueError) as error:
        raise NotRunningError from error
    try:
        if not is_held(run_dir):  # it ended meanwhile: its process id may be another's by now
            raise NotRunningError
        yield process
    finally:
        os.close(process)


def wait_for_end(process: int, seconds: float) -> bool:
    """Wait up to ``seconds`` for the end of a process; return whether it came. Blocks."""
    return bool(select.select([process], [], [], max(seconds, 0))[0])


def answer_to(run_dir: Path, what: str, seconds: float) -> dict[str, Any]:
    """Return the server's single answer to ``what``. Blocks.

    Raises:
        NotRunningError: none runs.
        NoAnswerError: it does not answer, or took longer than ``seconds``, or ended meanwhile.
    """
    for answer in ask_server(run_dir, what, seconds):
        return answer
    raise NoAnswerError("The server ended, or hung up, before it had answered.")


def ask_server(run_dir: Path, what: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what the server answers to ``what``. Blocks.

    Raises:
        NotRunningError: none runs.
        NoAnswerError: it does not answer, or took longer than ``seconds`` for one answer.
    """
    if not is_held(run_dir):
        raise NotRunningError
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        try:
            with short_path(run_dir) as path:
                line.connect(path)
            line.sendall(json.dumps({"do": what}).encode() + b"\n")
            with line.makefile("rb") as answers:
                for answer in answers:
                    yield json.loads(answer)
        except (OSError, ValueError) as error:
            raise NoAnswerError("The server runs, but does not answer.") from error

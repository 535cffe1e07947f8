"""A fake of LM Studio's ``lms``, as a program: its daemon leaves its parent, as the real one does.

``fakelms.py DIRECTORY ...``: the directory holds its instructions (``plan.json``) and its state.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

FOREVER_SECONDS = 600
STEP_SECONDS = 0.02


class Fake:
    """The files in the directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.plan = json.loads((directory / "plan.json").read_text())

    def does(self, what: str) -> bool:
        """Return whether the plan says so, or a file that was created since."""
        return what in self.plan or (self.directory / what).exists()

    def note(self, name: str, text: str = "") -> None:
        """Write a line into a file of the directory."""
        with (self.directory / name).open("a") as file:
            file.write(f"{text}\n")

    def read(self, name: str) -> str:
        """Return a file of the directory, empty if there is none."""
        path = self.directory / name
        return path.read_text().strip() if path.exists() else ""


def daemon_up(fake: Fake) -> None:
    if fake.does("daemon_crashes"):
        raise SystemExit(1)
    if is_running(fake.read("daemon.pid")):
        return
    for name in ("port", "daemon.pid"):
        (fake.directory / name).unlink(missing_ok=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            run_daemon(fake)
        os._exit(0)
    if fake.does("up_hangs"):
        time.sleep(FOREVER_SECONDS)
    while not fake.read("daemon.pid"):
        time.sleep(STEP_SECONDS)


def is_running(pid: str) -> bool:
    """Return whether the process exists and is no zombie, which has no command line."""
    path = Path(f"/proc/{pid}/cmdline")
    return pid != "" and path.exists() and path.read_bytes() != b""


def run_daemon(fake: Fake) -> None:
    if fake.does("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for leaves_group in (False, True):
        if os.fork() == 0:  # an llmworker
            if leaves_group:
                os.setsid()
            time.sleep(FOREVER_SECONDS)
            os._exit(0)
    (fake.directory / "daemon.pid").write_text(str(os.getpid()))
    server: ThreadingHTTPServer | None = None
    while not fake.does("daemon_dies"):
        port = fake.read("port")
        if port and server is None:
            time.sleep(fake.plan.get("late", 0))
            server = listen(fake, int(port))
        elif not port and server is not None:
            server.shutdown()
            server.server_close()
            server = None
        time.sleep(STEP_SECONDS)
    os._exit(1)


def listen(fake: Fake, port: int) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), answering(fake))
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class Answering(BaseHTTPRequestHandler):
    """Answers requests as the plan says."""

    fake: Fake

    def do_GET(self) -> None:
        while self.fake.does("busy"):
            time.sleep(STEP_SECONDS)
        models = self.fake.plan["models"]
        if self.path == "/lmstudio-greeting":
            self.answer({"lmstudio": True})
        elif self.path == "/v1/models":
            self.answer({"data": [{"id": model} for model in models]})
        else:
            self.answer({"models": [state_of(self.fake, model) for model in models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.fake.note("asked", f"{self.path.rpartition('/')[2]} {next(iter(body.values()))}")
        while self.path.endswith("/load") and self.fake.does("load_hangs"):
            time.sleep(STEP_SECONDS)
        if self.path.endswith("/load"):
            is_known = body["model"] in self.fake.plan["models"]
            self.answer({"instance_id": body["model"]}, 200 if is_known else 404)
        else:
            self.answer({"instance_id": body["instance_id"]})

    def answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: Any) -> None:
        pass


def answering(fake: Fake) -> type[BaseHTTPRequestHandler]:
    return type("AnsweringFor", (Answering,), {"fake": fake})


def state_of(fake: Fake, model: str) -> dict[str, Any]:
    asked = [line for line in fake.read("asked").splitlines() if line.endswith(f" {model}")]
    is_loaded = bool(asked) and asked[-1].startswith("load ")
    return {"key": model, "loaded_instances": [{"id": model}] if is_loaded else []}


def server_start(fake: Fake, port: str) -> None:
    fake.note("starts")
    if fake.does("start_crashes"):
        raise SystemExit(1)
    if fake.does("start_hangs"):
        time.sleep(FOREVER_SECONDS)
    if not fake.does("never"):
        (fake.directory / "port").write_text(port)


def server_stop(fake: Fake) -> None:
    fake.note("stops")
    (fake.directory / "port").unlink(missing_ok=True)


def main() -> None:
    fake = Fake(Path(sys.argv[1]))
    match sys.argv[2:]:
        case ["daemon", "up"]:
            daemon_up(fake)
        case ["server", "start", "--port", port]:
            server_start(fake, port)
        case ["server", "stop"]:
            server_stop(fake)
        case _:
            raise SystemExit(2)


if __name__ == "__main__":
    main()

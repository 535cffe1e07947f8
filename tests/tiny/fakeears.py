"""A server on localhost that transcribes like the fake transcriber, by OpenAI's audio interface."""

import email.message
import email.parser
import email.policy
import io
import json
import threading
import wave
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sessions_app.engines.fake import SPANISH, hear


class FakeEars(ThreadingHTTPServer):
    """Serves ``/v1/models`` and ``/v1/audio/transcriptions`` while it is entered.

    ``formats`` are those it knows, ``refusal`` is what it answers to others. ``troubles`` are
    answers it gives first, one per request, and ``trouble`` is one it gives from then on: a status,
    or ``hang`` (until ``release`` is set), ``page`` (of HTML), ``cut`` (no answer at all).
    ``says`` is what it answers instead of a transcript, ``kind`` the type it names.
    ``fields`` lists what was asked, ``keys`` the authorization of each request.
    """

    daemon_threads = True

    def __init__(self, *, port: int = 0, formats: tuple[str, ...] = ("verbose_json",)) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.formats = formats
        self.refusal = HTTPStatus.BAD_REQUEST
        self.trouble: HTTPStatus | str | None = None
        self.says: bytes | None = None
        self.kind = ""
        self.troubles: list[HTTPStatus | str] = []
        self.fields: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.connections = 0
        self.release = threading.Event()
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> "FakeEars":
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.shutdown()
        self._serving.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that went away."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeEars

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self._send(HTTPStatus.OK, {"object": "list", "data": [{"id": "tones"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/audio/transcriptions":
            self._send(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})
            return
        fields, sound = _parts(self.headers["content-type"], body)
        self.server.fields.append(fields)
        self.server.keys.append(self.headers["authorization"])
        troubles = self.server.troubles
        trouble = troubles.pop(0) if troubles else self.server.trouble
        if trouble == "cut":
            self.close_connection = True
        elif trouble == "page":
            self._send_bytes(HTTPStatus.OK, b"<html>Log in first.</html>")
        elif isinstance(trouble, HTTPStatus):
            self._send(trouble, {"error": {"message": "as it was told"}})
        elif fields.get("response_format", "") not in self.server.formats:
            self._send(self.server.refusal, {"error": {"message": "unknown format"}})
        else:
            if trouble == "hang":
                self.server.release.wait(10)
            self._answer(fields, sound)

    def _answer(self, fields: dict[str, str], sound: bytes) -> None:
        if self.server.says is not None:
            self._send_bytes(HTTPStatus.OK, self.server.says)
        elif fields.get("response_format") == "text":
            self._send_bytes(HTTPStatus.OK, f"{_heard(fields, sound)['text']}\n".encode())
        else:
            self._send(HTTPStatus.OK, _heard(fields, sound))

    def _send(self, status: HTTPStatus, answer: Any) -> None:
        self._send_bytes(status, json.dumps(answer).encode())

    def _send_bytes(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        if self.server.kind:
            self.send_header("content-type", self.server.kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _parts(content_type: str, body: bytes) -> tuple[dict[str, str], bytes]:
    parser = email.parser.BytesParser(email.message.EmailMessage, policy=email.policy.HTTP)
    message = parser.parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    fields, sound = {}, b""
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_content()
        if name == "file":
            sound = content
        else:
            fields[str(name)] = str(content).strip()
    return fields, sound


def _heard(fields: dict[str, str], sound: bytes) -> dict[str, Any]:
    with wave.open(io.BytesIO(sound)) as file:
        words = hear(file.readframes(file.getnframes()))
    if fields.get("response_format") != "verbose_json":
        return {"text": " ".join(words)}
    language = "spanish" if words and words[0] in SPANISH else "english"
    segments = [{"avg_logprob": -0.1, "no_speech_prob": 0.02, "compression_ratio": 1.1}]
    return {"text": " ".join(words), "language": language, "segments": segments if words else []}

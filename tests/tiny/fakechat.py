"""A server on localhost that translates like the fake translator, by OpenAI's chat interface."""

import json
import select
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from sessions_app.engines.fake import ENGLISH, SPANISH
from sessions_app.engines.llm.model_choice import GREETING

BOTH_WAYS = {**dict(zip(SPANISH, ENGLISH, strict=True)), **dict(zip(ENGLISH, SPANISH, strict=True))}
USAGE = {"prompt_tokens": 200, "completion_tokens": 50, "total_tokens": 250}
NOT_FOUND = (HTTPStatus.NOT_FOUND, {"error": "404 page not found"})


class FakeChat(ThreadingHTTPServer):
    """Serves ``/v1/models`` and ``/v1/chat/completions`` while it is entered.

    ``formats`` are the types of ``response_format`` it accepts (``bare``: it accepts nothing but
    model and messages), ``refusal`` what it answers to others. ``troubles`` are answers it gives
    first, one per request: a status (with ``retry_after``), ``hang`` (until ``release`` is set),
    ``cut`` (no answer at all), the text of a model, or a whole choice. ``asked`` lists the bodies,
    ``keys`` the authorization of each, ``answered`` counts those that were answered, ``aborted``
    answers that nobody waited for, and ``greeted`` lists the models that were only asked to load.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        *,
        port: int = 0,
        formats: tuple[str, ...] = ("json_schema", "text"),
        refusal: HTTPStatus = HTTPStatus.BAD_REQUEST,
        models: tuple[str, ...] = ("text-embedding-nomic", "parrot"),
    ) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.formats = formats
        self.refusal = refusal
        self.models = models
        self.troubles: list[HTTPStatus | str | dict[str, Any]] = []
        self.retry_after: str | None = "0"
        self.asked: list[dict[str, Any]] = []
        self.greeted: list[str] = []
        self.keys: list[str | None] = []
        self.connections = 0
        self.aborted = 0
        self.answered = 0
        self.holds_streams_after: int | None = None
        """After how many words a stream waits until ``release`` is set."""
        self.release = threading.Event()
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def formats_asked(self) -> list[str]:
        return [body.get("response_format", {"type": "text"})["type"] for body in self.asked]

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.shutdown()
        self._serving.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that went away."""

    def prepare(self, path: str, body: dict[str, Any] | None, connection: Any) -> Any:
        """Return the answer to a request that is no sentence to translate; None: it is one.

        The answer is a status, and the content of the JSON. Raises ConnectionError where the client
        has left.
        """
        if body is None:
            models = [{"id": name, "object": "model"} for name in self.models]
            is_list = path.endswith("/v1/models")
            return (HTTPStatus.OK, {"object": "list", "data": models}) if is_list else NOT_FOUND
        if not path.endswith("/v1/chat/completions"):
            return NOT_FOUND
        if body["messages"] == GREETING:
            self.greeted.append(body["model"])
            message = {"role": "assistant", "content": "Ho"}
            return HTTPStatus.OK, {"choices": [{"message": message, "finish_reason": "length"}]}
        return None

    def wait(self, connection: Any) -> bool:
        """Return whether the client is still there when ``release`` is set."""
        while not self.release.wait(0.005):
            # a client that waits sends nothing: what can be read is the end of the connection
            if select.select([connection], [], [], 0)[0]:
                self.aborted += 1
                return False
        return True


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeChat

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self._send(*self.server.prepare(self.path, None, self.connection))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            answer = self.server.prepare(self.path, body, self.connection)
        except ConnectionError:
            self.close_connection = True
            return
        if answer is not None:
            self._send(*answer)
            return
        self.server.asked.append(body)
        self.server.keys.append(self.headers["authorization"])
        trouble = self.server.troubles.pop(0) if self.server.troubles else None
        if trouble == "cut":
            self.close_connection = True
        elif isinstance(trouble, HTTPStatus):
            self._send(trouble, {"error": {"message": "The key sk-secret cannot do that."}})
        elif not self._takes(body):
            self._send(self.server.refusal, {"error": "'response_format.type' must be another"})
        elif trouble == "hang" and not self.server.wait(self.connection):
            self.close_connection = True
        elif body.get("stream"):
            self._stream(_say(body) if trouble in (None, "hang") else str(trouble))
        else:
            said = _answer(body) if trouble in (None, "hang") else trouble
            self._send(HTTPStatus.OK, {"choices": [_choice(said)], "usage": USAGE})
        self.server.answered += 1

    def _takes(self, body: dict[str, Any]) -> bool:
        if self.server.formats == ("bare",):
            return body.keys() <= {"model", "messages", "stream"}
        return body.get("response_format", {"type": "text"})["type"] in self.server.formats

    def _send(self, status: HTTPStatus, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if status >= HTTPStatus.BAD_REQUEST and self.server.retry_after is not None:
            self.send_header("retry-after", self.server.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, said: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, word in enumerate(said.split(" ")):
            if number == self.server.holds_streams_after and not self.server.wait(self.connection):
                self.close_connection = True
                return
            delta = {"content": word if number == 0 else f" {word}"}
            self._event(json.dumps({"choices": [{"index": 0, "delta": delta}]}))
        self._event(json.dumps({"choices": [], "usage": USAGE}))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the transcript in a request."""
    data: dict[str, Any] = json.loads(body["messages"][-1]["content"])
    return data


def _say(body: dict[str, Any]) -> str:
    data = data_of(body)
    if "say" not in data:
        return "greetings and household words"
    return " ".join(BOTH_WAYS.get(word.lower(), word) for word in data["say"].split())


def _choice(said: Any) -> dict[str, Any]:
    """Return the choice with the text ``said``; a whole choice unchanged."""
    message = {"role": "assistant", "content": said}
    whole: Any = {"index": 0, "message": message, "finish_reason": "stop"}
    choice: dict[str, Any] = said if isinstance(said, dict) else whole
    return choice


def _answer(body: dict[str, Any]) -> str:
    data = data_of(body)
    if "say" not in data:
        return _say(body)
    answer = {"corrected": data["say"], "translated": _say(body), "phrases": [], "confidence": 0.9}
    return json.dumps(answer, ensure_ascii=False)

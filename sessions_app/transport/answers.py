"""Error responses of the server itself: plain text, or JSON for REST routes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

from sessions_app.core.descriptors import EXHAUSTED
from sessions_app.transport.response_headers import HSTS, PERMISSIONS, PRIVATE

API_PREFIX = b"/api/"
CODES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_big",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too_big",
    HTTPStatus.REQUEST_URI_TOO_LONG: "too_big",
    HTTPStatus.REQUEST_TIMEOUT: "too_slow",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
}
"""Error codes by status; any other status has its own name as its code."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """Why a request is refused just now, where the status alone does not say it."""

    code: str
    message: str
    again_seconds: int
    """When to try again."""


NO_FILES = RefusalReason("too_many_files", EXHAUSTED, again_seconds=5)


def error_answer(
    path: bytes, status: int, reason: RefusalReason | None = None
) -> tuple[Headers, bytes]:
    """Return the headers and the body of an error response to a request for ``path``."""
    known = HTTPStatus(status)
    message = known.phrase if reason is None else reason.message
    if path.startswith(API_PREFIX):
        code = CODES.get(known, known.name.lower()) if reason is None else reason.code
        body = json.dumps({"code": code, "message": message}).encode()
        kind = b"application/json; charset=utf-8"
    else:
        body = f"{known.value} {message}\n".encode()
        kind = b"text/plain; charset=utf-8"
    again = [] if reason is None else [(b"Retry-After", b"%d" % reason.again_seconds)]
    return [
        *again,
        *([(b"Strict-Transport-Security", HSTS.encode())] if settings.IS_HTTPS else []),
        (b"Content-Type", kind),
        (b"Content-Length", b"%d" % len(body)),
        (b"Cache-Control", PRIVATE.encode()),
        (b"Permissions-Policy", PERMISSIONS.encode()),
        (b"Referrer-Policy", settings.SECURE_REFERRER_POLICY.encode()),
        (b"Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY.encode()),
        (b"X-Frame-Options", settings.X_FRAME_OPTIONS.encode()),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"Server", b"habla"),
    ], body


def error_answer_bytes(
    path: bytes,
    status: int,
    more: Iterable[tuple[str, str]] = (),
    reason: RefusalReason | None = None,
) -> bytes:
    """Return all bytes of such a response, after which the connection is closed."""
    headers, body = error_answer(path, status, reason)
    headers += [(name.encode("latin1"), value.encode("latin1")) for name, value in more]
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % pair for pair in [*headers, (b"Connection", b"close")]]
    return b"\r\n".join([*lines, b"", body])

"""A client that reads a response at a given rate, over a plain socket."""

import socket
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.lifecycle.invariants import DATABASE
from tests.server.running import Running

RECEIVE_BYTES = 16 * 1024
"""Size of the client's own buffer: what is not read stays in the server."""


def keep_sound(data_dir: Path, sound: bytes, user: str = "owner") -> str:
    """Store a recording of ``user`` with ``sound`` in a data directory; return its id."""
    recording_id = str(uuid.uuid4())
    place = data_dir / "recordings" / recording_id[:2] / recording_id
    place.mkdir(parents=True)
    (place / "sound.wav").write_bytes(sound)
    values = {
        "id": recording_id.replace("-", ""),
        "title": "",
        "directory": "",
        "salvager": "",
        "catch_up": "",
        "marks": "[]",
        "state": "complete",
        "started_at": "2026-01-01 10:00:00",
        "encoding": "pcm-s16le",
        "sample_rate": 16_000,
        "direction": "es_to_en",
        "mode": "conversation",
        "duration_seconds": 1.0,
        "bytes": len(sound),
        "has_sound": True,
        "is_bookmarked": False,
    }
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=10)) as database, database:
        whose = "select id from auth_user where username = ?"
        (values["user_id"],) = database.execute(whose, [user]).fetchone()
        database.execute(
            f"insert into sessions_app_recording ({', '.join(values)})"
            f" values ({', '.join('?' * len(values))})",
            list(values.values()),
        )
    return recording_id


def ask(server: Running, path: str, *headers: str) -> socket.socket:
    """Return a socket on which ``path`` has been requested, and nothing was read."""
    place = urlsplit(server.address)
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    wire.settimeout(20)
    wire.connect((place.hostname, place.port))
    lines = (f"GET {path} HTTP/1.1", f"Host: {place.netloc}", "Connection: close", *headers)
    wire.sendall("\r\n".join([*lines, "", ""]).encode())
    return wire


def read_all(wire: socket.socket, *, rate: float = 0) -> tuple[str, bytes]:
    """Return the head and the body of a response; ``rate``: bytes per second, 0: unlimited.

    Closes the socket.
    """
    came = bytearray()
    with wire:
        while chunk := wire.recv(65_536):
            came += chunk
            if rate:
                time.sleep(len(chunk) / rate)
    head, _, body = bytes(came).partition(b"\r\n\r\n")
    return head.decode("latin1"), body

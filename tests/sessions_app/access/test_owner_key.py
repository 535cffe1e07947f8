"""The owner key: where it is required, how it is sent, and who cannot use it."""

import hashlib
import hmac
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from sessions_app.access.authentication import caller_in, is_from_owner, owner_hint, user_for
from sessions_app.access.owner_key import is_kept_in_journal, owner_key
from sessions_app.config import conf
from sessions_app.core.caller import PeerUser
from tests.sessions_app.kept import carrying_key, the_owner

pytestmark = pytest.mark.django_db
HOME = {"host": "localhost:8000"}


def browser(**cookies: str) -> Client:
    """Return a browser whose user the system does not know."""
    client = Client(headers=HOME)
    for name, value in cookies.items():
        client.cookies[name] = value
    return client


def scope(peer_user: PeerUser, **headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), text.encode()) for name, text in (HOME | headers).items()]
    client = ["127.0.0.1", 5000]
    return {"type": "websocket", "client": client, "headers": pairs, "habla.peer_user": peer_user}


# --- the key itself


def test_the_key_is_made_once_and_nobody_else_may_read_it() -> None:
    key = owner_key()
    assert (owner_key(), len(key)) == (key, 43)
    file = conf.data_dir() / "owner_key"
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text()) == (0o600, key)


@pytest.mark.parametrize("left", [b"", b"\n", b"clave-se\xc3\xb1orial"])
def test_a_file_without_a_key_lets_nobody_in(left: bytes) -> None:
    file = conf.data_dir() / "owner_key"
    file.write_bytes(left)
    try:
        with pytest.raises(OSError, match="delete it to get a new one"):
            owner_key()
        name = f"owner_key_{hashlib.sha256(b'').hexdigest()[:8]}"
        forged = hmac.new(b"", b"cookie", hashlib.sha256).hexdigest()
        assert user_for(scope(PeerUser.UNKNOWN, cookie=f"{name}={forged}")) is None
        assert user_for(scope(PeerUser.UNKNOWN, authorization="Bearer ")) is None
        assert browser(**{name: forged}).get("/?key=").status_code == 403
        assert owner_hint("http://127.0.0.1:8000") == ""
    finally:
        file.unlink()


def test_each_data_directory_has_its_own(settings: Any, tmp_path: Path) -> None:
    before = owner_key()
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    assert owner_key() != before


@pytest.mark.parametrize(
    ("listening", "address"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/?key="),
        ("http://0.0.0.0:8001", "http://127.0.0.1:8001/?key="),
        ("http://[::]:8001", "http://127.0.0.1:8001/?key="),
        ("http://[::1]:8001", "http://[::1]:8001/?key="),
        ("http://localhost:8001", "http://localhost:8001/?key="),
    ],
)
def test_the_printed_address_has_it(listening: str, address: str) -> None:
    assert owner_hint(listening) == f"On this machine open {address}{owner_key()}"


def test_no_address_is_printed_where_it_would_not_help(settings: Any) -> None:
    assert owner_hint("http://192.168.1.7:8000") == ""
    settings.HABLA = settings.HABLA | {"OWNER": "off"}
    assert owner_hint("http://127.0.0.1:8000") == ""


def test_it_is_not_printed_into_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, ours = socket.socketpair()
    with journal, ours:
        found = os.fstat(ours.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert is_kept_in_journal(ours.fileno())
        assert not is_kept_in_journal(journal.fileno())
        told = owner_hint("http://127.0.0.1:8000", printed_to=ours.fileno())
    assert told == "`manage.py status` prints the address that has the owner's key."


# --- where the system does not say whose process asks


def test_without_the_key_one_must_log_in() -> None:
    assert browser().get("/history/").status_code == 302
    assert user_for(scope(PeerUser.UNKNOWN)) is None


def test_the_address_with_the_key_lets_the_browser_in_and_leaves_no_key_behind() -> None:
    visitor = browser()
    answer = visitor.get(f"/?key={owner_key()}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "no-store" in answer.headers["Cache-Control"]
    (cookie,) = answer.cookies.values()
    assert cookie.key.startswith("owner_key_")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert owner_key() not in cookie.value
    assert visitor.get("/history/").context["user"] == the_owner()
    assert visitor.get("/admin/").status_code == 200
    assert user_for(scope(PeerUser.UNKNOWN, cookie=f"{cookie.key}={cookie.value}")) == the_owner()


def test_a_program_carries_it_in_a_header() -> None:
    assert browser().get("/api/sessions", headers=carrying_key()).status_code == 200
    assert user_for(scope(PeerUser.UNKNOWN, **carrying_key())) == the_owner()


@pytest.mark.parametrize("key", ["", "x", "None", "é" * 43])
def test_a_wrong_key_opens_nothing(key: str) -> None:
    visitor = browser()
    answer = visitor.get("/", {"key": key})
    assert answer.status_code == 403
    assert answer.cookies.keys() <= {settings.CSRF_COOKIE_NAME}
    assert visitor.get("/history/").status_code == 302
    headers = {"authorization": f"Bearer {key}"}
    assert browser().get("/api/sessions", headers=headers).status_code == 401


def test_a_cookie_of_another_data_directory_opens_nothing(settings: Any, tmp_path: Path) -> None:
    visitor = browser()
    visitor.get(f"/?key={owner_key()}")
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    assert visitor.get("/history/").status_code == 302


@pytest.mark.parametrize(
    "sent_on",
    [
        {"x-forwarded-for": "203.0.113.7"},
        {"host": "evil.example"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_the_key_is_taken_at_home_only(settings: Any, sent_on: dict[str, str]) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    sent = HOME | carrying_key() | sent_on
    assert Client(headers=sent).get("/api/sessions").status_code == 401
    assert Client(headers=sent).get(f"/?key={owner_key()}").cookies.keys() <= {
        settings.CSRF_COOKIE_NAME
    }


def test_another_user_of_the_machine_cannot_use_a_key_that_a_browser_gave_away() -> None:
    assert not is_from_owner(caller_in(scope(PeerUser.ANOTHER, **carrying_key())))

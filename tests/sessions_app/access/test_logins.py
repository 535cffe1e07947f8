"""Whose login is over, and when a database without users proves nothing about that."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F
from django.test import Client
from django.utils import timezone

from sessions_app.access.logins import Login, ended_logins, login_for
from sessions_app.core.caller import PeerUser
from sessions_app.server.database_guard import DatabaseGuard
from sessions_app.server.heartbeat import check_rows
from sessions_app.store.database.identity import identity
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import House

pytestmark = pytest.mark.django_db(transaction=True)


def scope(cookie: str) -> dict[str, Any]:
    """Return what is known of a WebSocket from this machine with a session's cookie."""
    pair = f"{settings.SESSION_COOKIE_NAME}={cookie}"
    headers = [(b"host", b"localhost:8000"), (b"cookie", pair.encode())]
    client = ["127.0.0.1", 5000]
    return {
        "type": "websocket",
        "client": client,
        "headers": headers,
        "habla.peer_user": PeerUser.OURS,
    }


def log_in() -> Login | None:
    browser = Client()
    browser.force_login(User.objects.create_user("eva"))
    return login_for(scope(browser.cookies[settings.SESSION_COOKIE_NAME].value))


def let_it_expire() -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


async def test_a_login_that_expires_is_over_though_its_row_is_there() -> None:
    login = await sync_to_async(log_in)()
    assert login is not None
    assert login.session_key
    logins = {uuid4(): login}
    assert await ended_logins(logins) == set()
    await sync_to_async(let_it_expire)()
    assert await ended_logins(logins) == logins.keys()


def test_a_cookie_that_is_no_key_is_none() -> None:
    for cookie in (r'"a\000b"', "a" * 5_000, "'", "%00"):
        login = login_for(scope(cookie))
        assert login is not None
        assert (login.session_key, login.is_operator) == ("", True)


def become_another(hours: int, *, is_active: bool) -> None:
    """Replace the database by one that was made at another time, maybe without users."""
    first = MigrationRecorder.Migration.objects.order_by("pk")[:1]
    moved = MigrationRecorder.Migration.objects.filter(pk__in=[row.pk for row in first])
    moved.update(applied=F("applied") + timedelta(hours=hours))
    User.objects.update(is_active=is_active)


async def test_a_database_that_is_not_ours_any_more_logs_nobody_out(
    house: House, connect: Connect
) -> None:
    said: list[str] = []
    guard = DatabaseGuard(house.registry, said.append)
    async with connect() as browser:
        session = house.registry.sessions[UUID(browser.told("ready")[0]["session_id"])]
        assert await guard.is_right()
        await database_thread.run(become_another, 1, is_active=False)
        try:
            await check_rows(house.registry, guard, is_beat=False)
            assert identity.trouble == "The database was replaced by another while the server ran."
            assert session.is_open
        finally:
            identity.trouble = ""
            await database_thread.run(become_another, -1, is_active=True)
        assert await guard.is_right()
        await check_rows(house.registry, guard, is_beat=False)
        assert session.is_open
        identity.reset()
        await database_thread.run(become_another, 0, is_active=False)
        await check_rows(house.registry, guard, is_beat=False)
        assert not session.is_open

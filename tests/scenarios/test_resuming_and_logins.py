"""A ticket is good with a good login of its user: the session goes on with the login of the day."""

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client as Browser

from sessions_app.models import Exchange, Resumption, TranslationSession
from sessions_app.server.database_guard import DatabaseGuard
from sessions_app.server.heartbeat import check_rows
from sessions_app.store.database.write_behind import behind
from sessions_app.store.resumptions import login_hash
from tests.conftest import Connect
from tests.house import House, eventually
from tests.resuming import LOST, resuming

ELSEWHERE = "192.0.2.7"
"""Not the owner's machine: here a login is needed."""


def log_in(user: User) -> str:
    """Return the cookie of a new login."""
    browser = Browser()
    browser.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def key_of(cookie: str) -> str:
    """Return the key of a login."""
    return cookie.partition("=")[2]


def log_out(_: User, cookie: str) -> None:
    Session.objects.filter(pk=key_of(cookie)).delete()


def change_the_password(user: User, _: str) -> None:
    user.set_password("another long word")
    user.save()


def deactivate(user: User, _: str) -> None:
    user.is_active = False
    user.save()


def delete(user: User, _: str) -> None:
    user.delete()


@pytest.fixture
def eva(transactional_db: None) -> User:
    return User.objects.create_user("eva", password="a long word")


async def look(house: House) -> None:
    """Look after the rows once, as a server does each second."""
    await check_rows(house.registry, DatabaseGuard(house.registry, print), is_beat=False)


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.order_by("started_at")]


@pytest.mark.parametrize("end", [log_out, change_the_password])
async def test_a_new_login_does_not_open_what_the_old_one_left(
    house: House, connect: Connect, eva: User, end: Callable[[User, str], None]
) -> None:
    cookie = await sync_to_async(log_in)(eva)
    async with connect(resumable="1", peer=ELSEWHERE, cookie=cookie) as first:
        await first.leave(LOST)
    await sync_to_async(end)(eva, cookie)
    again = await sync_to_async(log_in)(eva)  # sooner than the server looks after the logins
    async with resuming(connect, first, peer=ELSEWHERE, cookie=again) as second:
        await second.until("error", code="resume_unknown")
        ready = await second.until("ready")
        assert ready["session_id"] != first.told("ready")[0]["session_id"]
        await second.leave()
    await eventually(lambda: not house.registry.sessions)
    assert await reasons() == ["logged_out", "client_left"]


async def test_who_comes_back_with_another_login_goes_on_with_that_one(
    house: House, connect: Connect, eva: User
) -> None:
    old = await sync_to_async(log_in)(eva)
    new = await sync_to_async(log_in)(eva)
    async with connect(resumable="1", peer=ELSEWHERE, cookie=old) as first:
        await first.leave(LOST)
    async with resuming(connect, first, peer=ELSEWHERE, cookie=new) as second:
        await second.until("resumed")
        await behind.join()
        assert (await Resumption.objects.aget()).login_hash == login_hash(key_of(new))
        await sync_to_async(log_out)(eva, old)
        await look(house)
        await second.say("text_input", text="hola", command=1)
        await second.until("translation")
        await sync_to_async(log_out)(eva, new)
        await look(house)
        assert await second.close_code() == 4401
    assert await reasons() == ["logged_out"]
    assert [row.source async for row in Exchange.objects.all()] == ["hola"]


@pytest.mark.parametrize("end", [log_out, change_the_password, deactivate, delete])
async def test_sessions_whose_clients_are_away_end_with_the_login(
    house: House, connect: Connect, eva: User, end: Callable[[User, str], None]
) -> None:
    cookie = await sync_to_async(log_in)(eva)
    visits = []
    for _ in range(2):
        async with connect(resumable="1", peer=ELSEWHERE, cookie=cookie) as browser:
            await browser.leave(LOST)
        visits.append(browser)
    assert [s.state for s in house.registry.sessions.values()] == ["detached"] * 2
    await look(house)
    assert len(house.registry.sessions) == 2
    await sync_to_async(end)(eva, cookie)
    await look(house)
    await eventually(lambda: not house.registry.sessions)
    await behind.join()
    assert await reasons() == ([] if end is delete else ["logged_out"] * 2)
    assert await Resumption.objects.acount() == 0

"""The live sessions of a user who logs out, is deactivated or changes the password end at once."""

import asyncio
import random
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.house import eventually
from tests.lifecycle.invariants import MEGABYTE
from tests.server.browsing import Tab, change_password, rows, tab
from tests.server.running import Running, environment, manage, running
from tests.server.slowclient import ask, keep_sound, read_all
from tests.server.visitor import Visitor, visitor
from tests.sounds import say

PROMISED_SECONDS = 2.0
SOUND = random.Random(4).randbytes(24 * MEGABYTE)
"""More than the buffers hold between a server and a client that does not read."""
End = Callable[[Tab, Path], Awaitable[object]]


@pytest.fixture
def data_dir(peopled_dir: Path) -> Path:
    return peopled_dir


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[Running]:
    async with running(data_dir, HABLA_OWNER="off") as serving:
        yield serving


async def log_out(eva: Tab, data_dir: Path) -> None:
    """Log out in another tab, which has the same cookies."""
    async with tab(eva.address, Cookie=eva.cookies) as another:
        assert (await another.send("/logout/", page="/history/")).status_code == 302


async def change_by_command(eva: Tab, data_dir: Path) -> None:
    code, output = await change_password(data_dir, "eva", "another horse battery")
    assert code == 0, output


async def change_on_the_page(eva: Tab, data_dir: Path) -> None:
    async with tab(eva.address, Cookie=eva.cookies) as another:
        answer = await another.send(
            "/admin/password_change/",
            old_password="correct horse battery",
            new_password1="another horse battery",
            new_password2="another horse battery",
        )
        assert answer.status_code == 302


async def deactivate_in_the_admin(eva: Tab, data_dir: Path) -> None:
    """Untick "active" on eva's page in the admin, as root, and save."""
    user = rows(data_dir, "SELECT id FROM auth_user WHERE username = 'eva'")[0][0]
    fields = {"username": "eva", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    async with tab(eva.address) as root:
        await root.log_in("root")
        answer = await root.send(f"/admin/auth/user/{user}/change/", **fields)
        assert answer.status_code == 302, answer.text


def _states(data_dir: Path) -> list[str]:
    return [
        state for (state,) in rows(data_dir, "SELECT state FROM sessions_app_translationsession")
    ]


async def _told_how_it_ends(guest: Visitor) -> tuple[int | None, list[str], float]:
    """Return the close code, the kinds of the last two messages, and the time."""
    code = await guest.close_code()
    last = [message["type"] for message in guest.heard[-2:]]
    return code, last, asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    "end", [log_out, change_by_command, change_on_the_page, deactivate_in_the_admin]
)
async def test_whose_login_ends_is_gone_and_what_was_said_is_kept(
    server: Running, data_dir: Path, end: End
) -> None:
    async with tab(server.address) as eva:
        assert (await eva.log_in("eva")).status_code == 302
        async with eva.speaking() as guest:
            await guest.listen(say("hola mundo"))
            await guest.until("speech_started")
            waiting = asyncio.create_task(_told_how_it_ends(guest))
            await end(eva, data_dir)
            ended_at = asyncio.get_running_loop().time()
            code, last, closed_at = await waiting
            assert (code, last) == (4401, ["error", "closed"])
            assert guest.told("error")[-1]["code"] == "login_required"
            assert guest.told("error")[-1]["fatal"] is True
            assert guest.heard[-1]["reason"] == "logged_out"
            assert closed_at - ended_at < PROMISED_SECONDS
    # nobody could be told any more, but it is stored nevertheless
    await eventually(lambda: _states(data_dir) == ["closed"])
    assert rows(data_dir, "SELECT source FROM sessions_app_exchange") == [("hola mundo",)]
    query = "SELECT reason, close_count, unfinished_samples FROM sessions_app_translationsession"
    assert rows(data_dir, query) == [("logged_out", 1, 0)]


async def test_what_is_sent_after_the_login_ended_is_refused(
    server: Running, data_dir: Path
) -> None:
    async with tab(server.address) as eva:
        await eva.log_in("eva")
        async with eva.speaking() as guest:
            await log_out(eva, data_dir)
            await guest.until("closed")
            await guest.send('{"type": "text_input", "text": "hola"}')
            assert await guest.close_code() == 4401
            assert guest.told("translation") == []
    await eventually(lambda: _states(data_dir) == ["closed"])
    assert rows(data_dir, "SELECT count(*) FROM sessions_app_exchange") == [(0,)]


async def test_others_and_other_logins_of_the_same_user_go_on(
    server: Running, data_dir: Path
) -> None:
    async with (
        tab(server.address) as eva,
        tab(server.address) as phone,
        tab(server.address) as root,
    ):
        for one, name in ((eva, "eva"), (phone, "eva"), (root, "root")):
            await one.log_in(name)
        async with eva.speaking() as guest, phone.speaking() as elsewhere, root.speaking() as other:
            await log_out(eva, data_dir)
            assert await guest.close_code() == 4401
            for speaker in (elsewhere, other):
                await speaker.type_and_hear("hola")


@pytest.mark.parametrize("end", [log_out, deactivate_in_the_admin])
async def test_a_download_ends_with_its_login_and_no_other(
    server: Running, data_dir: Path, end: End
) -> None:
    async with tab(server.address) as eva, tab(server.address) as root:
        wires = []
        for one, name in ((eva, "eva"), (root, "root")):
            await one.log_in(name)
            path = f"/api/recordings/{keep_sound(data_dir, SOUND, name)}/audio"
            wires.append(ask(server, path, f"Cookie: {one.cookies}"))
        with wires[0] as hers, wires[1] as another:
            await asyncio.to_thread(hers.recv, 1000)
            await end(eva, data_dir)
            ended_at = asyncio.get_running_loop().time()
            await eventually(lambda: is_hung_up(hers))
            assert asyncio.get_running_loop().time() - ended_at < PROMISED_SECONDS
            head, body = await asyncio.to_thread(read_all, another)
        assert " 200 " in head
        assert body == SOUND


def is_hung_up(wire: socket.socket) -> bool:
    """Return whether the server has dropped a connection, even with data that was not read."""
    poll = select.poll()
    poll.register(wire, 0)
    return bool(poll.poll(0))


async def test_the_owner_at_the_machine_goes_on_with_a_new_password_but_not_deactivated(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as owner:
        await owner.type_and_hear("hola")
        code, output = await change_password(data_dir, "owner", "another horse battery")
        assert code == 0, output
        # three looks, one per second
        async with asyncio.timeout(30):
            for word in ("hola", "mundo", "gracias"):
                await asyncio.sleep(1)
                await owner.type_and_hear(word)
        env = environment(data_dir)
        script = (
            "from django.contrib.auth.models import User as U; U.objects.update(is_active=False)"
        )
        code, output = await manage("shell", "-c", script, env=env)
        assert code == 0, output
        assert await owner.close_code() == 4401

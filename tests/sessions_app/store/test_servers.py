"""Server processes record that they live and that they leave; a trial write leaves no trace."""

from dataclasses import replace

import pytest

from sessions_app.models import Server
from sessions_app.store import servers
from sessions_app.store.database.thread import database_thread
from sessions_app.store.servers import TRIAL, ServerProcess

pytestmark = pytest.mark.django_db(transaction=True)

ONE = ServerProcess("one-1", "here", 1, "http://127.0.0.1:1", "/run/one", "a", "serving", 0)
OTHER = replace(ONE, boot="other-1", pid=2)
AGAIN = replace(ONE, boot="one-2", pid=3)


async def boots() -> list[str]:
    return sorted([row["boot"] for row in await database_thread.run(servers.list_servers, "one-1")])


async def test_who_leaves_is_told_of_no_more_and_did_not_die() -> None:
    for process in (ONE, OTHER):
        assert await servers.record_heartbeat(process) == []
    assert await boots() == ["one-1", "other-1"]
    await servers.remove_server(ONE.boot)
    assert await boots() == ["other-1"]
    await servers.remove_server(ONE.boot)  # nobody minds
    assert await servers.record_heartbeat(OTHER) == []
    assert await servers.record_heartbeat(AGAIN) == []


async def test_who_died_is_told_of_once_to_the_next_on_its_directory() -> None:
    for process in (ONE, OTHER):
        await servers.record_heartbeat(process)
    assert await servers.record_heartbeat(AGAIN) == ["one-1"]
    assert await servers.record_heartbeat(AGAIN) == []
    assert await boots() == ["one-2", "other-1"]


async def test_viewers_elsewhere_are_those_of_all_other_processes_that_live() -> None:
    assert await servers.viewers_elsewhere("one-1") == {}
    await servers.record_heartbeat(replace(ONE, viewers={"a": 1}))
    await servers.record_heartbeat(replace(OTHER, viewers={"a": 2, "b": 1}))
    await servers.record_heartbeat(replace(OTHER, boot="third-1", viewers={"a": 3}))
    assert await servers.viewers_elsewhere("one-1") == {"a": 5, "b": 1}
    assert await servers.viewers_elsewhere("other-1") == {"a": 4}
    await servers.record_heartbeat(OTHER)
    await servers.remove_server("third-1")
    assert await servers.viewers_elsewhere("one-1") == {}


async def test_a_trial_leaves_nothing_and_clears_away_one_that_was_left() -> None:
    await servers.record_heartbeat(ONE)
    await Server.objects.acreate(boot=f"{TRIAL}0", pid=0)
    await database_thread.run(servers.write_probe)
    assert await boots() == ["one-1"]
    assert await servers.record_heartbeat(ONE) == []

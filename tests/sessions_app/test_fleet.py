"""Serving processes tell that they live and that they leave; nobody is told of a trial."""

from dataclasses import replace

import pytest

from sessions_app import fleet
from sessions_app.fleet import TRIAL, Process
from sessions_app.lane import lane
from sessions_app.models import Server

pytestmark = pytest.mark.django_db(transaction=True)

ONE = Process("one-1", "here", 1, "http://127.0.0.1:1", "/run/one", "a", "serving", 0)
OTHER = replace(ONE, boot="other-1", pid=2)
AGAIN = replace(ONE, boot="one-2", pid=3)


async def boots() -> list[str]:
    return sorted([row["boot"] for row in await lane.run(fleet.servers, "one-1")])


async def test_who_leaves_is_told_of_no_more_and_did_not_die() -> None:
    for process in (ONE, OTHER):
        assert await fleet.beat(process) == []
    assert await boots() == ["one-1", "other-1"]
    await fleet.leave(ONE.boot)
    assert await boots() == ["other-1"]
    await fleet.leave(ONE.boot)  # nobody minds
    assert await fleet.beat(OTHER) == []
    assert await fleet.beat(AGAIN) == []


async def test_who_died_is_told_of_once_to_the_next_on_its_directory() -> None:
    for process in (ONE, OTHER):
        await fleet.beat(process)
    assert await fleet.beat(AGAIN) == ["one-1"]
    assert await fleet.beat(AGAIN) == []
    assert await boots() == ["one-2", "other-1"]


async def test_a_trial_leaves_nothing_and_clears_away_one_that_was_left() -> None:
    await fleet.beat(ONE)
    await Server.objects.acreate(boot=f"{TRIAL}0", pid=0)
    await lane.run(fleet.try_to_write)
    assert await boots() == ["one-1"]
    assert await fleet.beat(ONE) == []

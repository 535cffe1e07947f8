"""A server with limits prunes by itself; one without leaves everything alone."""

import asyncio
from typing import Any

import pytest

from playback_app.pruning import prune_daily
from sessions_app.models import Recording
from tests.patience import PATIENCE_SECONDS
from tests.playback_app.kept import keep_recording
from tests.sessions_app.kept import the_owner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old() -> Recording:
    return keep_recording(the_owner(), "hola")


async def test_what_is_too_old_goes_as_soon_as_the_server_starts(
    old: Recording, settings: Any
) -> None:
    settings.HABLA = settings.HABLA | {"KEEP_RECORDINGS_DAYS": "1"}
    chore = asyncio.create_task(prune_daily())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await Recording.objects.aexists():  # noqa: ASYNC110 -- rows tell nobody
            await asyncio.sleep(0.01)
    assert not chore.done()
    chore.cancel()
    await asyncio.wait({chore})


async def test_without_limits_there_is_nothing_to_do(old: Recording) -> None:
    await prune_daily()
    assert await Recording.objects.acount() == 1

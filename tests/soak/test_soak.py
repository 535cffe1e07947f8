"""The soak in its short form; `make soak` runs the long one."""

from pathlib import Path

import pytest

from tests.server.conftest import data_dir, migrated
from tests.soak.crowd import GROWTH_MEGABYTES, outcome, soak

__all__ = ["data_dir", "migrated"]

pytestmark = pytest.mark.alone
SESSIONS, STAGE = 300, 100


async def test_three_hundred_sessions_that_end_in_every_way_leave_nothing(data_dir: Path) -> None:
    """Memory is compared with what it was after the first hundred."""
    looks = [look async for look in soak(data_dir, SESSIONS, stage=STAGE)]
    assert outcome(data_dir, SESSIONS).problems == []
    assert max(look.megabytes for look in looks) - looks[0].megabytes <= GROWTH_MEGABYTES

"""The short form of `make bench-quality`: forty clips of real people, by real Whisper base.

It judges words and languages only: a latency would say, while other tests run, how busy the machine
is. Where weights or speech cannot be had it is skipped, and says why.
"""

from pathlib import Path

import pytest

from benches.quality import short
from benches.quality.cache import UnavailableError
from benches.quality.figures import judged
from benches.quality.transcribing import transcribing
from benches.quality.weights import weights
from tests.environment import WITH_NETWORK

FETCHING_AND_HEARING_SECONDS = 1_200


@pytest.fixture
async def whisper_base(monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in WITH_NETWORK.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    try:
        short.clips()
        return await weights()
    except UnavailableError as error:
        pytest.skip(f"no real speech is heard here: {error}")


@pytest.mark.quality
@pytest.mark.timeout(FETCHING_AND_HEARING_SECONDS)
async def test_forty_clips_are_heard_as_well_as_ever(whisper_base: Path) -> None:
    async with transcribing(whisper_base) as habla:
        found = judged(short.FORM, await short.measure(habla), was_quiet=False)
    assert [figure.target for figure in found if not figure.target] == []
    worse = [figure for figure in found if not figure.is_reached]
    assert [f"{one.name}: {one.value:.2f}, not {one.target}" for one in worse] == []

"""A file through the pipeline in this process: what was found is returned, whatever ends it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions_app.core.errors import DecodeError
from sessions_app.core.events import Direction, Exchange, Manner, Mode
from sessions_app.engines import scheduler
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.live.generations import Generation
from sessions_app.live.offline import OfflineResult, hear_file, opened
from tests.engines.processes import children_of
from tests.house import eventually
from tests.lifecycle.engines import STUCK
from tests.sounds import say, silence, wav

AUTO = Manner(Direction.AUTO, Mode.CONVERSATION)
LONG = (say("hola mundo") + silence(1)) * 40


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Generation]:
    fake = EngineChoice("fake")
    async with opened(EngineSettings(fake, fake, fake, tmp_path), lambda *_: None) as generation:
        yield generation


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(content)
    return path


async def test_what_came_before_the_decoder_died_is_found_and_why_it_is_not_all(
    engines: Generation, tmp_path: Path
) -> None:
    of_other_tests = set(children_of(os.getpid()))

    def kill_decoder(seconds: float) -> None:
        if seconds > 10:
            for child in set(children_of(os.getpid())) - of_other_tests:
                os.kill(child, signal.SIGKILL)

    result = OfflineResult()
    await hear_file(file_of(tmp_path, wav(LONG)), engines, AUTO, result, heard=kill_decoder)
    assert result.problem is not None
    assert result.account.unfinished == 0
    assert 5 < len(result.exchanges) < 40
    assert {exchange.translated for exchange in result.exchanges} == {"hello world"}


@pytest.mark.slow
async def test_a_piece_that_no_engine_answers_in_time_is_named_and_the_next_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(scheduler, "PATIENCE_FACTOR", 0.0)
    fake, stuck = EngineChoice("fake"), EngineChoice(STUCK)
    sound = say("hola") + silence(1) + say("agua") + silence(1) + say("gracias")
    result = OfflineResult()
    async with opened(EngineSettings(stuck, fake, fake, tmp_path), lambda *_: None) as engines:
        await hear_file(file_of(tmp_path, wav(sound)), engines, AUTO, result)
    assert [said.source for said in result.exchanges] == ["hola", "gracias"]
    (failure,) = result.failures
    assert (failure.about, failure.message) == (2, "The transcriber did not answer in time.")
    assert 0.8 < result.begins[2] < 1.3 < result.ends[2] < 2


async def test_where_nothing_can_be_read_that_is_raised_as_it_is(
    engines: Generation, tmp_path: Path
) -> None:
    with pytest.raises(DecodeError, match="cannot be read"):
        await hear_file(file_of(tmp_path, b"noise"), engines, AUTO, OfflineResult())


async def test_whoever_breaks_off_has_what_was_found_so_far(
    engines: Generation, tmp_path: Path
) -> None:
    path = file_of(tmp_path, wav(LONG))

    def tell(exchange: Exchange) -> None:
        if exchange.utterance_id == 3:
            hearing.cancel()

    result = OfflineResult(told=tell)
    hearing = asyncio.create_task(hear_file(path, engines, AUTO, result))
    with pytest.raises(asyncio.CancelledError):
        await hearing
    assert [exchange.source for exchange in result.exchanges][:3] == ["hola mundo"] * 3
    assert len(result.exchanges) < 40


async def test_a_bug_is_raised_as_it_is_and_not_in_a_group(
    engines: Generation, tmp_path: Path
) -> None:
    def heard(seconds: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hear_file(file_of(tmp_path, wav(LONG)), engines, AUTO, OfflineResult(), heard=heard)


@pytest.mark.slow
async def test_whoever_breaks_off_has_words_that_nobody_translated_yet(tmp_path: Path) -> None:
    fake, slow = EngineChoice("fake"), EngineChoice("fake", {"delay_seconds": 60})
    result = OfflineResult()
    path = file_of(tmp_path, wav(say("hola mundo")))
    async with opened(EngineSettings(fake, slow, fake, tmp_path), lambda *_: None) as engines:
        hearing = asyncio.create_task(hear_file(path, engines, AUTO, result))
        await eventually(lambda: result.account.utterances == 1)
        hearing.cancel()
        await asyncio.wait({hearing})
    assert [(said.source, said.failure) for said in result.exchanges] == [
        ("hola mundo", "translation_failed")
    ]

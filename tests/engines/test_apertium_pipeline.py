"""A pipeline answers each request with its own answer, and never outlives its owner."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions_app.engines.translation.apertium_modes import read_mode
from sessions_app.engines.translation.apertium_pipeline import PipelineKeeper
from tests.engines.processes import all_ended, children_of, watch
from tests.house import eventually

ECHO = [["cat"], ["cat"], ["cat"]]
HANGING = [["cat"], ["sleep", "60"]]


@pytest.fixture
async def echo() -> AsyncIterator[PipelineKeeper]:
    keeper = PipelineKeeper(ECHO)
    yield keeper
    await keeper.aclose()


def own_children() -> list[int]:
    return children_of(os.getpid())


async def test_each_of_many_requests_at_once_gets_its_own_answer(echo: PipelineKeeper) -> None:
    texts = [f"sentence {number}" for number in range(50)]
    assert await asyncio.gather(*map(echo.ask, texts)) == texts


async def test_the_stages_run_in_one_process_group_that_is_not_the_servers(
    echo: PipelineKeeper,
) -> None:
    before = own_children()
    await echo.ask("hola")
    groups = {os.getpgid(pid) for pid in set(own_children()) - set(before)}
    assert len(groups) == 1
    assert os.getpgid(0) not in groups


@pytest.mark.parametrize("stage", [0, 1, 2])
async def test_the_death_of_any_stage_costs_no_answer(echo: PipelineKeeper, stage: int) -> None:
    before = own_children()
    await echo.ask("hola")
    stages = sorted(set(own_children()) - set(before))
    os.kill(stages[stage], signal.SIGKILL)
    assert await echo.ask("mundo") == "mundo"
    await eventually(lambda: not set(stages) & set(own_children()))  # killed, then reaped


async def test_an_empty_record_of_a_dying_pipeline_is_not_taken_for_an_answer() -> None:
    flushes_and_dies = [["sh", "-c", r"head -c 1 >/dev/null; printf '\0'"]]
    keeper = PipelineKeeper(flushes_and_dies)
    with pytest.raises(BrokenPipeError):
        await keeper.ask("hola")
    await keeper.aclose()


async def test_a_program_that_is_not_there_breaks_the_pipeline() -> None:
    keeper = PipelineKeeper([["cat"], ["no-such-program-of-apertium"]])
    with pytest.raises((BrokenPipeError, FileNotFoundError)):
        await keeper.ask("hola")
    await keeper.aclose()


async def test_a_cancelled_request_does_not_give_its_answer_to_the_next(
    echo: PipelineKeeper,
) -> None:
    before = own_children()
    await echo.ask("ready")
    stages = set(own_children()) - set(before)
    os.kill(max(stages), signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(echo.ask("abandoned"), 0.1)
    assert await echo.ask("next") == "next"
    await eventually(lambda: not stages & set(own_children()))  # killed, then reaped


async def test_a_request_cancelled_while_it_waits_its_turn_harms_nobody(
    echo: PipelineKeeper,
) -> None:
    asked = [asyncio.create_task(echo.ask(f"{number}")) for number in range(6)]
    asked[3].cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [a for a in answers if isinstance(a, str)] == ["0", "1", "2", "4", "5"]


async def test_closing_leaves_no_process_and_may_be_done_twice() -> None:
    before = own_children()
    keeper = PipelineKeeper(ECHO)
    await keeper.ask("hola")
    await keeper.aclose()
    await keeper.aclose()
    assert own_children() == before


async def test_closing_ends_a_request_at_work_and_those_that_wait() -> None:
    before = own_children()
    keeper = PipelineKeeper(HANGING)
    asked = [asyncio.create_task(keeper.ask("hola")) for _ in range(3)]
    await asyncio.wait(asked, timeout=0.2)
    await keeper.aclose()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(end) for end in ends} == {BrokenPipeError}
    assert own_children() == before


@pytest.mark.parametrize("cut_seconds", [0, 0.002, 0.005, 0.01, 0.02])
async def test_a_start_that_is_cut_short_leaves_no_process(cut_seconds: float) -> None:
    before = own_children()
    keeper = PipelineKeeper(ECHO * 3)
    asked = asyncio.create_task(keeper.ask("hola"))
    await asyncio.wait([asked], timeout=cut_seconds)
    asked.cancel()
    await asyncio.wait([asked])
    await keeper.aclose()
    assert own_children() == before


OWNER = """
import asyncio, sys
from sessions_app.engines.translation.apertium_pipeline import ApertiumPipeline

async def main():
    pipeline = ApertiumPipeline([["sleep", "60"], ["sleep", "60"]])
    await pipeline.start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_processes_that_do_not_read_their_input_die_with_an_owner_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        stages = watch(children_of(owner.pid))
        owner.kill()
    assert len(stages) == 2
    assert all_ended(stages, within_seconds=5)


def stages(tmp_path: Path, text: str) -> Sequence[Sequence[str]]:
    path = tmp_path / "x.mode"
    path.write_text(text, encoding="utf-8")
    return read_mode(path)


def test_a_mode_is_read_as_programs_that_flush_and_mark_nothing(tmp_path: Path) -> None:
    mode = "lt-proc '/a b/x.bin' | apertium-tagger -g $2 '/x.prob' | lt-proc $1 '/g.bin'\n"
    assert stages(tmp_path, mode) == [
        ["lt-proc", "-z", "/a b/x.bin"],
        ["apertium-tagger", "-z", "-g", "/x.prob"],
        ["lt-proc", "-z", "-n", "/g.bin"],
    ]


SLOW = r"""
import os, time
rest = b""
while chunk := os.read(0, 4096):
    rest += chunk
    while b"\0" in rest:
        record, _, rest = rest.partition(b"\0")
        time.sleep(0.2)
        os.write(1, record + b"\0")
"""


@pytest.mark.slow
async def test_the_time_of_a_request_begins_with_its_turn() -> None:
    keeper = PipelineKeeper([[sys.executable, "-c", SLOW]])
    await keeper.ask("ready")
    asked = [keeper.ask(f"{number}", seconds=0.9) for number in range(6)]
    assert await asyncio.gather(*asked) == [f"{number}" for number in range(6)]
    with pytest.raises(TimeoutError):
        await keeper.ask("too slow", seconds=0.05)
    await keeper.aclose()

"""A session's line: chunks and work in their order; whoever waits there is let go at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import CommandError, EngineError, GuestEndedError
from sessions_app.core.events import Direction, Event, Exchange, Failure, Manner, Mode
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.live.generations import Generation
from sessions_app.live.line import intake
from sessions_app.live.offline import opened
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.live.states import State
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance
from sessions_app.protocol import StartListening, TextInput
from sessions_app.recording.recorder import Recorder
from sessions_app.store.row_owner import RowOwner
from tests.sounds import say

PCM = StartListening(type="start_listening", encoding=Encoding.PCM_S16LE, sample_rate=16_000)
WEBM = StartListening(type="start_listening", encoding=Encoding.WEBM_OPUS, sample_rate=16_000)
MANNER = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)
HOLA = say("hola")


class Line:
    """The line of a session without a client, and its worker."""

    def __init__(self, generation: Generation) -> None:
        self.told: list[Event] = []
        self.context = SessionContext(self.emit, self.keep, MANNER)
        recorder = Recorder(RowOwner(uuid4(), "here-1"), 1, None, self.emit)
        self.pipeline = SessionPipeline(
            generation, self.context, recorder, self.become, lambda: None
        )
        self.intake = self.pipeline.intake
        self.states: list[State] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def emit(self, event: Event) -> None:
        self.told.append(event)

    async def keep(self, exchange: Exchange, utterance: Utterance) -> Exchange:
        return exchange

    def become(self, state: State) -> None:
        self.states.append(state)

    def work(self) -> None:
        """Start its worker."""
        self.tasks = [asyncio.create_task(work) for work in self.pipeline.workers().values()]

    async def close(self) -> None:
        """End it, as a session does."""
        for task in self.tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self.tasks)
        await self.pipeline.keep_rest()
        await self.pipeline.close()

    async def listen(self) -> None:
        await self.intake.start(PCM)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    fake = EngineChoice("fake")
    async with opened(EngineSettings(fake, fake, fake, tmp_path), lambda *_: None) as generation:
        line = Line(generation)
        yield line
        await line.close()


async def nothing() -> None:
    """A turn that does nothing."""


async def test_work_has_its_turn_among_the_chunks_and_gives_what_it_returns(line: Line) -> None:
    async def told() -> int:
        return len(line.told)

    before = line.intake.perform(told)
    assert line.intake.feed(HOLA)  # without listening, which is an error
    after = line.intake.perform(told)
    line.work()
    assert (await before, await after) == (0, 1)


async def test_what_work_raises_goes_to_whoever_awaits_it_and_else_to_the_client(
    line: Line,
) -> None:
    async def fail() -> None:
        raise EngineError("It failed.")

    line.work()
    with pytest.raises(EngineError, match="It failed"):
        await line.intake.perform(fail)
    assert line.told == []
    line.intake.perform(fail)
    await line.intake.perform(nothing)
    assert line.told == [Failure("engine_failed", "It failed.")]


async def test_where_too_much_waits_nobody_is_let_into_the_line(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(intake.ITEMS_WAITING):
        line.intake.perform(nothing)
    with pytest.raises(CommandError) as refused:
        line.intake.perform(nothing)
    assert refused.value.code == "busy"
    line.work()
    await line.intake.inbox.join()
    await line.intake.perform(nothing)


async def test_whoever_waits_in_line_is_let_go_when_the_session_ends(line: Line) -> None:
    forever = asyncio.Event()
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await forever.wait()

    async def wait_for(turn: object) -> None:
        with pytest.raises(GuestEndedError):
            await turn  # type: ignore[misc]

    in_hand, in_line = line.intake.perform(hang), line.intake.perform(nothing)
    line.intake.perform(nothing)  # nobody awaits this one, or is told of its end
    waiting = [asyncio.create_task(wait_for(turn)) for turn in (in_hand, in_line)]
    await asyncio.sleep(0)
    line.work()
    await begun.wait()
    await line.close()
    await asyncio.gather(*waiting)
    with pytest.raises(CommandError) as refused:
        line.intake.perform(nothing)
    assert refused.value.code == "not_ready"


async def test_who_awaits_the_line_only_after_its_end_is_let_go_too(line: Line) -> None:
    turn = line.intake.perform(nothing)
    await line.close()
    assert isinstance(await _await(turn), GuestEndedError)


async def test_work_in_the_line_that_would_wait_for_itself_is_told_so(line: Line) -> None:
    async def wait_for_itself() -> None:
        await line.intake.perform(nothing)

    line.work()
    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="cannot await its own line"):
            await line.intake.perform(wait_for_itself)
        await line.intake.perform(nothing)


async def test_who_is_let_go_before_its_turn_has_nothing_done(line: Line) -> None:
    done: list[str] = []

    async def note() -> None:
        done.append("it")

    turn = line.intake.perform(note)
    waiting = asyncio.create_task(_await(turn))
    await asyncio.sleep(0)
    turn.withdraw(GuestEndedError())
    line.work()
    await line.intake.perform(nothing)
    assert isinstance(await waiting, GuestEndedError)
    assert done == []


async def test_a_stream_with_a_hole_is_stopped_even_if_there_was_no_room_to_stop_it(
    line: Line,
) -> None:
    line.work()
    await line.intake.perform(lambda: line.intake.start(WEBM), command=WEBM)
    while True:
        try:
            line.intake.perform(nothing)
        except CommandError:
            break
    assert not line.intake.feed(b"lost")
    await line.intake.inbox.join()
    assert not line.intake.feed(b"after the hole")
    await line.intake.inbox.join()
    assert [(f.code, f.about) for f in line.told if isinstance(f, Failure)] == [
        ("overrun", "start_listening")
    ]
    assert not line.intake.is_listening


async def test_a_bug_in_a_command_is_told_with_what_it_is_about(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down() -> None:
        raise KeyError("/srv/secret")

    line.work()
    typed = TextInput(type="text_input", text="Hola.", speaker_id=None)
    line.intake.perform(break_down, command=typed)
    await line.intake.perform(nothing)
    message = "Something went wrong with this command."
    assert line.told == [Failure("internal", message, about="text_input")]
    assert "a bug in the intake" in caplog.text


async def test_a_pipeline_that_is_closed_twice_counts_what_was_cut_off_once(line: Line) -> None:
    line.intake.perform(line.listen, command=PCM)
    line.intake.feed(HOLA)
    await line.close()
    account = line.context.account.copy()
    assert account.unfinished == account.received == count_samples(HOLA)
    await line.pipeline.close()
    await line.intake.close()
    assert line.context.account == account


async def _await(turn: object) -> Exception | None:
    try:
        await turn  # type: ignore[misc]
    except GuestEndedError as error:
        return error
    return None
